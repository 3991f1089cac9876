"""What an event changed, by field: the one reader of ``Event.changes``, whatever format it was recorded in."""

from typing import Any

from core.access import Actor
from core.events.log import Event
from core.resource import Resource

Pair = tuple[Any, Any]
"""Value before and after, see ``Event.changes``."""
PARTS = frozenset({"lines", "position"})
"""What changes of a resource name besides its fields: texts, or lists of them."""


def visible_changes(event: Event, resource: Resource, actor: Actor) -> dict[str, Pair]:
    """Return field name → (before, after), of what exists for ``actor``.

    Format 1 named columns where a service wrote a column, e.g. ``owner_id`` for ``owner``. Values are left as they are:
    a number is a stored value in both formats; a text of format 1 may stand for one, e.g. "12.50" for 1250 cents.

    Args:
        event: Of a row of ``resource``.
        actor: Who reads it: fields confidential to others are left out.
    """
    fields = resource.fields_for(actor)
    names = {field.name: field.name for field in fields} | {name: name for name in PARTS}
    if event.format == 1:
        names = {field.stored.name: field.name for field in fields} | names
    return {
        names[name]: (pair[0], pair[1])
        for name, pair in event.changes.items()
        if name in names and isinstance(pair, list | tuple) and len(pair) == 2
    }
