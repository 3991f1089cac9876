"""Loading of tables in the neutral form into a database whose tables are empty.

Indexes, foreign keys and the triggers of SQLite are taken away meanwhile and made again at the end, when all rows are
there: that is several times as fast, the order of the tables does not matter, and what they demand is checked just the
same.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from core.transfer.shapes import TableShape

Row = Sequence[Any]
_POSTGRES_KEYS = text(
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY conname"
)
_POSTGRES_INDEXES = text(
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
    " JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = current_schema()::regnamespace"
    " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY 1"
)
_SQLITE_PARTS = (
    "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid"
)


class BrokenReference(Exception):
    """A loaded row refers to a row that is not there."""


@contextmanager
def without_guards(connection: Connection) -> Iterator[None]:
    """Take indexes, triggers and foreign keys away for the time of the block; make and check them at its end.

    PostgreSQL does all of it within the transaction of the caller, which must be that of the tables' owner. On SQLite
    the connection must be in no transaction yet, and the file must be nobody else's.

    Raises:
        BrokenReference: SQLite found a row that refers to nothing.
        sqlalchemy.exc.DBAPIError: PostgreSQL found one, or either found rows that a unique index forbids.
    """
    if connection.dialect.name == "sqlite":
        with _sqlite_without_guards(connection):
            yield
        return
    statements = take_guards(connection)
    yield
    for statement in statements:
        connection.exec_driver_sql(statement)


def take_guards(connection: Connection) -> list[str]:
    """Drop what guards the rows, and return the statements that make it again.

    These are indexes and, of PostgreSQL, foreign keys or, of SQLite, triggers.
    """
    if connection.dialect.name == "sqlite":
        parts = connection.exec_driver_sql(_SQLITE_PARTS).all()
        for kind, name, _sql in parts:
            connection.exec_driver_sql(f'DROP {kind} "{name}"')
        return [sql for _kind, _name, sql in parts]
    keys, indexes = connection.execute(_POSTGRES_KEYS).all(), connection.execute(_POSTGRES_INDEXES).all()
    for table, name, _definition in keys:
        connection.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for index, _definition in indexes:
        connection.exec_driver_sql(f"DROP INDEX {index}")
    made_again = [f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}' for table, name, definition in keys]
    return [definition for _index, definition in indexes] + made_again


@contextmanager
def _sqlite_without_guards(connection: Connection) -> Iterator[None]:
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF")  # ignored within a transaction
    try:
        statements = take_guards(connection)
        yield
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
        require_references(connection)
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def require_references(connection: Connection) -> None:
    """Check the foreign keys of a SQLite database. Raises ``BrokenReference``."""
    driver: Any = connection.connection.driver_connection
    broken = driver.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise BrokenReference(f"{broken[0]} row {broken[1]} refers to a missing row of {broken[2]}")


def load_rows(connection: Connection, table: TableShape, batches: Iterable[Sequence[Row]]) -> int:
    """Insert rows in the neutral form and return how many they were.

    Raises:
        sqlalchemy.exc.DBAPIError: The table lacks a column, or refuses a value.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    bytes_at = [at for at, column in enumerate(table.columns) if column.kind == "bytes"]
    if bytes_at:
        batches = (_with_bytes(batch, bytes_at) for batch in batches)
    with _database_errors(connection):
        return (_load_sqlite if is_sqlite else _load_postgres)(connection, table, batches)


@contextmanager
def _database_errors(connection: Connection) -> Iterator[None]:
    """Raise errors of the driver as those of SQLAlchemy, as where it runs a statement itself."""
    driver: Any = connection.dialect.dbapi
    try:
        yield
    except driver.Error as error:
        raise DBAPIError.instance(None, None, error, driver.Error, dialect=connection.dialect) from error


def advance_counters(connection: Connection, tables: Iterable[TableShape]) -> None:
    """Let PostgreSQL number the next rows of tables after those that were loaded; SQLite does so by itself."""
    if connection.dialect.name == "sqlite":
        return
    for table in tables:
        for name in table.key:
            counter = connection.scalar(
                text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": f'"{table.name}"', "column": name}
            )
            if counter is not None:
                newest = f'(SELECT max("{name}") FROM "{table.name}")'  # noqa: S608  (names of our own schema)
                connection.execute(
                    text(f"SELECT setval(:counter, coalesce({newest}, 1), {newest} IS NOT NULL)"), {"counter": counter}
                )


def _load_sqlite(connection: Connection, table: TableShape, batches: Iterable[Sequence[Row]]) -> int:
    driver: Any = connection.connection.driver_connection
    marks = ", ".join("?" * len(table.columns))
    statement = f'INSERT INTO "{table.name}" ({_columns(table)}) VALUES ({marks})'  # noqa: S608  (as above)
    count = 0
    for batch in batches:
        driver.executemany(statement, batch)
        count += len(batch)
    return count


def _load_postgres(connection: Connection, table: TableShape, batches: Iterable[Sequence[Row]]) -> int:
    driver: Any = connection.connection.driver_connection
    count = 0
    with driver.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'UTC'")
        with cursor.copy(f'COPY "{table.name}" ({_columns(table)}) FROM STDIN') as copy:
            for batch in batches:
                for row in batch:
                    copy.write_row(row)
                count += len(batch)
    return count


def _columns(table: TableShape) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


def _with_bytes(batch: Sequence[Row], positions: Sequence[int]) -> list[list[Any]]:
    rows = [list(row) for row in batch]
    for row in rows:
        for at in positions:
            if row[at] is not None:
                row[at] = bytes.fromhex(row[at])
    return rows
