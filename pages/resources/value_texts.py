"""Values as people read them, from the form in which rows, events and JSON carry them."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args

from core.i18n import N_, _
from core.kinds.kind import Kind
from core.resource import Field, Resource
from models.regions.resolving import region
from pages.components.base.design_tokens import Tone
from pages.components.layout.content import MINUS, money_text
from pages.components.layout.records import instant_text

ACTOR = "actor"
"""Name of the field that says who acted, see ``core.events.log.Event.actor``."""
_MOBILE = re.compile(r"(1\d{2})(\d{4})(\d{4})")
NOBODY: dict[str, str] = {
    "command line": N_("Command line"),
    "worker": N_("Background job"),
    "set-up": N_("Set-up"),
    "sign-in": N_("Sign-in page"),
    "applicant": N_("Applicant"),
    "visitor": N_("Visitor"),
}
"""Actors that are no person of a name, see ``core.access.Actor.name``."""
_TONES: dict[str, Tone] = {**{tone: tone for tone in get_args(Tone)}, "progress": "running"}


def value_text(kind: Kind, value: Any, title: str = "") -> str:
    """Return a dumped value as people read it; "" for none.

    Args:
        kind: Of the field.
        value: As ``Kind.dump`` gives it.
        title: Of what a reference leads to.
    """
    if value is None or value == "":
        return ""
    if kind.choices:
        return _(kind.label_of(str(value)))
    if kind.reference is not None:
        return title or str(value)
    form = _FORMS.get(kind.name)
    return form(value) if form else str(value)


def who_text(actor: str) -> str:
    """Return who acted, as people read it."""
    return _(NOBODY[actor]) if actor in NOBODY else actor


def status_field(resource: Resource, fields: Sequence[Field]) -> Field | None:
    """Return the field that says where a row is in its life, if the resource has one among ``fields``."""
    return next((field for field in fields if field.name in {"status", "stage"} and field.kind.choices), None)


def chip_tone(kind: Kind, value: Any) -> Tone | None:
    """Return the colour of a choice; None if its choices are all alike and need no chip."""
    tone = next((choice.tone for choice in kind.choices if choice.value == value), "")
    return tone_named(tone)


def tone_named(name: str) -> Tone | None:
    """Return the tone that a table of labels names; None if it names none."""
    return _TONES.get(name)


def row_title(resource: Resource, row: dict[str, Any]) -> str:
    """Return what a row is called: its name, else its key."""
    if row.get("name"):
        return str(row["name"])
    keys = [
        value_text(resource.field(name).kind, row.get(name), row.get(f"{name}__title") or "") for name in resource.keys
    ]
    return " · ".join(filter(None, keys)) or str(row["_key"])


def add_titles(fields: Iterable[Field], rows: Iterable[dict[str, Any]]) -> None:
    """Give rows ``<name>__title`` where people read another word: of regions, shares, choices without colours, who."""
    named = [
        field
        for field in fields
        if field.kind.name in {"region", "rate"} or (field.kind.choices and not _has_tones(field.kind))
    ]
    for row in rows:
        for field in named:
            if row.get(field.name):
                row[f"{field.name}__title"] = value_text(field.kind, row[field.name])
        if row.get(ACTOR) in NOBODY:
            row[f"{ACTOR}__title"] = who_text(row[ACTOR])


def _has_tones(kind: Kind) -> bool:
    return any(choice.tone for choice in kind.choices)


def _yuan(value: Any) -> str:
    amount = Decimal(str(value))
    whole = f"{abs(amount):,.4f}".rstrip("0")
    decimals = whole.partition(".")[2]
    return f"{MINUS if amount < 0 else ''}¥{whole}{'0' * (2 - len(decimals))}"


def _money(value: Any) -> str:
    return money_text(int(Decimal(str(value)) * 100))


def _share(value: Any) -> str:
    return f"{(Decimal(str(value)) * 100).normalize():f}%"


def _number(value: Any) -> str:
    return f"{int(value):,}".replace("-", MINUS)


def _instant(value: Any) -> str:
    return instant_text(datetime.fromisoformat(str(value)))


def _region(value: Any) -> str:
    found = region(str(value))
    return found.full_name if found else str(value)


def _phone(value: Any) -> str:
    mobile = _MOBILE.fullmatch(str(value))
    return " ".join(mobile.groups()) if mobile else str(value)


def _tags(value: Any) -> str:
    return "、".join(value if isinstance(value, list) else str(value).split(";"))


_FORMS: dict[str, Callable[[Any], str]] = {
    "money": _money,
    "unit_price": _yuan,
    "rate": _share,
    "integer": _number,
    "instant": _instant,
    "region": _region,
    "phone": _phone,
    "tags": _tags,
}
