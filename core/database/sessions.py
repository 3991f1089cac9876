"""Engine, sessions and the unit of work. The only module that commits.

A request, a button click, a job step or a chunk of an import is one unit of work: all of it is committed, or none.
Every session belongs to an actor, and every ORM query in it returns only rows that actor may see (``Base.visible_to``).
That row filter does not cover ``text()``, Core statements on a table and hits in the identity map;
``tests/test_rules.py`` lists the modules that may use them.
"""

import random
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from sqlalchemy import URL, BigInteger, ColumnElement, Connection, Engine, MetaData, create_engine, event, false, true
from sqlalchemy.exc import DisconnectionError, IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session, sessionmaker, with_loader_criteria
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, PoolProxiedConnection

from core.access import Actor
from core.database._write_queue import WriteQueue
from core.database.columns import Instant
from core.database.disk_space import require_free_space
from core.database.errors import commit_unknown, expected_errors
from core.database.prepared import notify_listeners, run_on_sqlite
from core.errors import Conflict, InvalidInput
from core.i18n import N_

T = TypeVar("T")

APPLICATION_ROLE = "qudao_app"
TRIES_MAX = 5
BUSY_S_MAX = 10.0
SQLITE_PRAGMAS: dict[str, int | str] = {
    "foreign_keys": 1,
    "recursive_triggers": 1,  # else INSERT OR REPLACE slips past a delete trigger
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: approved means durable
    "busy_timeout": int(BUSY_S_MAX * 1000),  # milliseconds
    "trusted_schema": 0,
}


class Base(DeclarativeBase):
    """Base of all mapped classes.

    Attributes:
        follows_branch: Of a class with ``path``: whether its rows get a new one when their branch of the channel moves,
            or keep that of their time.
    """

    follows_branch: ClassVar[bool]

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )

    type_annotation_map = {int: BigInteger, datetime: Instant}  # noqa: RUF012  (SQLAlchemy reads it as it is)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Condition that selects the rows ``actor`` may see. Each model states its own."""
        raise NotImplementedError(f"{cls.__name__} does not say who may see it")


EVERYONE: ColumnElement[bool] = true()
"""Returned by ``visible_to`` where the actor may see all rows."""
NOBODY: ColumnElement[bool] = false()
"""Returned by ``visible_to`` where the actor may see none."""

_sessions = sessionmaker(expire_on_commit=False)
_units = threading.local()
"""``queues``: the write queues that the unit of work of this thread has entered, to be released at its end."""


def connect(url: str, **options: Any) -> Engine:
    """Create the engine all units of work use from now on.

    Args:
        url: SQLAlchemy URL, e.g. ``sqlite:///data/local/qudao.db`` or ``postgresql+psycopg://…``.
        options: Passed to ``create_engine``.
    """
    options = {"pool_size": 8, "max_overflow": 24, "hide_parameters": True, **options}  # no personal data in logs
    engine = create_engine(url, **options)
    if url.startswith("sqlite"):
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", partial(_sqlite_begin, WriteQueue()))
    else:
        event.listen(engine, "connect", _postgres_connect)
        event.listen(engine, "checkout", _postgres_checkout)
    _sessions.configure(bind=engine)
    return engine


def engine_in_use() -> Engine:
    """Return the engine ``connect`` created last."""
    engine: Engine = _sessions.kw["bind"]
    return engine


def disconnect() -> None:
    """Close the connections of the engine in use, if there is one; the next unit of work opens new ones.

    When nobody has a SQLite database open any more, all of it is in its one file, so a copy of the file is the data.
    """
    engine: Engine | None = _sessions.kw.get("bind")
    if engine is not None:
        engine.dispose()


@contextmanager
def unit_of_work(actor: Actor, *, connection: Connection | None = None) -> Iterator[Session]:
    """Open a session for ``actor``; commit at the end, roll back if anything is raised.

    Args:
        actor: On whose behalf.
        connection: To be used instead of one of the pool, e.g. for temporary tables.

    Raises:
        Unavailable, InvalidInput: As ``core.database.errors.expected_errors``.
    """
    with expected_errors(), _transaction(actor, connection) as session:
        yield session


@contextmanager
def _transaction(actor: Actor, connection: Connection | None = None) -> Iterator[Session]:
    """Open a unit of work that does not translate errors of the driver."""
    bound: dict[str, Any] = {"bind": connection} if connection is not None else {}
    outer: list[WriteQueue] | None = getattr(_units, "queues", None)
    queues: list[WriteQueue] = []
    with _sessions(info={"actor": actor}, **bound) as session:
        _units.queues = queues
        try:
            with session.begin():
                yield session
        finally:  # closing the session writes nothing
            _units.queues = outer
            for queue in queues:
                queue.release()


@contextmanager
def reading(actor: Actor, *, connection: Connection | None = None) -> Iterator[Session]:
    """Open a session for ``actor`` that only reads (or writes temporary tables); never blocks a writer.

    Raises:
        Unavailable, InvalidInput: As ``core.database.errors.expected_errors``.
    """
    bound: dict[str, Any] = {"bind": connection} if connection is not None else {}
    with expected_errors(), _sessions(info={"actor": actor}, **bound) as session:
        session.connection(execution_options={"read_only": True})
        try:
            yield session
        finally:
            if connection is not None:
                session.close()  # ends the transaction, and does not expire what was read
                connection.execution_options(read_only=False)


def transact(actor: Actor, work: Callable[[Session], T]) -> T:
    """Run ``work`` in a unit of work of its own; retry after a serialization failure, a deadlock or a lost connection.

    A connection that is lost during the commit is not retried: the work may be stored, and doing it twice may be worse
    than saying so.

    Raises:
        Conflict: ``database.busy`` after ``TRIES_MAX`` collisions.
        Unavailable: ``database.commit_unknown``; others as ``unit_of_work``.
    """
    with expected_errors():
        return _transact(actor, work)


