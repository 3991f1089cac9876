"""Status changes of rows in common: lock, check of status and version, next status with its deadline."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import Session

from core.clock import BRAND_ZONE, now
from core.database.versioned import Versioned
from core.errors import Conflict


class Stateful(Protocol):
    """A row, or a copy of one, with a status."""

    @property
    def status(self) -> str:
        """Code of the status."""

    @property
    def version(self) -> int:
        """Number of changes, for optimistic locking."""


class WithDeadline(Protocol):
    """A row with a status, its beginning and the deadline of the next action."""

    status: str
    waits_since: datetime
    due_at: datetime | None
    version: int
    updated_at: datetime


RowT = TypeVar("RowT")
StatefulT = TypeVar("StatefulT", bound=Stateful)


def lock_one(session: Session, query: Select[RowT]) -> RowT | None:
    """Return the row of a query, refreshed and locked until the transaction ends; None if there is none."""
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def require_state(
    thing: StatefulT,
    statuses: Collection[str],
    version: int | None,
    *,
    wrong_status: Callable[[StatefulT], Conflict],
    changed_meanwhile: Callable[[StatefulT], Conflict],
) -> None:
    """Go on only with a row in one of ``statuses`` and, with ``version``, still in the version that the person saw.

    Raises:
        Conflict: The result of ``wrong_status`` or ``changed_meanwhile``.
    """
    if thing.status not in statuses:
        raise wrong_status(thing)
    if version is not None and version != thing.version:
        raise changed_meanwhile(thing)


def advance_row(session: Session, row: WithDeadline, status: StrEnum, lasts: timedelta | None) -> dict[str, list[str]]:
    """Move a row to its next status with a new deadline; return the change for the event.

    Args:
        lasts: Time until the deadline; None for no deadline.
    """
    changes = {"status": [row.status, status.value]}
    row.status, row.waits_since = status.value, now()
    row.due_at = now() + lasts if lasts else None
    count_change(row)
    session.flush()
    return changes


def count_change(row: Versioned | WithDeadline) -> None:
    """Increment the version and set the time of the change."""
    row.version, row.updated_at = row.version + 1, now()


def moment(at: datetime | None) -> str:
    """Format an instant for a sentence, in the brand's zone; "" for None."""
    return at.astimezone(BRAND_ZONE).strftime("%Y-%m-%d %H:%M") if at else ""
