"""The two places of a move: the database of the settings, and an empty one that takes its data over."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, inspect, text

from core.access import command_line
from core.database.disk_space import write_problem
from core.database.sessions import file_engine
from core.errors import Conflict, InvalidInput
from core.i18n import N_
from core.schema import versions
from core.schema.opening import connect_to, folder_unusable, make_folder
from core.schema.relocation import ARRIVING, MARK, Relocation, place_name
from core.settings import Settings, settings
from core.transfer.copying import GUARDS, TABLES, begin_copy, copy_mark
from core.transfer.reading import without_time_limit
from core.transfer.shapes import table_shapes
from services.backups.backup import make_backup
from services.backups.targets import (
    BUSINESS_TABLES,
    OTHER_SESSIONS,
    drop_everything,
    flush,
    kept_file,
    postgres_has_data,
    remove_database,
    require_alone,
    set_aside,
)

NAME_SUFFIX = ".moving"
SESSION_END_S_MAX = 2.0  # PostgreSQL lists a session for a moment after its client has gone
_SAME_SESSION = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid AND datname = current_database()")
_MAY_CREATE = text(
    "SELECT coalesce(has_schema_privilege(session_user, current_schema(), 'CREATE'), false) AND NOT EXISTS"
    " (SELECT FROM pg_tables WHERE schemaname = current_schema()"
    " AND NOT pg_has_role(session_user, tableowner, 'USAGE'))"
)


class NewPlace(Protocol):
    """A database to move to.

    Attributes:
        mark: Of a move that was begun there, None if there was none.
    """

    mark: Relocation | None

    def has_other_data(self, *, resumes: bool) -> bool:
        """Return whether it holds data of the business that are neither of this move nor of an unfinished one."""

    def keep(self) -> None:
        """Keep a copy of what is there in the folder of backups."""

    def begin(self, relocation: Relocation) -> None:
        """Begin from the start: a database with the tables of this release, as ``begin_copy`` leaves it."""

    def is_of_this_release(self) -> bool:
        """Return whether the tables that an earlier attempt made are those of this release."""

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Provide a connection of the owner of its tables, in no transaction."""

    def publish(self) -> None:
        """Put a complete copy to its place."""


@contextmanager
def old_place() -> Iterator[tuple[Engine, Connection]]:
    """Provide the database of the settings, which nobody else uses, and a connection of its owner.

    Raises:
        Conflict: ``moves.in_use``.
        InvalidInput: ``moves.nothing_there``, ``database.unreachable``.
    """
    file = settings().database_file
    if file is not None:
        if not file.exists():
            raise nothing_there()
        _require_sole_user(file)
    engine = connect_to(settings())
    engine.dispose()
    try:
        with versions.alone(engine) as connection:
            if file is None:
                _require_no_sessions(connection, settings())
            yield engine, connection
    finally:
        engine.dispose()


@contextmanager
def new_place(stated: Settings, old: Connection) -> Iterator[NewPlace]:
    """Provide the database to move to, after it was found to be usable. The engine in use is its.

    Raises:
        Conflict: ``moves.same_place``, ``moves.in_use``, ``moves.target_not_empty``.
        InvalidInput: ``moves.no_right``, ``database.unreachable``, ``settings.folder_unusable``.
    """
    if stated.database_file is not None:
        yield _File(stated.database_file)
        return
    engine = connect_to(stated)
    try:
        with engine.connect() as connection:
            _require_other_database(connection, old)
            if not connection.scalar(_MAY_CREATE):
                message = N_("The login of {place} may not make tables there. It needs CREATE on the schema public.")
                raise InvalidInput("moves.no_right", message, place=place_name(stated.url))
        engine.dispose()
        with versions.alone(engine) as connection:
            _require_no_sessions(connection, stated)
            with connection.begin():
                tables = set(inspect(connection).get_table_names())
                _require_own(tables, stated.url)
                mark = copy_mark(connection)
            yield _Postgres(engine, connection, mark)
    finally:
        engine.dispose()


class _Postgres:
    """A PostgreSQL database, see ``NewPlace``."""

    def __init__(self, engine: Engine, connection: Connection, mark: Relocation | None) -> None:
        self._engine, self._connection, self.mark = engine, connection, mark
        self._has_data = postgres_has_data(engine)

    def has_other_data(self, *, resumes: bool) -> bool:
        is_unfinished = self.mark is not None and self.mark.state == ARRIVING
        return self._has_data and not resumes and not is_unfinished

    def keep(self) -> None:
        if versions.schema_state(self._engine) != "current":
            message = N_("The data there are of another release and could not be kept. Name an empty database.")
            raise Conflict("moves.target_not_empty", message)
        make_backup(command_line(), kept_file("move", ".qudao"))

    def begin(self, relocation: Relocation) -> None:
        versions.make_role(self._engine)
        with self._connection.begin():
            without_time_limit(self._connection)
            drop_everything(self._connection)
            versions.upgrade(self._connection)
            begin_copy(self._connection, relocation)

    def is_of_this_release(self) -> bool:
        return versions.schema_state(self._engine) == "current"

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        yield self._connection

    def publish(self) -> None:
        self._engine.dispose()  # connections of before take no role


