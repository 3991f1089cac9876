"""Translation of errors of the database driver and the disk into expected errors.

A full disk, a lost server and a value that no column can hold are not bugs. ``database.sessions`` translates every
error of a unit of work; code that touches files outside of one uses ``expected_errors`` itself.
"""

import errno
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import Conflict, DomainError, InvalidInput, Unavailable
from core.i18n import N_

log = logging.getLogger(__name__)

LOG_EVERY_S = 5.0
FULL_RETRY_S = 60
UNREACHABLE_RETRY_S = 5
OVERLOADED_RETRY_S = 2
FROZEN = "this database takes no changes, its data have moved"
"""Error of the triggers of a database that was moved, see ``core.schema.relocation``."""

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_UNREACHABLE = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_POSTGRES_FULL = frozenset({"53100"})
_POSTGRES_UNREACHABLE = frozenset({"57P01", "57P02", "57P03", "57P05", "25006", "25P03"})
_POSTGRES_OVERLOADED = frozenset({"53000", "53200", "53300", "55P03", "57014"})
_POSTGRES_UNSTORABLE = frozenset({"22001", "22003", "22008", "22021", "22P05"})

_logged_at: dict[str, float] = {}


@contextmanager
def expected_errors() -> Iterator[None]:
    """Raise what the driver or the disk reports inside the block as an expected error, if it is one.

    Raises:
        Unavailable: ``database.full``, ``database.unreachable``, ``database.overloaded``.
        InvalidInput: ``values.unstorable``.
        Conflict: ``database.frozen``.
    """
    try:
        yield
    except (SQLAlchemyError, OSError, OverflowError, UnicodeError) as error:
        expected = expected_error(error)
        if expected is None:
            raise
        raise expected from error


def expected_error(error: BaseException) -> DomainError | None:
    """Return the expected error that a driver's or the disk's error stands for; None for a bug."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, OverflowError | UnicodeEncodeError):
        return unstorable()
    unavailable = _unavailable(error)
    if unavailable is not None:
        log_unavailable(unavailable, str(getattr(error, "orig", None) or error) or type(error).__name__)
        return unavailable
    if isinstance(error, DBAPIError) and FROZEN in str(error.orig):
        return _frozen()
    return unstorable() if _is_unstorable(error) else None


def commit_unknown() -> Unavailable:
    """Return the error of a connection that was lost while the work was being stored."""
    return Unavailable(
        "database.commit_unknown",
        N_(
            "The connection to the database was lost while this was being stored. Look whether it is there before you"
            " do it again."
        ),
        retry_after_s=UNREACHABLE_RETRY_S,
    )


def disk_full() -> Unavailable:
    """Return the error of a disk without room."""
    return Unavailable(
        "database.full",
        N_("The disk of the server is full. Nothing was stored; your administrator must make room."),
        retry_after_s=FULL_RETRY_S,
    )


def _unreachable() -> Unavailable:
    return Unavailable(
        "database.unreachable",
        N_("The database cannot be reached at the moment. Nothing was stored; please try again in a moment."),
        retry_after_s=UNREACHABLE_RETRY_S,
    )


def _overloaded() -> Unavailable:
    return Unavailable(
        "database.overloaded",
        N_("Too much is going on at the moment. Nothing was stored; please try again in a moment."),
        retry_after_s=OVERLOADED_RETRY_S,
    )


def _frozen() -> Conflict:
    return Conflict(
        "database.frozen",
        N_("This database takes no changes: its data have moved to another one. Your administrator knows where."),
    )


def unstorable() -> InvalidInput:
    """Return the error of a value that no column can hold."""
    return InvalidInput(
        "values.unstorable",
        N_("A number or a date is too large, or a text is too long or holds a character that cannot be stored."),
    )


def _unavailable(error: BaseException) -> Unavailable | None:
    if isinstance(error, PoolTimeout):
        return _overloaded()
    if isinstance(error, DisconnectionError):
        return _unreachable()
    if isinstance(error, OSError):
        return disk_full() if error.errno in _DISK_FULL else None
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error.orig)
    return _of_postgres(error)


def _of_sqlite(error: sqlite3.Error) -> Unavailable | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes keep the primary one in their low byte
    if code == sqlite3.SQLITE_FULL:
        return disk_full()
    if code in _SQLITE_BUSY:
        return _overloaded()
    return _unreachable() if code in _SQLITE_UNREACHABLE else None


def _of_postgres(error: DBAPIError) -> Unavailable | None:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state in _POSTGRES_FULL:
        return disk_full()
    if state in _POSTGRES_OVERLOADED:
        return _overloaded()
    is_operational = type(error.orig).__name__ == "OperationalError"  # psycopg's own, without a state: no connection
    is_lost = error.connection_invalidated or (not state and is_operational)
    return _unreachable() if is_lost or state in _POSTGRES_UNREACHABLE or state.startswith("08") else None


def _is_unstorable(error: BaseException) -> bool:
    if isinstance(error, StatementError) and isinstance(error.orig, OverflowError | UnicodeEncodeError):
        return True
    if not isinstance(error, DBAPIError) or isinstance(error.orig, sqlite3.Error):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return state in _POSTGRES_UNSTORABLE or (state is None and "NUL" in str(error.orig))


def log_unavailable(error: Unavailable, reason: str) -> None:
    """Write one line for each code and ``LOG_EVERY_S`` seconds: an outage must not fill the disk with its log."""
    at = time.monotonic()
    if at - _logged_at.get(error.code, -LOG_EVERY_S) >= LOG_EVERY_S:
        _logged_at[error.code] = at
        log.error("%s: %s", error.code, reason.strip().splitlines()[0])