def _transact(actor: Actor, work: Callable[[Session], T]) -> T:
    for tries in range(1, TRIES_MAX + 1):
        is_committing = False
        try:
            with _transaction(actor) as session:
                result = work(session)
                is_committing = True
            return result
        except (OperationalError, IntegrityError) as error:
            if error.connection_invalidated and is_committing:
                raise commit_unknown() from error
            is_lost = error.connection_invalidated and not is_committing and tries < TRIES_MAX
            if not is_lost and not _is_collision(error):
                raise
            time.sleep(random.uniform(0, 0.02 * 2**tries))  # noqa: S311  (spreads retries, protects nothing)
    raise Conflict("database.busy", N_("Others are changing the same data right now. Please try again."))


@contextmanager
def private_copy() -> Iterator[Connection | None]:
    """Provide a connection to a copy of the database, for work that is rolled back and would block other writers.

    None if the database has concurrent writers. Making the copy blocks nobody.
    """
    path = engine_in_use().url.database
    if not has_one_writer() or path is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="qudao-copy-") as folder:
        target = Path(folder) / "copy.db"
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
        engine = file_engine(target)
        with engine.connect() as connection:
            yield connection


def file_engine(file: Path) -> Engine:
    """Return an engine for a SQLite file beside the database in use, without a pool."""
    engine = create_engine(URL.create("sqlite", database=str(file)), poolclass=NullPool)
    event.listen(engine, "connect", _sqlite_connect)
    event.listen(engine, "begin", partial(_sqlite_begin, WriteQueue()))
    return engine


def has_one_writer() -> bool:
    """Return whether the database in use admits one writer at a time, as SQLite does."""
    return engine_in_use().dialect.name == "sqlite"


def actor_of(session: Session) -> Actor:
    """Return the actor a session belongs to."""
    actor: Actor = session.info["actor"]
    return actor


def is_sqlite(session: Session) -> bool:
    """Return whether the session talks to SQLite and not to PostgreSQL."""
    return session.get_bind().dialect.name == "sqlite"


def _is_collision(error: OperationalError | IntegrityError) -> bool:
    """Return whether a retry can help; also if another transaction inserted the same key since it was looked up."""
    state = getattr(error.orig, "sqlstate", None)
    return state in {"40001", "40P01", "23505"} or "database is locked" in str(error.orig)


@event.listens_for(_sessions, "do_orm_execute")
def _hide_invisible_rows(state: ORMExecuteState) -> None:
    if state.execution_options.get("see_all"):
        return
    if not state.is_column_load and not state.is_relationship_load:  # those inherit the filter of their parent
        session = state.session
        if "row_filter" not in session.info:
            session.info["row_filter"] = row_filter(actor_of(session))
        if session.info["row_filter"]:
            state.statement = state.statement.options(*session.info["row_filter"])


@lru_cache(maxsize=1_000)
def row_filter(actor: Actor) -> list[LoaderCriteriaOption]:
    """Return the row filter of an actor: criteria that every ORM statement of the actor's sessions gets.

    It does not reach a join to ``aliased(Model)`` with a hand-written ON: join a subquery instead.
    """
    conditions = {mapper.class_: mapper.class_.visible_to(actor) for mapper in Base.registry.mappers}
    return [
        with_loader_criteria(model, condition, include_aliases=True)
        for model, condition in conditions.items()
        if condition is not EVERYONE
    ]


def _sqlite_connect(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # pysqlite must not begin transactions by itself
    for name, value in SQLITE_PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")
        found = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if found != value:
            raise InvalidInput(
                "database.pragma_refused",
                N_("SQLite does not accept {name} = {value} on this file (it says {found})."),
                name=name,
                value=value,
                found=found,
            )
    connection.execute("PRAGMA cache_size = -65536")  # KiB
    connection.execute("PRAGMA temp_store = MEMORY")


def _sqlite_begin(writers: WriteQueue, connection: Connection) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    if not read_only:
        require_free_space()
    statement = "BEGIN" if read_only else "BEGIN IMMEDIATE"  # a lock taken later could not be waited for
    notify_listeners(connection, statement)
    queues: list[WriteQueue] | None = getattr(_units, "queues", None)
    if queues is not None and not read_only and writers not in queues and writers.acquire(BUSY_S_MAX):
        queues.append(writers)
    run_on_sqlite(connection, statement)


def _postgres_connect(connection: Any, _record: ConnectionPoolEntry) -> None:
    # Ordinary statements are planned for their values: a branch of ten rows and one of a million need different plans.
    # Statements with one good plan are prepared by ``database.prepared``, and psycopg would deallocate them with its
    # own at each rollback.
    connection.prepare_threshold = None
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(
        "SELECT 1 FROM pg_roles WHERE rolname = %s AND pg_has_role(current_user, oid, 'MEMBER')", [APPLICATION_ROLE]
    )
    if cursor.fetchone():
        cursor.execute(f"SET ROLE {APPLICATION_ROLE}")
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.execute("SET lock_timeout = '10s'")
    cursor.execute("SET statement_timeout = '60s'")
    cursor.execute("SET idle_in_transaction_session_timeout = '120s'")
    cursor.close()
    connection.autocommit = False


def _postgres_checkout(connection: Any, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
    """Discard a pooled connection that the server has closed.

    That costs no round trip: the termination message and the end of the stream are in the socket's buffer. A network
    that dropped silently leaves none; then the first statement fails, and ``transact`` retries.
    """
    try:
        for _message_then_end in range(2):
            connection.pgconn.consume_input()
    except connection.Error as error:
        raise DisconnectionError from error
    if connection.broken:
        raise DisconnectionError
