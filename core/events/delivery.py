"""Delivery of the outbox: each event to each consumer once, in order, in the transaction of what the consumer does.

A consumer that fails changes nothing, gets the same event again at the next delivery, and nothing after it before: what
it does because of one event may rest on the one before. Others go on. Events of one subject come in the order in which
they happened; those of transactions that ran at the same moment, as they were committed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.sessions import transact
from core.errors import Unavailable
from core.events.changes import Pair, visible_changes
from core.events.log import Event
from core.events.outbox import OutboxRow
from core.resource import Resource
from core.resource_registry import Snapshot

_SEE: dict[str, Any] = {"see_all": "the outbox is delivered whatever the events are about"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event as a consumer gets it.

    Attributes:
        resource: Of the event's subject; None if there is none of that name.
    """

    event: Event
    resource: Resource | None

    def changes_for(self, actor: Actor) -> dict[str, Pair]:
        """Return field name → (before, after), without what is confidential to ``actor``."""
        return visible_changes(self.event, self.resource, actor) if self.resource else {}


Consumer = Callable[[Session, Delivery], None]
"""Does what follows from an event, in the transaction of the given session."""
_consumers: dict[str, Consumer] = {}


def register_consumer(name: str, consume: Consumer) -> None:
    """Let ``consume`` be called for each event that ``core.events.outbox.subscribe`` names for ``name``."""
    _consumers[name] = consume


def has_pending(session: Session) -> bool:
    """Return whether anything waits for a consumer that is there."""
    waiting = select(OutboxRow.id).where(OutboxRow.consumer.in_(_consumers), OutboxRow.delivered_at.is_(None))
    return session.scalar(waiting.limit(1), execution_options=_SEE) is not None


def deliver_pending(actor: Actor, resources: Callable[[Session], Snapshot], note: Callable[[int], None]) -> int:
    """Hand over what is pending, each event in a unit of work of its own; return how many.

    Args:
        actor: Of the units of work.
        resources: Gives those there are.
        note: Called after each delivery with how many there were; may raise to stop.

    Raises:
        Unavailable: The database is lost.
        ExceptionGroup: What consumers raised, after the others have been served.
    """
    count, errors = 0, list[Exception]()
    for name in _consumers:
        has_more = True
        while has_more:
            try:
                has_more = transact(actor, partial(_deliver_next, name=name, resources=resources))
            except Unavailable:
                raise
            except Exception as error:
                error.add_note(f"consumer {name}")
                errors.append(error)
                break
            count += has_more
            if has_more:
                note(count)
    if errors:
        raise ExceptionGroup("not everything was delivered", errors)
    return count


def _deliver_next(session: Session, *, name: str, resources: Callable[[Session], Snapshot]) -> bool:
    """Hand the first pending event to a consumer; return whether there was one. Its row is locked meanwhile."""
    pending = select(OutboxRow).where(OutboxRow.consumer == name, OutboxRow.delivered_at.is_(None))
    first = pending.order_by(OutboxRow.id).limit(1).with_for_update()
    row = session.scalar(first, execution_options=_SEE)
    if row is None:
        return False
    event = session.scalars(select(Event).where(Event.id == row.event_id), execution_options=_SEE).one()
    _consumers[name](session, Delivery(event, resources(session).by_name.get(event.subject)))
    row.delivered_at = now()
    return True
