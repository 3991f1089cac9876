"""Pivots: every cell and every total is what counting by hand gives, and leads to exactly its rows."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import BRAND_ZONE
from core.database.sessions import reading, unit_of_work
from core.errors import InvalidInput, NotPermitted
from core.permissions import Role
from core.queries.finding import GridQuery, find_page, read_query
from models.customers import Customer
from models.orders import Order
from resources import ALL
from resources.customers import CUSTOMERS
from resources.orders import ORDERS
from resources.prices import PRICES
from services.reports import _pivoting, pivots
from services.reports.dimensions import Dimension, Figure, dimensions_of, figures_of, period_of
from services.reports.pivots import Pivot, pivot, read_pivot
from tests.conftest import ADMIN, BEIFANG, BEIFANG_PATH, HUADONG, HUADONG_PATH, LING, SUZHOU, SUZHOU_CLERK, SUZHOU_PATH

PATHS = {HUADONG: HUADONG_PATH, SUZHOU: SUZHOU_PATH, BEIFANG: BEIFANG_PATH}
CODES = {HUADONG: "HD", SUZHOU: "SZ", BEIFANG: "BF"}
STATUSES = ("draft", "submitted", "approved", "shipped")
AMOUNTS = st.none() | st.integers(-(10**15), 10**15)
INSTANTS = st.integers(631_152_000, 4_102_444_800).map(lambda second: datetime.fromtimestamp(second, UTC))


def add_orders(count: int = 300, seed: int = 7) -> list[dict]:
    chance = random.Random(seed)
    rows = []
    with unit_of_work(ADMIN) as session:
        for number in range(count):
            buyer = chance.choice(list(PATHS))
            row = {
                "number": f"SO{number:04}",
                "buyer_id": buyer,
                "path": PATHS[buyer],
                "status": chance.choice(STATUSES),
                "total_cents": chance.randrange(10**11),
                "tax_cents": 0,
                "content_sha256": "",
                "placed_by": "",
                "created_at": datetime(2025, 12, 28, 15, 30, tzinfo=UTC) + timedelta(hours=chance.randrange(4_000)),
                "ship_to_region": chance.choice([None, "310000", "310106", "320508"]),
            }
            rows.append(row)
            session.add(Order(**row))
    return rows


def asked(actor=ADMIN, resource=ORDERS, **stated: str) -> Pivot:
    with reading(actor) as session:
        return pivot(session, read_pivot(resource, actor, list(stated.items())))


def rows_behind(found: Pivot, line, column, actor=ADMIN, resource=ORDERS) -> int:
    with reading(actor) as session:
        query = read_query(resource, actor, [*found.address(line, column), ("count", "exact")], from_address=True)
        return find_page(session, query).total


def month(at: datetime) -> str:
    return at.astimezone(BRAND_ZONE).strftime("%Y-%m-01")


@pytest.mark.usefixtures("database")
def test_cells_and_totals_are_those_of_counting_by_hand_and_of_the_foot_of_the_list():
    rows = add_orders()
    expected: dict = defaultdict(int)
    for row in rows:
        expected[(CODES[row["buyer_id"]],), month(row["created_at"])] += row["total_cents"]

    found = asked(by="buyer", across="placed_at:month", measure="sum:total")

    assert found.cells == dict(expected)
    assert sum(found.line_totals.values()) == sum(found.column_totals.values()) == found.total
    with reading(ADMIN) as session:
        foot = find_page(session, GridQuery(resource=ORDERS, fields=("number",), sums=True)).sums["total"]
    assert ORDERS.field("total").kind.dump(found.total) == foot
    assert found.titles["buyer", "HD"] == "华东总代"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "stated",
    [
        {},
        {"status": "draft,approved", "placed_at": "2026-01-10..2026-04-20"},
        {"ship_to_region": "310000", "buyer": "总代"},
        {"placed_at__from": "2026-01-10", "placed_at": "2026-02-05.."},
        {"placed_at": "2026-03-06"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("by", "across"),
    [
        ("status", "placed_at:week"),
        ("ship_to_region:province", "buyer"),
        ("buyer,status", "placed_at:quarter"),
        ("placed_at:year", ""),
    ],
)
def test_each_cell_leads_to_exactly_its_rows(stated, by, across):
    add_orders(120)

    found = asked(by=by, across=across, **stated)

    assert found.total == found.row_count == rows_behind(found, None, None) > 0
    for line, count in found.line_totals.items():
        assert rows_behind(found, line, None) == count
    for (line, column), count in found.cells.items():
        assert rows_behind(found, line, column) == count
    for column, count in found.column_totals.items():
        assert rows_behind(found, None, column) == count


@pytest.mark.usefixtures("database")
def test_a_partner_groups_the_rows_of_the_own_branch_only():
    rows = add_orders(60)

    found = asked(SUZHOU_CLERK, by="status", measure="sum:total")

    own = [row for row in rows if row["buyer_id"] == SUZHOU]
    assert found.row_count == len(own) < len(rows)
    assert found.total == sum(row["total_cents"] for row in own)


@pytest.mark.usefixtures("database")
def test_a_row_referred_to_that_the_caller_does_not_see_is_none_as_in_the_list_that_its_figure_leads_to():
    with unit_of_work(ADMIN) as session:
        for code, partner_id in (("C1", HUADONG), ("C2", None), ("C3", SUZHOU)):
            session.add(Customer(code=code, name="n", path=SUZHOU_PATH, partner_id=partner_id))

    found = asked(SUZHOU_CLERK, CUSTOMERS, by="partner")

    assert found.lines == [("SZ",), (pivots.EMPTY,)] and found.cells == {} and found.total == 3
    assert found.line_totals == {("SZ",): 1, (pivots.EMPTY,): 2}
    address = found.address((pivots.EMPTY,), None)
    assert address == [("partner__empty", "1")]
    with reading(SUZHOU_CLERK) as session:
        page = find_page(session, read_query(CUSTOMERS, SUZHOU_CLERK, address, from_address=True))
    assert {row["_key"] for row in page.rows} == {"C1", "C2"}


def test_what_is_confidential_cannot_be_grouped_or_measured():
    names = {str(one) for one in (*dimensions_of(PRICES, SUZHOU_CLERK), *figures_of(PRICES, SUZHOU_CLERK))}
    hidden = {field.name for field in PRICES.fields} - {field.name for field in PRICES.fields_for(SUZHOU_CLERK)}

    assert not {name for name in names for one in hidden if one in name.split(":")}


@pytest.mark.usefixtures("sqlite_database")
@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"by": "note"}, "reports.unknown_dimension"),
        ({"by": "status", "across": "placed_at:day"}, "reports.unknown_dimension"),
        ({"measure": "sum:number"}, "reports.unknown_measure"),
        ({"measure": "median:total"}, "reports.unknown_measure"),
        ({"by": "status,buyer,placed_at:year"}, "reports.too_many_dimensions"),
        ({"nonsense": "1"}, "queries.unknown_field"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused_by_name(stated, code):
    with pytest.raises(InvalidInput) as refused:
        asked(**stated)

    assert refused.value.code == code and refused.value.text


@pytest.mark.usefixtures("sqlite_database")
@pytest.mark.parametrize(("limit", "code"), [("ROWS_MAX", "reports.too_many_rows"),
                                             ("GROUPS_MAX", "reports.too_many_groups"),
                                             ("COLUMNS_MAX", "reports.too_many_groups")])  # fmt: skip
def test_a_pivot_beyond_its_limits_is_refused_in_words(monkeypatch, limit, code):
    add_orders(20)
    monkeypatch.setattr(pivots, limit, 2)

    with pytest.raises(InvalidInput) as refused:
        asked(by="status", across="placed_at:week")

    assert refused.value.code == code and "2" in refused.value.text


@pytest.mark.usefixtures("sqlite_database")
def test_who_may_not_see_a_list_cannot_group_it():
    nobody = LING.__class__("hr@example.com", Role.HR, language="en")

    with pytest.raises(NotPermitted):
        asked(nobody, by="status")


@pytest.mark.usefixtures("sqlite_database")
def test_a_list_without_rows_has_no_groups_and_a_total_of_none():
    found = asked(by="buyer", across="status", measure="sum:total")

    assert (found.lines, found.columns, found.cells, found.total) == ([], [], {}, 0)


@settings(deadline=None)  # the first example loads what the others use
@given(
    st.lists(st.tuples(st.sampled_from([None, "a", "b"]), st.none() | INSTANTS, AMOUNTS), max_size=60),
    st.sampled_from(["year", "quarter", "month", "week"]),
    st.integers(1, 20),
)
def test_groups_are_exact_to_the_cent_for_any_rows_in_any_slices(rows, grain, slice_rows):
    expected: dict = defaultdict(list)
    for text, at, amount in rows:
        day = at and at.astimezone(BRAND_ZONE).date()
        start = day and {
            "year": lambda d: date(d.year, 1, 1),
            "quarter": lambda d: date(d.year, (d.month - 1) // 3 * 3 + 1, 1),
            "month": lambda d: date(d.year, d.month, 1),
            "week": lambda d: d - timedelta(days=d.weekday()),
        }[grain](day)
        expected[text or "", start.isoformat() if start else ""].append(amount)

    groups = _pivoting.Groups(["value", grain])
    for start in range(0, len(rows), slice_rows):
        groups.add(rows[start : start + slice_rows])
    groups.fold()
    frame = groups.frame([{}, {}])

    def by_hand(amounts):
        known = [amount for amount in amounts if amount is not None]
        return len(amounts), len(known), sum(known), min(known, default=None), max(known, default=None)

    assert _pivoting.pivot_totals(frame, [0, 1]) == {key: by_hand(amounts) for key, amounts in expected.items()}
    everything = {(): by_hand([amount for _, _, amount in rows])} if rows else {}
    assert _pivoting.pivot_totals(frame, []) == everything
    for _, key in expected:
        if key:
            first, after = period_of(grain, key)
            assert first.isoformat() == key < after.isoformat()


def test_a_slice_of_the_largest_amounts_does_not_overflow():
    groups = _pivoting.Groups(["value"])
    groups.add([("a", 10**15)] * _pivoting.SLICE_ROWS)
    groups.add([("a", 10**15)] * _pivoting.SLICE_ROWS)
    groups.fold()

    assert _pivoting.pivot_totals(groups.frame([{}]), [])[()][2] == 2 * _pivoting.SLICE_ROWS * 10**15


@pytest.mark.parametrize(
    ("total", "count", "average"), [(5, 2, 3), (-5, 2, -3), (1, 3, 0), (2, 3, 1), (-2, 3, -1), (0, 0, None)]
)
def test_an_average_is_rounded_half_away_from_zero(total, count, average):
    amount = Figure("average", ORDERS.field("total"))

    assert pivots.figure_of(amount, (count, count, total, None, None)) == average


def test_dimensions_are_named_as_addresses_write_them():
    assert str(Dimension(ORDERS.field("placed_at"), "month")) == "placed_at:month"
    assert str(Dimension(ORDERS.field("status"), "value")) == "status"


def test_no_field_of_a_list_is_called_as_a_parameter_of_pivots():
    assert {name for one in ALL for name in one.names if name in pivots.PARAMETERS} == set()
