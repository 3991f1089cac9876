"""Databases to restore into: the one of the settings appears when it is whole, and as it was before if it is not."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from core.access import command_line
from core.clock import now
from core.database.sessions import connect, disconnect, file_engine
from core.errors import Conflict
from core.i18n import N_
from core.schema import versions
from core.settings import settings
from core.transfer.reading import without_time_limit
from services.backups.backup import make_backup

NAME_SUFFIX = ".restoring"
BUSINESS_TABLES = ("users", "partners", "products", "customers", "orders", "applications")
"""A database with a row in one of them is in use; others are filled by the product itself as it starts."""
_BESIDE = ("", "-wal", "-shm", "-journal")
OTHER_SESSIONS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND (backend_type = 'client backend' OR backend_type IS NULL AND usesysid IS NOT NULL)"
)
"""Of sessions of other logins, PostgreSQL tells one without special rights no more than that."""
_FUNCTIONS = text(
    "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
    " AND pg_get_userbyid(proowner) = session_user"
)


@contextmanager
def new_database(revision: str, replace: str = "") -> Iterator[Connection]:
    """Provide a connection to an empty database at a revision; at the end it is the database of the settings.

    Args:
        revision: Migration of its tables.
        replace: See ``restore_backup``.

    Raises:
        Conflict: ``backups.not_empty``, ``backups.in_use``, ``backups.other_schema``.
    """
    disconnect()  # this process, too
    file = settings().database_file
    make = (
        _new_postgres(connect(settings().url), revision, replace)
        if file is None
        else _new_file(file, revision, replace)
    )
    with make as connection:
        yield connection


@contextmanager
def scratch_database(file: Path, revision: str) -> Iterator[Connection]:
    """Provide a connection to a new SQLite file at a revision, tuned for loading: it is worthless until it is whole."""
    file.touch(mode=0o600)
    with file_engine(file).connect() as connection:
        versions.upgrade(connection, revision)
        driver: Any = connection.connection.driver_connection
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE"):
            driver.execute(f"PRAGMA {pragma}")
        yield connection
        connection.commit()
        driver.execute("PRAGMA journal_mode = WAL")


@contextmanager
def _new_file(file: Path, revision: str, replace: str) -> Iterator[Connection]:
    scratch = file.with_name(file.name + NAME_SUFFIX)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with sole_user(file) as has_data:
        if has_data:
            _require_name(replace)
        remove_database(scratch)
        try:
            with scratch_database(scratch, revision) as connection:
                yield connection
            flush(scratch)
        except BaseException:
            remove_database(scratch)
            raise
    if has_data:
        set_aside(file)
    scratch.replace(file)
    flush(file.parent)


@contextmanager
def sole_user(file: Path) -> Iterator[bool]:
    """Lock a database against everybody else; provide whether it holds data. All of it is in its one file afterwards.

    Raises:
        Conflict: ``backups.in_use``.
    """
    if not file.exists():
        yield False
        return
    with closing(sqlite3.connect(file, isolation_level=None, timeout=1)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        used = [table for table in BUSINESS_TABLES if table in tables]
        has_data = any(connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in used)  # noqa: S608
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise _in_use() from error
        yield has_data


def require_alone(file: Path) -> bool:
    """Bring all of a database into its one file, and return whether it holds data. Raises as ``sole_user``."""
    with sole_user(file) as has_data:
        return has_data


@contextmanager
def _new_postgres(engine: Engine, revision: str, replace: str) -> Iterator[Connection]:
    """Do all of it in one transaction, which is rolled back unless the block ends well."""
    if postgres_has_data(engine):
        _require_name(replace)
        if versions.schema_state(engine) != "current":
            raise _other_schema()
        make_backup(command_line(), kept_file("restore", ".qudao"), with_secrets=True)
    versions.make_role(engine)
    engine.dispose()  # so that this process has one session
    with versions.alone(engine) as connection, connection.begin():
        without_time_limit(connection)
        if connection.scalar(OTHER_SESSIONS):
            raise _in_use()
        drop_everything(connection)
        versions.upgrade(connection, revision)
        yield connection


def drop_everything(connection: Connection) -> None:
    """Drop the tables of a PostgreSQL database, and the functions of its login."""
    for table in inspect(connection).get_table_names():
        connection.exec_driver_sql(f'DROP TABLE "{table}" CASCADE')
    for function in connection.scalars(_FUNCTIONS).all():
        connection.exec_driver_sql(f"DROP FUNCTION {function} CASCADE")


def postgres_has_data(engine: Engine) -> bool:
    """Return whether a PostgreSQL database has a row in one of ``BUSINESS_TABLES``."""
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
        return any(
            connection.scalar(text(f"SELECT EXISTS (SELECT FROM {table})"))  # noqa: S608  (names of our own)
            for table in BUSINESS_TABLES
            if table in tables
        )


def _require_name(replace: str) -> None:
    name = settings().brand_name
    if replace != name:
        message = N_(
            "There are data here already. To replace them by the backup, say the installation's name: --replace"
            " “{name}”. What is there now is kept in the folder of backups."
        )
        raise Conflict("backups.not_empty", message, name=name)


def set_aside(file: Path, occasion: str = "restore") -> None:
    """Keep a file in the folder of backups, too, before it is replaced; does nothing if it is not there."""
    if not file.exists():
        return
    target = kept_file(occasion, f"-{file.name}")
    try:
        os.link(file, target)
    except OSError:  # the folder is on another disk
        shutil.copy2(file, target)


def kept_file(occasion: str, suffix: str) -> Path:
    """Return the path in the folder of backups for what a restore or a move replaces."""
    folder = settings().data_dir / "backups"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"before-{occasion}-{now():%Y%m%dT%H%M%S%fZ}{suffix}"


def _other_schema() -> Conflict:
    message = N_(
        "The data here are of another release, so no backup of them can be made before they are replaced. Bring them up"
        " to date first (“python app.py migrate”), or restore into an empty database."
    )
    return Conflict("backups.other_schema", message)


def _in_use() -> Conflict:
    message = N_("The database is in use. Stop the server, its workers and other programs, then restore.")
    return Conflict("backups.in_use", message)


def remove_database(file: Path) -> None:
    """Remove a SQLite database with all its files, if it is there."""
    for suffix in _BESIDE:
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Write a file or the entries of a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
