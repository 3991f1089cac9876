"""What happened to a row, as people read it: who, what, when, through which door, each field before and after."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.events.changes import Pair, visible_changes
from core.events.log import Event
from core.events.queries import events_of
from core.i18n import N_, _
from core.kinds.kind import Reference
from core.queries.lookups import titles_of
from core.resource import Field, Resource
from core.settings import settings
from pages.components.layout.records import Change, TimelineEntry
from pages.resources.value_texts import value_text, who_text
from resources.events import ACTIONS, EVENTS
from services.accounts.users import people_names

HISTORY_MAX = 50
Changes = Mapping[str, Pair]
Titles = dict[tuple[str, int | str], str]
"""(Resource, number of a row or e-mail of a person) → how people call it."""

PART_LABELS: dict[str, str] = {"lines": N_("Lines"), "position": N_("Position")}
"""Of ``core.events.changes.PARTS``."""
NOTES = ("reason", "note")


def history_of(session: Session, resource: Resource, key: str, most: int = HISTORY_MAX) -> list[TimelineEntry]:
    """Return the last things that happened to a row, the newest first, as far as the session's actor may know."""
    return timeline_entries(session, resource, events_of(session, resource.name, key, most))


def timeline_entries(session: Session, resource: Resource, events: Sequence[Event]) -> list[TimelineEntry]:
    """Return events of one resource as people read them; what is confidential to others is left out."""
    actor = actor_of(session)
    fields = {field.name: field for field in resource.fields_for(actor)}
    changes = [visible_changes(one, resource, actor) for one in events]
    titles = _titles(session, fields, changes)
    return [_told(one, pairs, fields, titles) for one, pairs in zip(events, changes, strict=True)]


def action_text(action: str) -> str:
    """Return what somebody did, as people read it in the history of the row."""
    known = ACTIONS.get(action)
    return action if known is None else _(known.verb or known.label)


def source_text(source: str, batch_id: int | None = None) -> str:
    """Return through which door something came, as people read it."""
    label = _(EVENTS.field("source").kind.label_of(source))
    return _("{label} #{number}", label=_("Import"), number=batch_id) if batch_id else label


def _told(event: Event, changes: Changes, fields: dict[str, Field], titles: Titles) -> TimelineEntry:
    notes = [str(event.data[name]) for name in NOTES if event.data.get(name)]
    return TimelineEntry(
        who=who_text(event.actor),
        what=action_text(event.action),
        at=event.at,
        note="；".join(notes),
        source=source_text(event.source, event.batch_id),
        tone=ACTIONS[event.action].tone if event.action in ACTIONS else "",
        changes=[_change(name, pair, fields, titles) for name, pair in changes.items()],
    )


def _change(name: str, pair: Pair, fields: dict[str, Field], titles: Titles) -> Change:
    if name in PART_LABELS:
        before, after = (", ".join(map(str, value)) if isinstance(value, list) else str(value or "") for value in pair)
        return Change(_(PART_LABELS[name]), before, after)
    field = fields[name]
    before, after = (_stored_text(field, value, titles) for value in pair)
    return Change(_(field.label), before, after)


def _stored_text(field: Field, value: Any, titles: Titles) -> str:
    """Return a value of an event as people read it; a text of an amount or a reference is of format 1."""
    kind = field.kind
    if kind.person is not None and (kind.person.resource, value) in titles:
        return titles[kind.person.resource, value]
    if kind.reference is not None:
        if isinstance(value, int):
            return titles.get((kind.reference.resource, value), f"#{value}")
        return str(value or "")
    stored = isinstance(value, int) and not isinstance(value, bool)
    return value_text(kind, kind.dump(value) if stored else value)


def _titles(session: Session, fields: dict[str, Field], changes: Sequence[Changes]) -> Titles:
    """Return how people call the rows that changes of references name by number, one query for each resource."""
    wanted: dict[str, tuple[Reference, set[int]]] = {}
    for name, pair in (one for pairs in changes for one in pairs.items()):
        reference = fields[name].kind.reference if name in fields else None
        if reference is not None:
            numbers = {value for value in pair if isinstance(value, int)}
            wanted.setdefault(reference.resource, (reference, set()))[1].update(numbers)
    found: Titles = {}
    for resource, (reference, numbers) in wanted.items():
        found |= {(resource, number): title for number, title in titles_of(session, reference, numbers).items()}
    return found if actor_of(session).is_brand else found | _names(session, fields, changes)


def _names(session: Session, fields: dict[str, Field], changes: Sequence[Changes]) -> Titles:
    """Return what partners read in place of the e-mails of people: their names, or the brand's."""
    persons: dict[str, str] = {}
    for name, pair in (one for pairs in changes for one in pairs.items()):
        reference = fields[name].kind.person if name in fields else None
        if reference is not None:
            persons |= {value: reference.resource for value in pair if isinstance(value, str) and "@" in value}
    names = people_names(session, persons)
    return {(resource, person): names.get(person, settings().brand_name) for person, resource in persons.items()}
