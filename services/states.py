"""What every thing that goes from one status to the next has in common: locked, checked once, moved on, counted."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import Session

from core.clock import BRAND_ZONE, now
from core.database.versioned import Versioned
from core.errors import Conflict, InvalidInput
from core.kinds.standard import MISSING


class Stateful(Protocol):
    """A thing with a status, as it was read."""

    @property
    def status(self) -> str:
        """Code of the status."""

    @property
    def version(self) -> int:
        """Counts its changes."""


class WithDeadline(Protocol):
    """A row with a status, and since when and until when somebody has to act on it."""

    status: str
    waits_since: datetime
    due_at: datetime | None
    version: int
    updated_at: datetime


Row = TypeVar("Row")
Thing = TypeVar("Thing", bound=Stateful)


def lock_one(session: Session, query: Select[Row]) -> Row | None:
    """Return the row that a query finds, as it is now, locked until the transaction ends; None if nobody sees one."""
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def require_state(
    thing: Thing,
    statuses: Collection[str],
    version: int | None,
    *,
    wrong_status: Callable[[Thing], Conflict],
    changed_meanwhile: Callable[[Thing], Conflict],
) -> None:
    """Go on only with a thing in one of ``statuses`` and, if a person saw a certain version, still that one.

    Raises:
        Conflict: What ``wrong_status`` or ``changed_meanwhile`` makes of it.
    """
    if thing.status not in statuses:
        raise wrong_status(thing)
    if version is not None and version != thing.version:
        raise changed_meanwhile(thing)


def move_on(session: Session, row: WithDeadline, status: StrEnum, lasts: timedelta | None) -> dict[str, list[str]]:
    """Give a row its next status and start the clock of who has to act; return the change for the trail.

    Args:
        lasts: How long whoever has to act may take; None for no limit.
    """
    changes = {"status": [row.status, status.value]}
    row.status, row.waits_since = status.value, now()
    row.due_at = now() + lasts if lasts else None
    count_change(row)
    session.flush()
    return changes


def count_change(row: Versioned | WithDeadline) -> None:
    """Count one more change."""
    row.version, row.updated_at = row.version + 1, now()


def moment(at: datetime | None) -> str:
    """Return an instant as a sentence has it, in the brand's zone; "" for none."""
    return at.astimezone(BRAND_ZONE).strftime("%Y-%m-%d %H:%M") if at else ""


def require_reason(reason: str, sentence: str) -> str:
    """Return a reason without spaces around it. Raises ``InvalidInput`` ``applications.reason_required`` for none."""
    if not reason.strip():
        raise InvalidInput("applications.reason_required", sentence, fields={"reason": MISSING})
    return reason.strip()
