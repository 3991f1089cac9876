"""Reading of tables in the neutral form, within one snapshot of the database."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Engine

from core.transfer.shapes import ColumnShape, TableShape

LINE_ROWS_MAX = 1_000
"""Rows of one line. Checksums depend on it, so it is part of the format."""

_SQLITE_FORMS = {
    "bytes": "CASE WHEN {name} IS NOT NULL THEN hex({name}) END",  # hex(NULL) is an empty text
    "instant": "substr({name} || '.000000', 1, 26)",  # whole seconds may be stored without a fraction
}
_POSTGRES_FORMS = {
    "bytes": "upper(encode({name}, 'hex'))",
    "boolean": "{name}::int",
    "date": "to_char({name}, 'YYYY-MM-DD')",
    "instant": "to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
    "json": "{name}::text",
    "number": "{name} + 0.0",  # SQLite has no -0.0
}


class TableFacts(NamedTuple):
    """Content of a table: how many rows, and the SHA-256 of its lines in the neutral form."""

    rows: int
    checksum: str


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Provide a connection that sees the database as it is now until the end, however late, and blocks no writer."""
    options = {"read_only": True} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**options) as connection:
        connection.exec_driver_sql("SELECT 1 FROM alembic_version").all()  # the first statement begins the snapshot
        without_time_limit(connection)
        try:
            yield connection
        finally:
            connection.rollback()


def without_time_limit(connection: Connection) -> None:
    """Let the transaction of a connection last as long as large tables and files do."""
    if connection.dialect.name == "postgresql":
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {limit} = 0")


def read_lines(connection: Connection, table: TableShape) -> Iterator[tuple[bytes, int]]:
    """Yield the rows of a table as lines: a JSON array of up to ``LINE_ROWS_MAX`` rows each, and how many they are.

    Rows are in the order of their key, so equal tables are equal lines on both databases.
    """
    for rows in _rows(connection, table):
        yield orjson.dumps(rows, option=orjson.OPT_APPEND_NEWLINE), len(rows)


def table_facts(connection: Connection, table: TableShape) -> TableFacts:
    """Return the facts of a table."""
    digest, count = hashlib.sha256(), 0
    for line, rows in read_lines(connection, table):
        digest.update(line)
        count += rows
    return TableFacts(count, digest.hexdigest())


def _rows(connection: Connection, table: TableShape) -> Iterator[list[Any]]:
    is_sqlite = connection.dialect.name == "sqlite"
    forms = _SQLITE_FORMS if is_sqlite else _POSTGRES_FORMS
    columns = ", ".join(_expression(column, forms) for column in table.columns)
    order = ", ".join(_ordered(table, name, is_sqlite=is_sqlite) for name in table.key)
    query = f'SELECT {columns} FROM "{table.name}" ORDER BY {order}'  # noqa: S608  (names of our own schema)
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor() if is_sqlite else driver.cursor(name="transfer")
    try:
        cursor.execute(query)
        while rows := cursor.fetchmany(LINE_ROWS_MAX):
            yield rows
    finally:
        cursor.close()


def _expression(column: ColumnShape, forms: dict[str, str]) -> str:
    return forms.get(column.kind, "{name}").format(name=f'"{column.name}"')


def _ordered(table: TableShape, name: str, *, is_sqlite: bool) -> str:
    kind = next(column.kind for column in table.columns if column.name == name)
    return f'"{name}"' if is_sqlite or kind != "text" else f'"{name}" COLLATE "C"'
