"""The audit trail: what happened, to what, by whom. Written in the same transaction as the change, never changed.

Triggers on both databases refuse to change or delete an event; on PostgreSQL the application role has no right to
do so either.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Index, String, event
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.access import Actor
from core.clock import now
from core.database.append_only import append_only
from core.database.bulk import insert_few, insert_rows
from core.database.columns import Id, Instant, PathKey
from core.database.operations import Operation
from core.database.paths import visible_within
from core.database.sessions import EVERYONE, NOBODY, Base, actor_of
from core.permissions import Permission


class Event(Base):
    """One thing that happened to one subject.

    Attributes:
        at: When. actor: who, as shown. person: who stands behind (see ``Actor.person``). source: through which door.
        action: ``<subject>.<past participle>``, e.g. ``order.approved``.
        subject: Resource name, e.g. "orders". subject_key: its key as people write it.
        path: Branch of the channel it belongs to, "" for the brand's own.
        changes: Field name to [before, after], as ``Kind.dump`` gives them.
        data: What else explains it, e.g. a note.
        batch_id: Import it came from.
    """

    __tablename__ = "events"
    follows_branch = False
    __table_args__ = (Index("ix_events_subject_key", "subject", "subject_key", "id"),)

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

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Brand staff see all events, partners those of their branch."""
        if actor.is_brand:
            return EVERYONE
        return visible_within(cls.path, actor) if actor.can(Permission.ORDER_VIEW) else NOBODY


COLUMNS = (
    "at", "actor", "person", "source", "action", "subject", "subject_key", "path", "changes", "data", "batch_id",
)  # fmt: skip


committed_events = threading.Event()
"""Set when this process has committed events that the hash chain (``core.events.seals``) may not cover yet."""


@dataclass(frozen=True, slots=True)
class EventDraft:
    """What happened to one subject, before it is written. See ``Event``."""

    key: str
    path: str = ""
    changes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


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
        happenings: One per row; ``changes`` and ``data`` must be JSON.
        batch_id: Import that caused it.
    """
    rows = _rows(session, action, subject, happenings, batch_id)
    insert_rows(session, Event, COLUMNS, rows)
    return len(rows)


def record_one(session: Session, action: str | Sequence[str], subject: str, draft: EventDraft) -> Operation[None]:
    """Return the operation that records what happened to one subject; see ``record``."""
    return insert_few(Event, COLUMNS, _rows(session, action, subject, [draft], None))


def _rows(
    session: Session,
    action: str | Sequence[str],
    subject: str,
    happenings: Iterable[EventDraft],
    batch_id: int | None,
) -> list[tuple[Any, ...]]:
    actor, at = actor_of(session), now()
    session.info["has_events"] = True
    actions = (action,) if isinstance(action, str) else action
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
        )
        for one in happenings
        for each in actions
    ]


append_only(Event)


@event.listens_for(Session, "after_commit")
def _notice_committed_events(session: Session) -> None:
    if session.info.pop("has_events", False):
        committed_events.set()
