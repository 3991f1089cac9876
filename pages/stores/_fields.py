"""What a person states about a store beside its position: the inputs, what is missing in them, and their draft."""

from collections.abc import Callable, Mapping
from typing import Any

from core.access import Actor
from core.i18n import _
from core.kinds.standard import CODE_LENGTH_MAX, NAME_LENGTH_MAX, NOTE_LENGTH_MAX
from pages.components.forms.fields import FormField, search_field, show_problems, text_field
from pages.components.layout.content import form
from pages.stores._queries import find_partners

NEEDED = ("name", "phone")
PHONE_LENGTH_MAX = 40  # as people type it, with spaces and brackets


class StatementFields:
    """The inputs.

    Args:
        actor: The signed-in user; None with an invite, which needs fewer fields.
        on_change: Called when anything is stated.
    """

    def __init__(self, actor: Actor | None, on_change: Callable[[], None]) -> None:
        self._actor = actor
        self._on_change = on_change
        self.fields: dict[str, FormField] = {}

    def draw(self) -> None:
        """Draw them."""
        street = _("Street and number, as customers find it")
        with form():
            self._text("name", _("Store name"), NAME_LENGTH_MAX, required=True)
            self._text("address", _("Address"), NOTE_LENGTH_MAX, hint=street)
            self._text("contact", _("Contact"), NAME_LENGTH_MAX)
            self._text("phone", _("Phone"), PHONE_LENGTH_MAX, required=True)
            if self._actor is not None:
                brand, own = _("Empty: the brand itself"), _("Empty: your own company")
                hint = brand if self._actor.is_brand else own
                self.fields["partner"] = search_field(
                    "partner", _("Supplied by"), find_partners, on_change=self._on_change, hint=hint
                )
                self._text("code", _("Store code"), CODE_LENGTH_MAX, hint=_("Empty: the next number"))
            self._text("note", _("Note"), NOTE_LENGTH_MAX)
        self.fields["phone"].control.props("inputmode=tel autocomplete=tel")

    @property
    def stated(self) -> dict[str, str]:
        """Name to text of every input."""
        return {name: str(field.value or "").strip() for name, field in self.fields.items()}

    def missing(self) -> list[str]:
        """Show what is missing beside its inputs, and return the sentences."""
        return self.refuse({name: _("is needed") for name in NEEDED if not self.stated[name]})

    def refuse(self, problems: Mapping[str, str]) -> list[str]:
        """Show problems (field name to sentence) beside their inputs; return those that have one, with its label."""
        show_problems(self.fields, problems)
        return [
            _("{label}: {problem}", label=self.fields[name].label, problem=sentence)
            for name, sentence in problems.items()
            if name in self.fields
        ]

    def state(self) -> dict[str, Any]:
        """Return what is stated, for a draft."""
        found: dict[str, Any] = {"fields": self.stated}
        partner = self.fields.get("partner")
        if partner is not None and partner.value:
            select: Any = partner.control
            found["partner_label"] = select.options.get(partner.value, "")
        return found

    def resume(self, state: Mapping[str, Any]) -> bool:
        """State again what a draft held; return whether there was anything."""
        fields = state.get("fields")
        stated = fields if isinstance(fields, dict) else {}
        for name, field in self.fields.items():
            text = stated.get(name)
            if not isinstance(text, str) or not text:
                continue
            if name == "partner":
                select: Any = field.control
                select.set_options({text: str(state.get("partner_label") or text)}, value=text)
            else:
                field.value = text[:NOTE_LENGTH_MAX]
        return any(self.stated.values())

    def _text(self, name: str, label: str, length: int, *, required: bool = False, hint: str = "") -> None:
        self.fields[name] = text_field(
            name, label, required=required, hint=hint, max_length=length, on_change=self._on_change
        )