class _File:
    """A SQLite file, see ``NewPlace``. It is made under another name and appears when it is whole."""

    def __init__(self, file: Path) -> None:
        self._file, self._scratch = file, file.with_name(file.name + NAME_SUFFIX)
        source = settings().database_file
        if source is not None and (source.resolve() == file.resolve() or (file.exists() and file.samefile(source))):
            raise _same_place()
        make_folder(file.parent)
        if isinstance(problem := write_problem(file.parent), OSError):
            raise folder_unusable(file.parent, problem)
        self.mark, self._has_data = None, False
        if file.exists():
            tables, self._has_data = _sqlite_tables(file)
            _require_own(tables, str(file))
            _require_sole_user(file)
            if TABLES in tables:
                self.mark = _file_mark(file)
        self._is_published = self.mark is not None
        if self.mark is None and self._scratch.exists():
            _require_sole_user(self._scratch)
            self.mark = _file_mark(self._scratch)

    def has_other_data(self, *, resumes: bool) -> bool:
        return self._has_data and not (resumes and self._is_published)

    def keep(self) -> None:
        set_aside(self._file, "move")

    def begin(self, relocation: Relocation) -> None:
        remove_database(self._scratch)
        self._is_published = False
        with self.connection() as connection:
            versions.upgrade(connection)
            with connection.begin():
                begin_copy(connection, relocation)

    def is_of_this_release(self) -> bool:
        return versions.schema_state(file_engine(self._file if self._is_published else self._scratch)) == "current"

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        with file_engine(self._file if self._is_published else self._scratch).connect() as connection:
            yield connection

    def publish(self) -> None:
        if not self._is_published:
            flush(self._scratch)
            self._scratch.replace(self._file)
            flush(self._file.parent)
            self._is_published = True


def nothing_there() -> InvalidInput:
    """Return the error of an installation without data."""
    message = N_(
        "There are no data to move in the database of the settings. Set QUDAO_DATABASE_URL to the one to move."
    )
    return InvalidInput("moves.nothing_there", message)


def _sqlite_tables(file: Path) -> tuple[set[str], bool]:
    """Return the tables of a file, and whether there are data in it, without changing it."""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            rows = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
            )
            tables = {row[0] for row in rows}
            used = [table for table in BUSINESS_TABLES if table in tables]
            return tables, any(connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in used)  # noqa: S608
    except sqlite3.Error as error:
        raise InvalidInput(
            "database.unreachable", N_("The database cannot be opened: {reason}"), reason=f"{file}: {error}"
        ) from error


def _file_mark(file: Path) -> Relocation | None:
    with file_engine(file).connect() as connection:
        return copy_mark(connection)


def _require_own(tables: set[str], url: str) -> None:
    own = {table.name for table in table_shapes()} | {"alembic_version", MARK, TABLES, GUARDS}
    if tables - own:
        message = N_("{place} has tables of another program, e.g. {table}. Name an empty database.")
        table = sorted(tables - own)[0]
        raise Conflict("moves.target_not_empty", message, place=place_name(url) if "://" in url else url, table=table)


def _require_sole_user(file: Path) -> None:
    try:
        require_alone(file)
    except Conflict as error:
        raise _in_use(str(file)) from error
    except sqlite3.Error as error:
        raise InvalidInput(
            "database.unreachable", N_("The database cannot be opened: {reason}"), reason=f"{file}: {error}"
        ) from error


def _require_no_sessions(connection: Connection, stated: Settings) -> None:
    until = time.monotonic() + SESSION_END_S_MAX
    while True:
        with connection.begin():
            if not connection.scalar(OTHER_SESSIONS):
                return
        if time.monotonic() > until:
            raise _in_use(place_name(stated.url))
        time.sleep(0.1)


def _require_other_database(connection: Connection, old: Connection) -> None:
    if old.dialect.name == "postgresql":
        with old.begin():
            pid = old.scalar(text("SELECT pg_backend_pid()"))
        host = [one.engine.url.database for one in (connection, old)]
        if host[0] == host[1] and connection.scalar(_SAME_SESSION, {"pid": pid}):
            raise _same_place()


def _same_place() -> Conflict:
    return Conflict("moves.same_place", N_("The data are in this database already. Name another one."))


def _in_use(place: str) -> Conflict:
    message = N_("{place} is in use. Stop the server, its workers and other programs, then move.")
    return Conflict("moves.in_use", message, place=place)
