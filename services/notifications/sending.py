"""Telling people: a row for each reader, in the transaction of what happened."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from core.access import WORKER
from core.clock import now
from core.database.bulk import insert_few
from core.database.operations import Operation, run_operations
from core.database.sessions import actor_of
from core.jobs.queueing import enqueue
from models.notifications import Notification
from services.notifications.channels import registered_channels
from services.notifications.kinds import NotificationKind

COLUMNS = ("person", "kind", "key", "arguments", "created_at")


def notify(
    session: Session, kind: NotificationKind, people: Iterable[str | None], key: str, **arguments: str | int
) -> None:
    """Tell people that something happened to a record.

    Args:
        session: Of the change.
        kind: What happened.
        people: E-mail addresses. Each is notified once, except programs, "" and the actor.
        key: Of the record.
        arguments: Of the kind's sentence; empty ones are left out.
    """
    run_operations(session, *notification(session, kind, people, key, **arguments))


def notification(
    session: Session, kind: NotificationKind, people: Iterable[str | None], key: str, **arguments: str | int
) -> list[Operation[None]]:
    """Return the operations of ``notify``; none if there are no readers."""
    own = actor_of(session).person
    readers = dict.fromkeys(one for one in people if one and "@" in one and one != own)
    facts = {name: value for name, value in arguments.items() if value != ""}
    rows = [(person, kind.code, key, facts, now()) for person in readers]
    if rows and registered_channels():
        enqueue(session, "notifications.deliver", owner=WORKER)
    return [insert_few(Notification, COLUMNS, rows)] if rows else []
