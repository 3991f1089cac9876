"""Modal elements: confirmation dialogs and drawers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nicegui import ui

from core.i18n import _, current_language, use_language
from pages.components.base.buttons import button
from pages.components.base.elements import Tag
from pages.components.forms.fields import text_field
from pages.components.forms.reasons import reason_field, reason_problem


async def confirm(
    title: str,
    sentence: str,
    *,
    yes: str,
    danger: bool = False,
    type_to_confirm: str = "",
    reason: str = "",
    inputs: Callable[[], Callable[[], bool]] | None = None,
) -> str | None:
    """Confirmation dialog; return ``None`` for no, otherwise the reason ("" if none was required).

    Args:
        title: Names the thing and the number: "Reject 12 orders?".
        sentence: What will happen, and whether it can be undone.
        yes: The verb on the button: "Reject".
        type_to_confirm: What must be typed first; only for what cannot be undone.
        reason: Label of a reason that must be given, "" for none.
        inputs: Draws what else is stated and returns what says whether it is right, showing beside it what is not.
    """
    language = current_language()
    with ui.dialog() as dialog, Tag("div", css="qd-dialog") as box:
        heading = Tag("h2", title)
        box.put(role="document")
        dialog.props["aria-labelledby"] = heading.html_id
        with Tag("div", css="qd-dialog-body"):
            Tag("p", sentence)
            word = _("Type “{word}” to go on", word=type_to_confirm)
            typed = text_field("confirm", word) if type_to_confirm else None
            are_right = inputs() if inputs else lambda: True
            given = reason_field(reason) if reason else None

        @use_language(language)
        def agree() -> None:
            if typed and str(typed.value).strip() != type_to_confirm:
                typed.refuse(_("Type exactly “{word}”", word=type_to_confirm))
            elif given and (problem := reason_problem(str(given.value).strip(), required=True)):
                given.refuse(problem.text)
            elif are_right():
                dialog.submit(str(given.value).strip() if given else "")

        with Tag("div", css="qd-dialog-bar"):
            button(_("Cancel"), lambda: dialog.submit(None), testid="action-cancel")
            button(yes, agree, look="danger" if danger else "primary", testid="action-confirm")
    answer = await dialog
    if not dialog.is_deleted:  # the browser may have gone with the question open
        dialog.delete()
    return None if answer is None else str(answer)


@contextmanager
def drawer(title: str) -> Iterator[Callable[[], None]]:
    """Draw a closed drawer at the right edge and return the function that opens it.

    Example:
        ``with drawer(_("Columns")) as show: ...`` and ``button(_("Columns"), show)``.
    """
    with ui.dialog().props("position=right maximized") as dialog, Tag("div", css="qd-drawer"):
        with Tag("div", css="qd-drawer-head"):
            heading = Tag("h2", title)
            button(_("Close"), dialog.close, look="quiet", icon="close", icon_only=True)
        dialog.props["aria-labelledby"] = heading.html_id
        with Tag("div", css="qd-drawer-body"):
            yield lambda: _open(dialog)


def _open(dialog: ui.dialog) -> None:
    dialog.open()
