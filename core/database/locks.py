"""Advisory locks for things without a row of their own, held until the transaction ends.

PostgreSQL only: a writer on SQLite locks the whole database. Rows are locked by the query that reads them.
"""

from enum import IntEnum
from typing import Any

from sqlalchemy import event, func, select
from sqlalchemy.orm import Session, SessionTransaction

from core.database.sessions import is_sqlite


class DatabaseLock(IntEnum):
    """The advisory locks, in the order in which one transaction may take several. Numbers never change meaning."""

    MIGRATION = 7_202_602
    """The schema: one process at a time brings it up to date. Held by a connection, not by a transaction."""
    RECEIVED_CONTENTS = 7_202_614
    """The amount of content received today, by sender."""
    ORGANISATION = 7_202_603
    """The tree of departments, and managers of people."""
    TREE = 7_202_601
    """The channel tree."""
    STORES = 7_202_605
    """The set of stores, so that two concurrent registrations see each other."""
    JOB_CLAIM = 7_202_612
    """The claim of the next job."""
    JOB_QUOTA = 7_202_611
    """The number of jobs of a person; by person."""
    DENIALS = 7_202_604
    """The set of access denials in the audit log."""


_ORDER = {lock: place for place, lock in enumerate(DatabaseLock)}


def take_lock(session: Session, lock: DatabaseLock, of: str = "") -> None:
    """Take ``lock`` until the session's transaction ends; with ``of``, only for that key.

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
