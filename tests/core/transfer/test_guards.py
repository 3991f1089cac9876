"""Indexes, triggers and foreign keys around a load: the same as before, and they hold for what was loaded."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from core.database.paths import segment
from core.database.sessions import unit_of_work
from core.schema.shape import schema_faults, shape
from core.schema.versions import alone
from core.transfer.loading import BrokenReference, advance_counters, load_rows, without_guards
from core.transfer.reading import read_lines, snapshot
from core.transfer.shapes import table_shapes
from models.partners.partners import Partner
from tests.conftest import ADMIN

SHAPES = {table.name: table for table in table_shapes()}
BROKEN = (BrokenReference, DBAPIError)


def guards_of(engine: Engine) -> dict[str, Any]:
    """Return what protects the rows, as the database itself describes it to the letter."""
    queries = (
        ("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY type, name",)
        if engine.dialect.name == "sqlite"
        else (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1",
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
            " WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2",
        )
    )
    with engine.connect() as connection:
        found = {query: connection.execute(text(query)).all() for query in queries}
    return found | {"shape": shape(engine)}


@pytest.fixture
def owner(database: Engine) -> Iterator[Connection]:
    """Give a connection of the owner of the tables."""
    with alone(database) as connection:
        yield connection


def rows_of(connection: Connection, name: str) -> list[Any]:
    return [row for line, _count in read_lines(connection, SHAPES[name]) for row in orjson.loads(line)]


def changed(name: str, row: list[Any], **values: Any) -> list[Any]:
    names = [column.name for column in SHAPES[name].columns]
    return [values.get(column, value) for column, value in zip(names, row, strict=True)]


def load(connection: Connection, name: str, rows: list[Any]) -> None:
    with without_guards(connection):
        connection.exec_driver_sql("SELECT 1")  # begins the transaction
        load_rows(connection, SHAPES[name], [rows])


def test_guards_are_those_of_before_and_rows_are_loaded_below_them(database, owner):
    before = guards_of(database)
    user = rows_of(owner, "users")[0]
    owner.rollback()

    load(owner, "users", [changed("users", user, id=70, email="new@example.com")])
    owner.commit()

    assert guards_of(database) == before
    assert list(schema_faults(database)) == []
    assert changed("users", user, id=70, email="new@example.com") in rows_of(owner, "users")
    owner.rollback()


def test_a_reference_to_nothing_is_refused(database, owner):
    partner = rows_of(owner, "partners")[0]
    owner.rollback()

    with pytest.raises(BROKEN):
        load(owner, "partners", [changed("partners", partner, id=70, code="N", upstream_id=69, path=segment(70))])


def test_a_duplicate_that_a_unique_index_forbids_is_refused(database, owner):
    user = rows_of(owner, "users")[0]
    owner.rollback()

    with pytest.raises(DBAPIError):
        load(owner, "users", [changed("users", user, id=70)])  # the same e-mail address


@pytest.mark.parametrize(
    "spoil",
    [lambda row: row[:-1], lambda row: [*row, 1], lambda row: changed("users", row, id="x")],
    ids=["short", "long", "text for a number"],
)
def test_a_row_that_is_none_is_refused(database, owner, spoil):
    user = changed("users", rows_of(owner, "users")[0], id=70, email="new@example.com")
    owner.rollback()

    with pytest.raises(DBAPIError):
        load(owner, "users", [spoil(user)])


def test_the_next_row_gets_a_number_that_is_free(database, owner):
    partner = rows_of(owner, "partners")[0]
    owner.rollback()
    load(owner, "partners", [changed("partners", partner, id=500, code="N", path=segment(500))])
    advance_counters(owner, SHAPES.values())
    owner.commit()

    with unit_of_work(ADMIN) as session:
        row = Partner(code="M", name="M", tier="master_agent", path="-", valid_from=date(2026, 1, 1))
        session.add(row)
        session.flush()
        assert row.id == 501
        session.rollback()


def test_a_table_without_rows_begins_at_one(database, owner):
    advance_counters(owner, SHAPES.values())
    owner.commit()

    if database.dialect.name == "postgresql":
        assert owner.scalar(text("SELECT nextval(pg_get_serial_sequence('orders', 'id'))")) == 1
    assert rows_of(owner, "orders") == []
    owner.rollback()


def test_a_snapshot_does_not_see_what_is_written_meanwhile_and_has_no_time_limit(database):
    def count(connection: Connection) -> int:
        return len(rows_of(connection, "partners"))

    with snapshot(database) as connection:
        before = count(connection)
        with unit_of_work(ADMIN) as session:
            session.add(
                Partner(code="M", name="M", tier="master_agent", path=segment(900), valid_from=date(2026, 1, 1))
            )
        assert count(connection) == before
        if database.dialect.name == "postgresql":
            for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
                assert connection.scalar(text(f"SHOW {limit}")) == "0"

    with snapshot(database) as connection:
        assert count(connection) == before + 1


def test_every_table_of_the_product_can_be_read(database):
    with snapshot(database) as connection:
        counts = {table.name: sum(count for _line, count in read_lines(connection, table)) for table in SHAPES.values()}

    assert counts["users"] == 8 and counts["partners"] == 3
