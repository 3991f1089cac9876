"""Inputs with a label above, a hint below and the problem tied to them; names and test ids follow ``field-NAME``."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.disableable_element import DisableableElement
from nicegui.elements.mixins.value_element import ValueElement
from nicegui.events import GenericEventArguments

from core.i18n import _
from pages.components.base.elements import Click, Tag
from pages.components.base.focus import focus_within

Change = Callable[[], Any]
"""Change handler: a function without arguments, or a coroutine function; read the new value from the field."""
Search = Callable[[str], Awaitable[Mapping[str, str]]]
"""Search function of a field: returns value → label for a typed text, best first, at most 50."""

_SEARCH_PAUSE_S = 0.15
_TIDY = "() => window.qudao.tidyListboxes()"
_DOWN = "M7.4 8.6L12 13.2l4.6-4.6L18 10l-6 6-6-6z"
_CLEAR = "M18.4 7L17 5.6l-5 5-5-5L5.6 7l5 5-5 5L7 18.4l5-5 5 5 1.4-1.4-5-5z"
"""Icons of a list as drawings: the font with the framework's icons weighs 130 KB, and nothing else of ours needs it."""


class FormField:
    """One input of a form.

    Attributes:
        name: Field name, as in a resource and in the ``fields`` of an error.
        label: What people read above it.
        control: The element that takes the input.
        box: The element around label, control, hint and problem.
    """

    def __init__(self, name: str, label: str, *, required: bool, hint: str, css: str) -> None:
        self.name = name
        self.label = label
        self.box = Tag("div", css=f"qd-field {css}".strip())
        self.control: ValueElement[Any]
        with self.box:
            self._label = Tag("label", label, "qd-label")
            if required:
                with self._label:
                    Tag("span", "*", "qd-required", role="img", aria_label=_("required"))
        self._required = required
        self._hint = hint

    def hold(self, control: ValueElement[Any], on_change: Change | None) -> None:
        """Take ``control``, made inside ``box``, as the input, and draw what stands below it."""
        self.control = control
        identity = f"{control.html_id}-{self.name}"
        control.props["for"] = identity
        control.props["data-testid"] = f"field-{self.name}"
        control.props["name"] = self.name
        if self._required and not (isinstance(control, ui.select) and "use-input" not in control.props):
            control.props["aria-required"] = "true"  # a plain list has no input that may carry it: its label says so
        self._label.put(for_=identity)
        with self.box:
            below = Tag("span", self._hint, "qd-hint", hidden=not self._hint)
            self._problem = Tag("span", "", "qd-problem", hidden=True, aria_live="polite")
        control.props["aria-describedby"] = f"{below.html_id} {self._problem.html_id}"
        if on_change:
            control.on_value_change(lambda _event: on_change())

    @property
    def value(self) -> Any:
        """The value: text as typed, a chosen value, ``True`` or ``False``; ``None`` or "" if nothing."""
        return self.control.value

    @value.setter
    def value(self, value: Any) -> None:
        self.control.value = value

    @property
    def problem(self) -> str:
        """The sentence shown under the input, "" if all is well."""
        return str(self._problem.text)

    def refuse(self, problem: str) -> None:
        """Show ``problem`` under the input; "" clears it."""
        self._problem.text = problem
        self._problem.put(hidden=not problem)
        self.box.put(data_invalid="true" if problem else None)
        self.control.props.set_optional("aria-invalid", "true" if problem else None)

    def focus(self) -> None:
        """Put the focus on the input, as soon as it is shown."""
        focus_within(self.box)

    def choose(self, value: str, label: str) -> None:
        """Choose ``value``, shown as ``label``, in a search field."""
        if isinstance(self.control, ui.select):
            self.control.set_options({value: label}, value=value)

    def resume(self, value: str, label: str) -> None:
        """Restore a value of a draft: an offered choice, a result of a search, or text."""
        if not isinstance(self.control, ui.select) or value in self.control.options:
            self.value = value
        elif label and "use-input" in self.control.props:
            self.choose(value, label)

    @property
    def chosen_label(self) -> str:
        """Label of the chosen value; "" if nothing is."""
        options = self.control.options if isinstance(self.control, ui.select) else {}
        return str(dict(options).get(self.value, "")) if self.value else ""

    def enable(self, enabled: bool = True) -> None:
        """Make the input editable or read-only."""
        if isinstance(self.control, DisableableElement):
            self.control.set_enabled(enabled)


