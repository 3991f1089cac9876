"""The outbox: which events are to be delivered to which consumers, written in the transaction of the change.

A consumer is a part of the product that does something because of what happened: tells a person, calls a program. It
subscribes to actions when its module is imported. ``core.events.delivery`` hands the events over.
"""

from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, bindparam, func, insert, literal_column, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.access import Actor
from core.clock import now
from core.database.bulk import insert_rows
from core.database.columns import Id, code_text
from core.database.operations import Operation, no_result
from core.database.prepared import Prepared
from core.database.retention import Retention
from core.database.sessions import NOBODY, Base

CONSUMER_LENGTH_MAX = 40
_subscriptions: list[tuple[str, str]] = []


class OutboxRow(Base):
    """One event for one consumer.

    Attributes:
        consumer: Its name.
        delivered_at: When it was handed over, in the transaction of what the consumer did; None before.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_pending",
            "consumer",
            "id",
            sqlite_where=text("delivered_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL"),
        ),
        Index("ix_outbox_delivered_at", "delivered_at"),
    )

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    consumer: Mapped[str] = mapped_column(code_text(CONSUMER_LENGTH_MAX))
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Nobody reads it; it is delivered past the row filter."""
        return NOBODY


COLUMNS = ("event_id", "consumer", "created_at")
RETENTION = Retention(
    column=OutboxRow.delivered_at,
    days=30,
    reason="What was delivered stands where its consumer put it; what is not delivered yet stays.",
)


def subscribe(action_pattern: str, consumer: str) -> None:
    """Let a consumer get the events of some actions that are recorded from now on.

    Args:
        action_pattern: An action, e.g. "order.approved"; "order.*" for each of a subject, "*" for all.
        consumer: Name, see ``core.events.delivery.register_consumer``.
    """
    _subscriptions.append((action_pattern, consumer))
    consumers_of.cache_clear()


@cache
def consumers_of(action: str) -> tuple[str, ...]:
    """Return the names of the consumers that get the events of an action, each once."""
    return tuple(dict.fromkeys(name for pattern, name in _subscriptions if fnmatchcase(action, pattern)))


def add_to_outbox(session: Session, events: Sequence[tuple[int, str]]) -> None:
    """Add the rows of recorded events, given as (id, action), in their order."""
    at = now()
    rows = [(number, name, at) for number, action in events for name in consumers_of(action)]
    insert_rows(session, OutboxRow, COLUMNS, rows)


def add_last_to_outbox(consumers: Sequence[str]) -> list[Operation[None]]:
    """Return the operation that adds rows for the event recorded just before it; none without a consumer."""
    if not consumers:
        return []
    values = [value for name in consumers for value in (name, now())]
    return [Operation(_of_last_event(len(consumers)), values, no_result)]


@cache
def _of_last_event(count: int) -> Prepared:
    events: Any = Base.metadata.tables["events"]
    last = {
        "sqlite": select(func.max(events.c.id)).scalar_subquery(),  # one writer at a time
        "postgresql": func.currval(func.pg_get_serial_sequence(literal_column("'events'"), literal_column("'id'"))),
    }
    table: Any = OutboxRow.__table__
    return Prepared(
        {
            dialect: insert(table).values(
                [
                    {
                        "event_id": number,
                        "consumer": bindparam(str(2 * row), type_=table.c.consumer.type),
                        "created_at": bindparam(str(2 * row + 1), type_=table.c.created_at.type),
                    }
                    for row in range(count)
                ]
            )
            for dialect, number in last.items()
        },
        numbered=True,
    )
