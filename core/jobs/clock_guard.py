"""A clock that jumps: the database remembers its last instant, and what acts on dates waits when the two disagree.

A wrong clock deletes, expires and passes on at once what had weeks to go. So jobs that act on dates stop when the clock
is far from the last instant the database has seen, until a person says that the clock is right.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.access import WORKER, Actor
from core.clock import now
from core.database.columns import BIG_ID
from core.database.sessions import EVERYONE, Base, transact
from core.events.log import EventDraft, record

log = logging.getLogger(__name__)

AHEAD_MAX = timedelta(days=1)
BACK_MAX = timedelta(minutes=5)
REMEMBER_EVERY = timedelta(minutes=1)
ROW_ID = 1


class ClockMark(Base):
    """The last instant the database has seen; one row.

    Attributes:
        seen_at: Never goes back by itself.
        doubted_at: Reading of the clock that was too far from ``seen_at``; None while the clock is trusted.
    """

    __tablename__ = "clock_marks"

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True, autoincrement=False)
    seen_at: Mapped[datetime]
    doubted_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Everyone: it says nothing but the time."""
        return EVERYONE


@dataclass(frozen=True, slots=True)
class ClockDoubt:
    """Why the clock is not trusted: the last instant of the database, and the reading that was too far from it."""

    seen_at: datetime
    doubted_at: datetime


def check_clock() -> bool:
    """Compare the clock with the last instant of the database and remember it; return whether it is trusted.

    A database without an instant takes the first. A clock once in doubt stays so until ``trust_clock``.
    """
    return transact(WORKER, _check)


def clock_doubt(session: Session) -> ClockDoubt | None:
    """Return why the clock is not trusted; None if it is."""
    mark = _mark(session)
    if mark is None:
        return None
    if mark.doubted_at is not None:
        return ClockDoubt(mark.seen_at, mark.doubted_at)
    return None if _agrees(mark) else ClockDoubt(mark.seen_at, now())


def is_clock_trusted(session: Session) -> bool:
    """Return whether jobs that act on dates may run."""
    return clock_doubt(session) is None


def trust_clock(session: Session) -> None:
    """Take the clock as it is now for right. Who may is for ``services.jobs.clock_confirmation``."""
    mark = _mark(session, lock=True)
    if mark is None:
        session.add(ClockMark(id=ROW_ID, seen_at=now()))
    else:
        mark.seen_at, mark.doubted_at = now(), None


def _check(session: Session) -> bool:
    mark = _mark(session)
    if mark is None:
        session.add(ClockMark(id=ROW_ID, seen_at=now()))
        return True
    if mark.doubted_at is None and _agrees(mark) and now() - mark.seen_at < REMEMBER_EVERY:
        return True
    mark = _mark(session, lock=True)
    if mark is None or mark.doubted_at is not None:
        return False
    if not _agrees(mark):
        mark.doubted_at = now()
        facts = {"seen_at": mark.seen_at.isoformat(), "clock": mark.doubted_at.isoformat()}
        record(session, "clock.doubted", "clock", [EventDraft("clock", data=facts)])
        log.error(
            "the clock says %s, the database was last used at %s: jobs that act on dates wait until somebody runs "
            "“python app.py jobs confirm-clock” or presses the button on the Jobs page",
            mark.doubted_at.isoformat(timespec="seconds"),
            mark.seen_at.isoformat(timespec="seconds"),
        )
        return False
    mark.seen_at = max(mark.seen_at, now())
    return True


def _agrees(mark: ClockMark) -> bool:
    return -BACK_MAX <= now() - mark.seen_at <= AHEAD_MAX


def _mark(session: Session, *, lock: bool = False) -> ClockMark | None:
    query = select(ClockMark).where(ClockMark.id == ROW_ID)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)
