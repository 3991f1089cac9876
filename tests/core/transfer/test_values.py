"""Values of every kind: what is read from either database and loaded into either is byte for byte the same there."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Double,
    Engine,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    insert,
    select,
    text,
)

import models  # noqa: F401  (maps every table)
from core.database.columns import BIG_ID, Instant, code_text
from core.database.sessions import Base
from core.transfer.loading import load_rows
from core.transfer.reading import LINE_ROWS_MAX, read_lines
from core.transfer.shapes import ColumnShape, TableShape, shapes_from_json, table_shapes
from tests.conftest import driver_url
from tests.support.postgres import empty_postgres_url

PROBES = Table(
    "probes",
    MetaData(),
    Column("code", code_text(80), primary_key=True),
    Column("id", BIG_ID, primary_key=True),
    Column("amount", BigInteger),
    Column("number", Double),
    Column("text", String(200)),
    Column("at", Instant),
    Column("day", Date),
    Column("flag", Boolean),
    Column("facts", JSON(none_as_null=True)),
    Column("content", LargeBinary),
)
KINDS = ("text", "integer", "integer", "number", "text", "instant", "date", "boolean", "json", "bytes")
SHAPE = TableShape("probes", tuple(map(ColumnShape, (column.name for column in PROBES.columns), KINDS)), ("code", "id"))
ODD_TEXTS = ("\t", "\\", "\\.", "\\N", "\n\r", '"', "'", "", " ", "渠道", "😀", "\x01\x7f\x85\u2028", "a\u0301")
TEXTS = st.sampled_from(ODD_TEXTS) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60
)
INTEGERS = st.sampled_from([-(2**63), -1, 0, 2**53 + 1, 2**63 - 1]) | st.integers(-(2**63), 2**63 - 1)
NUMBERS = st.sampled_from([1e-05, 0.1 + 0.2, -0.0, 30.0, 1e22, 5e-324, 1.7976931348623157e308]) | st.floats(
    allow_nan=False, allow_infinity=False
)
INSTANTS = st.datetimes(timezones=st.just(UTC)) | st.datetimes(timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=0)
)
FACTS = st.recursive(
    st.none() | st.booleans() | INTEGERS | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ROWS = st.fixed_dictionaries(
    {
        "code": TEXTS,
        "id": INTEGERS,
        "amount": st.none() | INTEGERS,
        "number": st.none() | NUMBERS,
        "text": st.none() | TEXTS,
        "at": st.none() | INSTANTS,
        "day": st.none() | st.dates(),
        "flag": st.none() | st.booleans(),
        "facts": st.none() | st.dictionaries(TEXTS, FACTS, max_size=3) | st.lists(FACTS, max_size=3),
        "content": st.none() | st.binary(max_size=40),
    }
)
EMPTY: dict[str, Any] = dict.fromkeys(column.name for column in PROBES.columns)
FAR: list[dict[str, Any]] = [
    EMPTY | {"code": "", "id": 1, "at": datetime(1, 1, 1, tzinfo=UTC), "day": date(1, 1, 1), "number": -0.0},
    EMPTY | {"code": "B", "id": 1, "at": datetime(9999, 12, 31, 23, 59, 59, 999999, UTC), "day": date(9999, 12, 31)},
    EMPTY | {"code": "a", "id": 1, "text": "\\.", "facts": {"\\.": ["\t\n", 1e-05, 30.0]}},
    EMPTY | {"code": "a", "id": -1, "content": b""},
    EMPTY | {"code": "é", "id": 1},
    EMPTY | {"code": "😀", "id": 1},
    EMPTY | {"code": "\ufb01", "id": 1},
]


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[dict[str, list[Engine]]]:
    """Give two databases of each kind with the empty table of the values."""
    folder = tmp_path_factory.mktemp("values")
    made = {
        "sqlite": [create_engine(f"sqlite:///{folder / str(number)}.db") for number in range(2)],
        "postgresql": [
            create_engine(driver_url(empty_postgres_url(f"values_{number}_{worker_id}"))) for number in range(2)
        ],
    }
    for engine in (*made["sqlite"], *made["postgresql"]):
        PROBES.metadata.create_all(engine)
    yield made
    for engine in (*made["sqlite"], *made["postgresql"]):
        engine.dispose()


def emptied(engine: Engine) -> Connection:
    connection = engine.connect()
    connection.execute(delete(PROBES))
    return connection


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
@pytest.mark.parametrize("origin", ["sqlite", "postgresql"])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(rows=st.lists(ROWS, max_size=8, unique_by=lambda row: (row["code"], row["id"])))
@example(rows=FAR)
def test_values_are_the_same_on_both_databases(engines, origin, to, rows):
    with emptied(engines[origin][0]) as source, emptied(engines[to][1]) as target:
        if rows:
            source.execute(insert(PROBES), rows)
        lines = list(read_lines(source, SHAPE))

        count = load_rows(target, SHAPE, batches(lines))

        assert count == len(rows)
        assert list(read_lines(target, SHAPE)) == lines
        key = PROBES.c.code.collate("C" if to == "postgresql" else "BINARY"), PROBES.c.id
        loaded = [dict(row) for row in target.execute(select(PROBES).order_by(*key)).mappings()]
        assert loaded == sorted(rows, key=lambda row: (row["code"].encode(), row["id"]))
        for connection in (source, target):
            connection.rollback()


def batches(lines: list[tuple[bytes, int]]) -> Iterator[Any]:
    for line, _count in lines:
        yield orjson.loads(line)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_rows_are_read_a_line_at_a_time_in_the_order_of_their_key(engines, kind):
    with emptied(engines[kind][0]) as connection:
        numbers = range(2 * LINE_ROWS_MAX + 1)
        connection.execute(insert(PROBES), [{"code": f"{number:05}", "id": 1} for number in reversed(numbers)])
        lines = read_lines(connection, SHAPE)

        first, count = next(lines)

        assert count == LINE_ROWS_MAX and len(orjson.loads(first)) == LINE_ROWS_MAX
        assert [row[0] for row in orjson.loads(first)] == [f"{number:05}" for number in numbers[:LINE_ROWS_MAX]]
        assert [count for _line, count in lines] == [LINE_ROWS_MAX, 1]
        connection.rollback()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_rows_are_loaded_while_they_are_read(engines, kind):
    taken = 0

    def endless() -> Iterator[Any]:
        nonlocal taken
        for taken in range(1, 10):
            yield [[str(taken), taken, *[None] * (len(KINDS) - 2)]]
        raise InterruptedError("the source is lost")

    with emptied(engines[kind][1]) as connection:
        with pytest.raises(InterruptedError):
            load_rows(connection, SHAPE, endless())
        connection.rollback()

    assert taken == 9
    with engines[kind][1].connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM probes")) == 0


def test_every_column_of_the_product_has_a_kind_and_every_table_a_key():
    shapes = table_shapes()

    assert {table.name for table in shapes} == set(Base.metadata.tables)
    assert [table.name for table in shapes if not table.key] == []
    assert shapes_from_json(json.loads(json.dumps(shapes))) == shapes


@pytest.mark.parametrize(
    "facts",
    [
        [["orders", [["id", "integer"]], ["id; DROP TABLE orders"]]],
        [['orders" --', [["id", "integer"]], ["id"]]],
        [["orders", [["id", "whole number"]], ["id"]]],
        [["orders", [["id"]], ["id"]]],
        [["orders"]],
        [7],
    ],
    ids=str,
)
def test_what_is_no_shape_is_refused(facts):
    with pytest.raises((ValueError, TypeError)):
        shapes_from_json(facts)
