"""Copy of all tables into an empty database, table by table, which goes on where it was when it was stopped.

Each table is one transaction, and how many rows it has and their checksum stand beside them from then on. Indexes and
foreign keys are made at the end; their statements wait in the database, so that another process can finish it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from sqlalchemy import Connection, inspect, text

from core.schema.relocation import ARRIVED, ARRIVING, MARK, Relocation, mark, relocation_of
from core.transfer.loading import advance_counters, load_rows, require_references, take_guards
from core.transfer.reading import TableFacts, read_lines, table_facts, without_time_limit
from core.transfer.shapes import TableShape, table_shapes

TABLES, GUARDS = "relocation_tables", "relocation_guards"


class TableDiffers(Exception):
    """A table of the copy is not equal to that of the source. ``args``: its name."""


def begin_copy(connection: Connection, relocation: Relocation) -> None:
    """Make a database with all tables of this release, but nothing else, ready; in the transaction of the caller."""
    mark(connection, relocation._replace(state=ARRIVING))
    statements = take_guards(connection)
    connection.exec_driver_sql(f"CREATE TABLE {GUARDS} (number integer NOT NULL, statement text NOT NULL)")
    connection.exec_driver_sql(
        f"CREATE TABLE {TABLES} (name text NOT NULL, rows bigint NOT NULL, checksum text NOT NULL)"
    )
    for number, statement in enumerate(statements):
        connection.execute(
            text(f"INSERT INTO {GUARDS} VALUES (:number, :statement)"),  # noqa: S608  (names of our own, here and below)
            {"number": number, "statement": statement},
        )


def copy_tables(source: Connection, target: Connection) -> tuple[dict[str, TableFacts], list[str]]:
    """Copy each table that is not complete; return the facts of all, and the names of those that were complete.

    Args:
        source: Sees a snapshot.
        target: As ``begin_copy`` left it, in no transaction.

    Raises:
        TableDiffers: A complete one is not that of the source any more.
        Errors of either driver.
    """
    with _transaction(target):
        complete, facts = copied_tables(target), {}
    for table in table_shapes():
        if table.name in complete:
            facts[table.name] = table_facts(source, table)
            if facts[table.name] != complete[table.name]:
                raise TableDiffers(table.name)
        else:
            with _transaction(target):
                facts[table.name] = _copy(source, target, table)
    return facts, sorted(complete)


def finish_copy(target: Connection, expected: dict[str, TableFacts]) -> None:
    """Compare what the database holds with ``expected``, and make it ready for use but for its mark.

    Raises:
        TableDiffers, BrokenReference: The rows are not those, or do not fit together.
        Errors of the driver.
    """
    with _transaction(target):
        for table in table_shapes():
            if table_facts(target, table) != expected[table.name]:
                raise TableDiffers(table.name)
        statements = target.exec_driver_sql(f"SELECT statement FROM {GUARDS} ORDER BY number")  # noqa: S608
        for statement in statements.scalars().all():
            target.exec_driver_sql(statement)
        advance_counters(target, table_shapes())
        if target.dialect.name == "sqlite":
            require_references(target)
        target.execute(text(f"UPDATE {MARK} SET state = :state"), {"state": ARRIVED})  # noqa: S608


def forget_copy(target: Connection) -> None:
    """Let the next move to a database begin from the start."""
    with _transaction(target):
        target.exec_driver_sql(f"UPDATE {MARK} SET id = ''")  # noqa: S608


def end_copy(target: Connection) -> None:
    """Remove what a copy needed, and with it the mark: the database is in use from now on."""
    with _transaction(target):
        for name in (GUARDS, TABLES, MARK):
            target.exec_driver_sql(f"DROP TABLE {name}")


def copied_tables(connection: Connection) -> dict[str, TableFacts]:
    """Return the facts of the tables that were copied into a database until now, by name."""
    rows = connection.exec_driver_sql(f"SELECT name, rows, checksum FROM {TABLES} ORDER BY name").all()  # noqa: S608
    return {name: TableFacts(count, checksum) for name, count, checksum in rows}


def copy_mark(connection: Connection) -> Relocation | None:
    """Return the mark of a database that a move began to copy to, None of any other."""
    return relocation_of(connection) if inspect(connection).has_table(TABLES) else None


def _copy(source: Connection, target: Connection, table: TableShape) -> TableFacts:
    digest = hashlib.sha256()

    def batches() -> Iterator[Sequence[Sequence[Any]]]:
        for line, _rows in read_lines(source, table):
            digest.update(line)
            yield orjson.loads(line)

    target.exec_driver_sql(f'DELETE FROM "{table.name}"')  # noqa: S608  (what migrations put there)
    facts = TableFacts(load_rows(target, table, batches()), digest.hexdigest())
    values = {"name": table.name, **facts._asdict()}
    target.execute(text(f"INSERT INTO {TABLES} VALUES (:name, :rows, :checksum)"), values)  # noqa: S608
    return facts


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")  # ignored within a transaction
    with connection.begin():
        without_time_limit(connection)
        yield
