"""Changes that rows would make, with fields and values as people name them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from core.kinds.kind import Kind
from core.resource import Resource
from services.saving.lookups import look_up

Changes = Mapping[int, Mapping[str, Any]]


def readable_changes(session: Session, resource: Resource, changes: Changes) -> dict[int, Mapping[str, Any]]:
    """Return row number → field name → value before and after, as ``Kind.dump`` gives it.

    Args:
        session: The one in which the changes were made, not ended yet.
        resource: Whose rows.
        changes: Values as stored, see ``services.saving.plans.Saved``.
    """
    if not changes:
        return {}
    fields = {field.name: field for field in resource.stated_fields}
    keys = {name: _keys(session, field.kind, name, changes) for name, field in fields.items() if field.kind.reference}
    plain = {name for name, field in fields.items() if name not in keys and field.kind.style == "text"}
    shown: dict[int, Mapping[str, Any]] = {}
    for row, values in changes.items():
        shown[row] = {
            fields[name].name: pair
            if name in plain
            else [_outside(fields[name].kind, one, keys.get(name, {})) for one in pair]
            for name, pair in values.items()
            if name in fields
        }
    return shown


def _keys(session: Session, kind: Kind, name: str, changes: Changes) -> dict[int, str]:
    """Return number → key of the rows that changes of a reference lead from and to."""
    if kind.reference is None:
        return {}
    numbers = [value for values in changes.values() for value in values.get(name, ()) if isinstance(value, int)]
    found = look_up(session, kind.reference.key.class_.id, numbers, kind.reference.key)
    return {number: row[1] for number, row in found.items()}


def _outside(kind: Kind, value: Any, keys: Mapping[int, str]) -> Any:
    if kind.reference is not None:
        return keys.get(value, f"#{value}") if isinstance(value, int) else value
    return kind.dump(value) if isinstance(value, int) and not isinstance(value, bool) else value
