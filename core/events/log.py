"""The audit trail: what happened, to what, by whom. Written in the same transaction as the change, never changed.

Triggers on both databases refuse to change or delete an event; on PostgreSQL the application role has no right to
do so either.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ColumnElement, Index, Select, String, event, insert, literal, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.access import Actor
from core.clock import now
from core.database.append_only import append_only
from core.database.bulk import insert_few, insert_rows
from core.database.columns import Id, Instant, PathKey
from core.database.operations import Operation
from core.database.paths import visible_within
from core.database.sessions import EVERYONE, NOBODY, Base, actor_of
from core.events.outbox import add_last_to_outbox, add_to_outbox, consumers_of
from core.permissions import Permission

FORMAT = 2
"""Of the events that are recorded now, see ``Event.format``."""


class Event(Base):
    """One thing that happened to one subject.

    Attributes:
        at: When. actor: who, as shown. person: who stands behind (see ``Actor.person``). source: through which door.
        action: ``<subject>.<past participle>``, e.g. ``order.approved``.
        subject: Resource name, e.g. "orders". subject_key: its key as people write it.
        path: Branch of the channel it belongs to, "" for the brand's own.
        changes: Field name to [before, after], stored values as JSON: cents, millionths, ISO dates, of a reference the
            number of the row.
        data: What else explains it, e.g. a note.
        batch_id: Import it came from.
        format: 2; 1 = of before, read through ``core.events.changes`` only: ``changes`` may name columns and hold
            texts in place of stored values, ``subject_version`` and ``created_values`` are None.
        subject_version: Version of the row after the event; None if it counts none, or the event is not its change.
        created_values: Of ``*.created``: field name to stored value that the row began with; the key is in
            ``subject_key``, what is left out is None. None for other events and for demo data.
    """

    __tablename__ = "events"
    follows_branch = False
    __table_args__ = (
        Index("ix_events_subject_key", "subject", "subject_key", "id"),
        Index(
            "ix_events_batch_id",
            "batch_id",
            "id",
            sqlite_where=text("batch_id IS NOT NULL"),
            postgresql_where=text("batch_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(200))
    person: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(40))
    subject_key: Mapped[str] = mapped_column(String(250))
    path: Mapped[PathKey] = mapped_column(default="")
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    batch_id: Mapped[int | None]
    format: Mapped[int] = mapped_column(server_default="1")
    subject_version: Mapped[int | None]
    created_values: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Brand staff see all events, partners those of their branch."""
        if actor.is_brand:
            return EVERYONE
        return visible_within(cls.path, actor) if actor.can(Permission.ORDER_VIEW) else NOBODY


COLUMNS = (
    "at", "actor", "person", "source", "action", "subject", "subject_key", "path", "changes", "data", "batch_id",
    "format", "subject_version", "created_values",
)  # fmt: skip


committed_events = threading.Event()
"""Set when this process has committed events that the hash chain (``core.events.seals``) may not cover yet."""


@dataclass(frozen=True, slots=True)
class EventDraft:
    """What happened to one subject, before it is written. See ``Event``; ``version`` is its ``subject_version``."""

    key: str
    path: str = ""
    changes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None
    created_values: Mapping[str, Any] | None = None


def record(
    session: Session,
    action: str | Sequence[str],
    subject: str,
    happenings: Iterable[EventDraft],
    *,
    batch_id: int | None = None,
) -> int:
    """Record that ``action`` happened to each subject; return how many events that made.

    Args:
        session: The change's own.
        action: ``<subject>.<past participle>``; or several, that happened to each one after the other.
        subject: Resource name.
        happenings: One per row; ``changes``, ``data`` and ``created_values`` must be JSON.
        batch_id: Import that caused it.
    """
    rows = _rows(session, action, subject, happenings, batch_id)
    if rows and any(consumers_of(each) for each in _actions(action)):
        values = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        added = insert(_TABLE).returning(_TABLE.c.id, sort_by_parameter_order=True)
        ids = session.connection().execute(added, values).scalars()
        add_to_outbox(session, [(number, value["action"]) for number, value in zip(ids, values, strict=True)])
    else:
        insert_rows(session, Event, COLUMNS, rows)
    return len(rows)


def record_one(session: Session, action: str | Sequence[str], subject: str, draft: EventDraft) -> list[Operation[None]]:
    """Return the operations that record what happened to one subject, in this order; see ``record``."""
    rows = _rows(session, action, subject, [draft], None)
    consumers = [consumers_of(each) for each in _actions(action)]
    if not any(consumers):
        return [insert_few(Event, COLUMNS, rows)]
    operations = []
    for row, names in zip(rows, consumers, strict=True):
        operations += [insert_few(Event, COLUMNS, [row]), *add_last_to_outbox(names)]
    return operations


def record_selected(
    session: Session, action: str, subject: str, query: Select[Any], *, batch_id: int | None = None
) -> int:
    """Record that ``action`` happened to each row of a query, in one statement; return how many events that made.

    Args:
        query: Selects ``subject_key``, ``path`` and further columns of ``Event`` by these names.
    """
    actor, at = actor_of(session), now()
    session.info["has_events"] = True
    facts: dict[str, ColumnElement[Any]] = {
        "at": literal(at, _TABLE.c.at.type),
        "actor": literal(actor.name),
        "person": literal(actor.person),
        "source": literal(actor.source),
        "action": literal(action),
        "subject": literal(subject),
        "changes": literal({}, JSON),
        "data": literal({}, JSON),
        "batch_id": literal(batch_id, BigInteger),
        "format": literal(FORMAT),
    }
    names = [*query.selected_columns.keys(), *facts]
    added = insert(_TABLE).from_select(names, query.add_columns(*facts.values()), include_defaults=False)
    if not consumers_of(action):
        result: Any = session.execute(added, execution_options={"preserve_rowcount": True})
        return int(result.rowcount)
    ids = sorted(session.execute(added.returning(_TABLE.c.id)).scalars())
    add_to_outbox(session, [(number, action) for number in ids])
    return len(ids)


def _actions(action: str | Sequence[str]) -> Sequence[str]:
    return (action,) if isinstance(action, str) else action


def _rows(
    session: Session,
    action: str | Sequence[str],
    subject: str,
    happenings: Iterable[EventDraft],
    batch_id: int | None,
) -> list[tuple[Any, ...]]:
    actor, at = actor_of(session), now()
    session.info["has_events"] = True
    actions = _actions(action)
    return [
        (
            at,
            actor.name,
            actor.person,
            actor.source,
            each,
            subject,
            one.key,
            one.path,
            one.changes,
            one.data,
            batch_id,
            FORMAT,
            one.version,
            one.created_values,
        )
        for one in happenings
        for each in actions
    ]


_TABLE: Any = Event.__table__
append_only(Event)


@event.listens_for(Session, "after_commit")
def _notice_committed_events(session: Session) -> None:
    if session.info.pop("has_events", False):
        committed_events.set()
