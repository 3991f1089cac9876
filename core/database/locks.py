"""Locks on what has no row of its own: one number each, held until the transaction ends.

PostgreSQL only: SQLite has one writer, who locks all. Rows are locked by the query that reads them, not here.
"""

from enum import IntEnum
from typing import Any

from sqlalchemy import event, func, select
from sqlalchemy.orm import Session, SessionTransaction

from core.database.sessions import is_sqlite


class DatabaseLock(IntEnum):
    """What is locked, in the order in which one transaction may take several. A number never changes its meaning."""

    MIGRATION = 7_202_602
    """The schema: one process at a time brings it up to date. Held by a connection, not by a transaction."""
    RECEIVED_CONTENTS = 7_202_614
    """How much came in today, and from whom."""
    ORGANISATION = 7_202_603
    """Who stands above whom among departments and people."""
    TREE = 7_202_601
    """Who stands under whom among partners."""
    STORES = 7_202_605
    """Which stores there are: two that are registered at once see each other."""
    JOB_CLAIM = 7_202_612
    """Which worker takes the next job."""
    JOB_QUOTA = 7_202_611
    """How many jobs a person has; by person."""
    DENIALS = 7_202_604
    """Which refusals are in the audit log already."""


_ORDER = {lock: place for place, lock in enumerate(DatabaseLock)}


def take_lock(session: Session, lock: DatabaseLock, of: str = "") -> None:
    """Keep others from ``lock`` until the session's transaction ends; with ``of``, from that part of it.

    Raises:
        RuntimeError: A lock that comes later in ``DatabaseLock`` is held: two transactions could wait for each other.
    """
    held: set[tuple[DatabaseLock, str]] = session.info.setdefault("database_locks", set())
    if (lock, of) in held:
        return
    later = [one.name for one, _ in held if _ORDER[one] > _ORDER[lock]]
    if later:
        raise RuntimeError(f"{lock.name} is to be locked before {', '.join(sorted(later))}")
    held.add((lock, of))
    if not is_sqlite(session):
        number = func.hashtextextended(of, lock.value) if of else lock.value
        session.execute(select(func.pg_advisory_xact_lock(number)))


@event.listens_for(Session, "after_transaction_end")
def _forget_locks(session: Session, transaction: SessionTransaction) -> Any:
    if transaction.parent is None:
        session.info.pop("database_locks", None)