def text_field(
    name: str,
    label: str,
    value: str = "",
    *,
    required: bool = False,
    hint: str = "",
    placeholder: str = "",
    multiline: bool = False,
    secret: bool = False,
    wide: bool = False,
    max_length: int | None = None,
    on_change: Change | None = None,
    on_enter: Click | None = None,
) -> FormField:
    """Draw an input for one line of text, or several with ``multiline``; ``value`` of the field is a string."""
    field = FormField(name, label, required=required, hint=hint, css="qd-wide" if wide or multiline else "")
    with field.box:
        made = ui.textarea(value=value) if multiline else ui.input(value=value, password=secret)
    made.props("outlined dense autogrow" if multiline else "outlined dense")
    made.props.set_optional("placeholder", placeholder or None)
    made.props.set_optional("maxlength", max_length)
    field.hold(made, on_change)
    if on_enter:
        made.on("keydown.enter", on_enter, [])
    return field


def number_field(
    name: str,
    label: str,
    value: str = "",
    *,
    unit: str = "",
    sign: str = "",
    required: bool = False,
    hint: str = "",
    on_change: Change | None = None,
    on_enter: Click | None = None,
) -> FormField:
    """Draw an input for a number; ``value`` stays the text typed, so that no amount ever becomes a float.

    Args:
        unit: Shown behind, e.g. "箱"; ``sign`` in front, e.g. "¥".
    """
    field = FormField(name, label, required=required, hint=hint, css="qd-field-number")
    with field.box:
        made = ui.input(value=value, prefix=sign or None, suffix=unit or None)
    made.props("outlined dense inputmode=decimal autocomplete=off")
    field.hold(made, on_change)
    if on_enter:
        made.on("keydown.enter", on_enter, [])
    return field


def date_field(
    name: str,
    label: str,
    value: str = "",
    *,
    required: bool = False,
    hint: str = "",
    on_change: Change | None = None,
) -> FormField:
    """Draw the browser's own date input; ``value`` is ISO, e.g. "2026-11-22", or ""."""
    field = FormField(name, label, required=required, hint=hint, css="")
    with field.box:
        made = ui.input(value=value).props("outlined dense type=date")
    field.hold(made, on_change)
    return field


def choice_field(
    name: str,
    label: str,
    choices: Mapping[str, str],
    value: str | None = None,
    *,
    required: bool = False,
    hint: str = "",
    clearable: bool = False,
    on_change: Change | None = None,
) -> FormField:
    """Draw a choice out of few; ``choices`` is value to label, in order."""
    field = FormField(name, label, required=required, hint=hint, css="")
    with field.box:
        made = ui.select(dict(choices), value=value, clearable=clearable)
    made.props("outlined dense options-dense hide-bottom-space")
    made.props.update({"dropdown-icon": _DOWN, "clear-icon": _CLEAR})
    made.on("popup-show", js_handler=_TIDY)
    field.hold(made, on_change)
    return field


def search_field(
    name: str,
    label: str,
    search: Search,
    value: str | None = None,
    *,
    value_label: str = "",
    required: bool = False,
    hint: str = "",
    on_change: Change | None = None,
) -> FormField:
    """Draw a searchable choice: ``search`` is called for each typed text, after a short pause.

    Args:
        value: Chosen now; ``value_label`` is its label.
    """
    field = FormField(name, label, required=required, hint=hint, css="")
    with field.box:
        made = ui.select({value: value_label or value} if value else {}, value=value, with_input=True, clearable=True)
        with made.add_slot("no-option"):
            nothing = Tag("div", _("Type to search"), "qd-nothing")
        made.props["placeholder"] = _("Type to search")
    made.props("outlined dense options-dense hide-bottom-space")
    made.props.update({"dropdown-icon": _DOWN, "clear-icon": _CLEAR})
    made.on("popup-show", js_handler=_TIDY)

    async def look(typed: object) -> None:
        text = str(typed or "").strip()[:100]
        found = dict(await search(text))
        nothing.text = _("Nothing found for “{text}”", text=text) if text else _("Type to search")
        kept = {made.value: made.options[made.value]} if made.value in made.options else {}
        made.set_options(found | kept)

    async def on_input(event: GenericEventArguments) -> None:
        await look(event.args)

    made.on("input-value", on_input, throttle=_SEARCH_PAUSE_S, leading_events=False)
    made.on("focus", lambda: look(""), [])
    field.hold(made, on_change)
    return field


def check_field(
    name: str, label: str, value: bool = False, *, hint: str = "", on_change: Change | None = None
) -> FormField:
    """Draw a yes-or-no question; ``value`` is a bool."""
    field = FormField(name, "", required=False, hint=hint, css="qd-field-check")
    field.label = label
    with field.box:
        made = ui.checkbox(label, value=value).props("dense")
    field.hold(made, on_change)
    return field


def show_problems(fields: Mapping[str, FormField], problems: Mapping[str, str]) -> list[str]:
    """Show each problem (field name to sentence) under its field, clear the others, and return what has no field.

    The focus goes to the first field that has a problem.
    """
    for name, field in fields.items():
        field.refuse(problems.get(name, ""))
    wrong = [field for name, field in fields.items() if problems.get(name)]
    if wrong:
        wrong[0].focus()
    return [sentence for name, sentence in problems.items() if name not in fields]
