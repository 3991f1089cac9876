"""Order and pages: total, alike on both databases, whole without a gap or a repeat, however deep."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from sqlalchemy import update

from core.access import Actor
from core.database.sessions import is_sqlite, reading, unit_of_work
from core.errors import InvalidInput
from core.queries import _plans, _positions, finding
from core.queries._building import compile_query
from core.queries._ordering import Sort, write_cursor
from core.queries.finding import find_page, matching_keys, read_query, stream_rows
from models.customers import Customer
from resources.customers import CUSTOMERS
from resources.partners import PARTNERS
from tests.conftest import (
    ADMIN,
    BEIFANG,
    BEIFANG_PATH,
    HUADONG,
    HUADONG_CLERK,
    HUADONG_PATH,
    LING,
    SUZHOU,
    SUZHOU_PATH,
    WEI,
)

BRANCHES = [(None, ""), (HUADONG, HUADONG_PATH), (SUZHOU, SUZHOU_PATH), (BEIFANG, BEIFANG_PATH)]
NAMES = ["a", "B", "É", "é", "上海", "北京", "_", "Z", "a b", "𠮷"]
CODES = {None: None, HUADONG: "HD", SUZHOU: "SZ", BEIFANG: "BF"}
SORTS = [
    "code",
    "-code",
    "name",
    "-name",
    "contact",
    "-contact",
    "contact,-name",
    "-contact,name",
    "partner",
    "-partner,code",
    "-created_at",
    "stage,-contact,name",
]


def add(count: int) -> None:
    """Add customers whose facts repeat in cycles of different lengths, with gaps."""
    with unit_of_work(ADMIN) as session:
        for number in range(count):
            partner, path = BRANCHES[number % 4]
            session.add(
                Customer(
                    code=f"C{number * 7919 % count:05}",
                    name=NAMES[number % 10],
                    contact=NAMES[number % 7] if number % 3 else None,
                    stage=("lead", "won", "lost")[number % 3],
                    partner_id=partner,
                    path=path,
                    created_at=datetime(2026, 11, 1 + number % 13, 12, 0, 0, number % 3, tzinfo=UTC),
                )
            )


def everything(actor: Actor, *pairs: tuple[str, str], resource=CUSTOMERS):
    return read_query(resource, actor, pairs)


def expected(actor: Actor, sort: str) -> list[str]:
    """Return the keys in the order that the words promise: empty last, texts byte by byte, then by number."""
    with reading(actor) as session:
        rows = list(session.query(Customer))
    rows.sort(key=lambda row: row.id, reverse=sort.split(",")[-1].startswith("-"))
    for part in reversed(sort.split(",")):
        name = part.removeprefix("-")
        values = {row.id: CODES[row.partner_id] if name == "partner" else getattr(row, name) for row in rows}
        values = {number: value.encode() if isinstance(value, str) else value for number, value in values.items()}
        filled = [row for row in rows if values[row.id] is not None]
        filled.sort(key=lambda row: values[row.id], reverse=part.startswith("-"))
        rows = filled + [row for row in rows if values[row.id] is None]
    return [row.code for row in rows]


def test_the_order_is_total_and_the_same_on_both_databases_by_cursor_by_offset_and_streamed(database):
    add(60)

    for sort in SORTS:
        promised = expected(WEI, sort)
        with reading(WEI) as session:
            query = everything(WEI, ("sort", sort), ("limit", "7"), ("fields", "code"))
            by_cursor, cursor = [], ""
            while cursor is not None:
                page = find_page(session, replace(query, cursor=cursor))
                by_cursor += [row["_key"] for row in page.rows]
                cursor = page.next_cursor
            by_offset = [
                row["_key"]
                for start in range(0, 63, 7)
                for row in find_page(session, replace(query, offset=start)).rows
            ]
            streamed = [row[0] for part in stream_rows(session, query, slice_rows=9) for row in part]

        assert by_cursor == promised, sort
        assert by_offset == promised, sort
        assert streamed == promised, sort


def test_a_row_that_is_added_before_a_cursor_neither_repeats_nor_hides_a_row(database):
    add(20)
    with reading(WEI) as session:
        first = find_page(session, everything(WEI, ("sort", "code"), ("limit", "5")))
    with unit_of_work(ADMIN) as session:
        session.add(Customer(code="A", name="first of all"))

    with reading(WEI) as session:
        second = find_page(session, everything(WEI, ("sort", "code"), ("limit", "5"), ("cursor", first.next_cursor)))

    assert [row["_key"] for row in first.rows + second.rows] == [f"C{number:05}" for number in range(10)]


def test_what_is_remembered_of_a_list_is_forgotten_and_belongs_to_one_scope(sqlite_database, monkeypatch):
    with reading(WEI) as session:
        _positions.totals(session, WEI, "customers").total = 5

        assert _positions.totals(session, WEI, "customers").total == 5
        assert _positions.totals(session, WEI, "customers", "x").total is None
        assert _positions.totals(session, HUADONG_CLERK, "customers").total is None
        monkeypatch.setattr(_positions, "KEPT_S", -1.0)
        assert _positions.totals(session, WEI, "customers").total is None


def test_short_lists_are_counted_exactly_and_long_ones_up_to_a_limit(database, monkeypatch):
    monkeypatch.setattr(finding, "COUNT_MAX", 10)
    monkeypatch.setattr(_positions, "COUNT_MAX", 10)
    add(11)

    def counted(*pairs) -> tuple:
        with reading(WEI) as session:
            page = find_page(session, everything(WEI, ("limit", "2"), *pairs))
        return page.total, page.total_is_exact

    assert counted() == (10, False)
    assert counted(("stage", "won")) == (4, True)
    assert counted(("offset", "10")) == (11, True)
    assert counted(("count", "none")) == (None, False)
    assert counted(("count", "exact")) == (11, True)
    assert counted(("offset", "40")) == (11, True)


def test_a_long_list_is_not_counted_up_to_the_limit_again_for_a_while(database, monkeypatch):
    monkeypatch.setattr(finding, "COUNT_MAX", 10)
    add(12)

    def counted() -> tuple:
        with reading(WEI) as session:
            page = find_page(session, everything(WEI, ("limit", "2"), ("stage__not", "contacted")))
        return page.total, page.total_is_exact

    assert counted() == (10, False)
    with unit_of_work(ADMIN) as session:
        session.execute(update(Customer).where(Customer.code < "C00004").values(stage="contacted"))
    assert counted() == (10, False)
    monkeypatch.setattr(_positions, "KEPT_S", -1.0)
    assert counted() == (8, True)


def test_a_new_row_is_counted_at_once(database):
    add(3)
    with reading(WEI) as session:
        before = find_page(session, everything(WEI, ("limit", "1"))).total

    with unit_of_work(ADMIN) as session:
        session.add(Customer(code="NEW", name="new"))

    with reading(WEI) as session:
        assert (before, find_page(session, everything(WEI, ("limit", "1"))).total) == (3, 4)


def test_sums_are_exact_over_the_whole_filter_and_not_for_who_may_not_see_the_amounts(database):
    summed = replace(PARTNERS, sums=("credit_limit",))

    def sums(actor: Actor, *pairs) -> dict:
        with reading(actor) as session:
            return find_page(session, read_query(summed, actor, [("limit", "1"), *pairs])).sums

    assert sums(LING) == {"credit_limit": "1100000.00"}
    assert sums(LING, ("code__not", "HD")) == {"credit_limit": "100000.00"}
    assert sums(LING, ("code", "nobody")) == {"credit_limit": "0.00"}
    assert sums(LING, ("sums", "0")) == {}
    assert sums(WEI) == {}


def test_sums_of_a_long_list_are_made_when_asked_for(database, monkeypatch):
    monkeypatch.setattr(finding, "COUNT_MAX", 2)
    monkeypatch.setattr(_positions, "COUNT_MAX", 2)
    summed = replace(PARTNERS, sums=("credit_limit",))

    with reading(LING) as session:
        unasked = find_page(session, read_query(summed, LING, [("limit", "1")]))
        compiled = find_page(session, read_query(summed, LING, [("limit", "1"), ("sums", "1")]))

    assert (unasked.sums, unasked.total_is_exact) == ({}, False)
    assert (compiled.sums, compiled.total, compiled.total_is_exact) == ({"credit_limit": "1100000.00"}, 3, True)


@pytest.mark.parametrize("sort", ["code", "-created_at", "contact"])
def test_a_cursor_from_elsewhere_is_refused(sqlite_database, sort):
    other = write_cursor(PARTNERS, (Sort("code"),), ["C1"])
    shorter = write_cursor(CUSTOMERS, (Sort(sort.removeprefix("-"), sort.startswith("-")),), [])
    nested = write_cursor(CUSTOMERS, (Sort(sort.removeprefix("-"), sort.startswith("-")),), [["x"], {"a": 1}])
    for cursor in (
        other,
        shorter,
        nested,
        "x",
        "%",
        "é",
        "bnVsbA",
        "W" * 9000,
        "MQ",
        write_cursor(CUSTOMERS, (Sort("code"),), ["a\x00"]),
    ):
        with pytest.raises(InvalidInput) as caught, reading(WEI) as session:
            find_page(session, read_query(CUSTOMERS, WEI, [("sort", sort), ("cursor", cursor)]))
        assert caught.value.code == "queries.bad_cursor"


def test_a_forged_cursor_shows_nothing_beyond_the_scope(database):
    add(20)
    forged = write_cursor(CUSTOMERS, (Sort("code"),), [""])

    with reading(HUADONG_CLERK) as session:
        page = find_page(session, everything(HUADONG_CLERK, ("sort", "code"), ("cursor", forged)))

    assert {row["partner"] for row in page.rows} == {"HD", "SZ"}
    assert len(page.rows) == 10


def test_all_matching_keys_are_given_or_refused(database):
    add(12)

    with reading(WEI) as session:
        query = everything(WEI, ("stage", "won"), ("sort", "code"))
        keys = matching_keys(session, query, rows_max=4)
        with pytest.raises(InvalidInput) as caught:
            matching_keys(session, query, rows_max=3)

    assert len(keys) == 4 and all(a < b for a, b in pairwise(keys))
    assert caught.value.code == "queries.too_many_rows"


def test_rows_are_the_same_whichever_way_they_are_read(database, monkeypatch):
    add(60)
    monkeypatch.setattr(_plans, "SMALL", 0)
    filters = [(), (("stage", "won,lost"),), (("partner__in", "SZ,HD"),), (("name__contains", "a"),), (("q", "上海"),)]
    way = {"walks": False}
    monkeypatch.setattr(_plans, "_walks_better", lambda *_: way["walks"])

    def found(actor: Actor, pairs: tuple, sort: str, *, walks: bool) -> list[str]:
        way["walks"] = walks
        with reading(actor) as session:
            return [row["_key"] for row in find_page(session, everything(actor, *pairs, ("sort", sort))).rows]

    for actor in (WEI, HUADONG_CLERK):
        for pairs in filters:
            for sort in ("code", "-created_at", "contact"):
                ranged = found(actor, pairs, sort, walks=False)

                assert found(actor, pairs, sort, walks=True) == ranged
                assert ranged


def test_many_rows_in_an_order_that_has_an_index_are_walked_on_sqlite(database, monkeypatch):
    add(60)
    monkeypatch.setattr(_plans, "SMALL", 0)

    def walks(actor: Actor, row_count: int, *pairs: tuple[str, str]) -> bool:
        with reading(actor) as session:
            compiled = compile_query(session, everything(actor, *pairs))
            with _plans.planned(session, compiled, row_count) as way:
                changed = way is not compiled
        return changed

    with reading(WEI) as session:
        sqlite = is_sqlite(session)
    assert walks(HUADONG_CLERK, 1, ("sort", "code")) == sqlite
    assert walks(WEI, 1, ("sort", "-code"), ("stage", "won")) == sqlite
    assert not walks(HUADONG_CLERK, 1_000, ("sort", "code"))
    assert not walks(HUADONG_CLERK, 1, ("sort", "name"))
    assert not walks(WEI, 1, ("sort", "code"))
