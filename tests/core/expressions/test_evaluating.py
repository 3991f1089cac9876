"""What conditions mean for one row: three-valued logic, arithmetic in whole cents, days of the brand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import freeze
from core.database.sessions import reading
from core.errors import InvalidInput
from core.expressions.checking import require_size
from core.expressions.compiling import compiled_condition
from core.expressions.evaluating import evaluate
from core.expressions.nodes import DEPTH_MAX, And, Compare, Condition, Not, Or
from core.expressions.scope import Scope
from core.expressions.spans import days_of, instants_of
from core.expressions.texts.parsing import parse_condition
from models.orders import Order
from resources.orders import ORDERS
from resources.products import PRODUCTS
from tests.conftest import ADMIN

SCOPE = Scope.of(ORDERS, ADMIN)


def holds(text: str, **values: Any) -> bool | None:
    return evaluate(parse_condition(text, SCOPE), SCOPE, {name.replace("__", "."): one for name, one in values.items()})


def test_an_empty_value_makes_a_condition_unknown_unless_the_others_decide():
    assert holds("note = a") is None
    assert holds("not (note = a)") is None
    assert holds('note != "a"') is None
    assert holds("note is empty") is True
    assert holds("note = a or total > 1", total=200) is True
    assert holds("note = a and total > 1", total=100) is False
    assert holds("note = a and total > 1", total=200) is None
    assert holds('note not in ("a", "b")') is None


@pytest.mark.parametrize(
    ("text", "total", "tax", "expected"),
    [
        ("tax = total * 13%", 1_00, 13, True),
        ("tax = total * 13%", 50, 7, True),  # 6.5 cents
        ("tax = total * 13%", -50, -7, True),  # half away from zero
        ("tax = total / 3", 1_00, 33, True),
        ("tax = total / 3", 2_00, 67, True),
        ("tax / total > 13%", 1_00, 13, False),
        ("tax / total > 12.9999%", 1_00, 13, True),
        ("tax / total = 0.333333", 3, 1, True),
        ("tax / total > 1%", 0, 1, None),  # nothing is divided by zero
        ("total - tax >= 0.87", 1_00, 13, True),
        ("-tax < 0", 1_00, 13, True),
        ("total * 1000000 > 0", 10**15, 0, None),  # more than 64 bits hold
        ("total * 0.5 * 2 = total", 1, 0, False),  # each product is rounded
        ("total = 1%", 1, 0, True),  # of a yuan
    ],
)
def test_arithmetic_is_exact_in_cents_and_rounds_half_away_from_zero(text: str, total: int, tax: int, expected):
    assert holds(text, total=total, tax=tax) is expected


def test_shares_and_unit_prices_have_their_own_scales():
    scope = Scope.of(PRODUCTS, ADMIN)

    assert evaluate(parse_condition("tax_rate = 13%", scope), scope, {"tax_rate": 130_000}) is True
    assert evaluate(parse_condition("tax_rate * 2 = 0.26", scope), scope, {"tax_rate": 130_000}) is True


def test_a_region_means_everything_in_it_and_a_reference_its_key():
    assert holds("ship_to_region = 上海", ship_to_region="310106") is True
    assert holds("ship_to_region = 上海", ship_to_region="320500") is False
    assert holds("buyer = HD", buyer="HD") is True
    assert (
        holds("buyer contains 华东", buyer="HD", buyer__title="华东总代") is False
    )  # titles stand under "buyer__title"
    assert evaluate(parse_condition("buyer contains 华东", SCOPE), SCOPE, {"buyer": "HD", "buyer__title": "华东总代"})


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", date(2026, 12, 31), date(2026, 12, 31)),
        ("yesterday", date(2026, 12, 30), date(2026, 12, 30)),
        ("tomorrow", date(2027, 1, 1), date(2027, 1, 1)),
        ("3 days ago", date(2026, 12, 28), date(2026, 12, 28)),
        ("2 weeks ahead", date(2027, 1, 14), date(2027, 1, 14)),
        ("1 month ago", date(2026, 11, 30), date(2026, 11, 30)),
        ("2 months ahead", date(2027, 2, 28), date(2027, 2, 28)),
        ("1 year ago", date(2025, 12, 31), date(2025, 12, 31)),
        ("this week", date(2026, 12, 28), date(2027, 1, 3)),
        ("last week", date(2026, 12, 21), date(2026, 12, 27)),
        ("next month", date(2027, 1, 1), date(2027, 1, 31)),
        ("last month", date(2026, 11, 1), date(2026, 11, 30)),
        ("this quarter", date(2026, 10, 1), date(2026, 12, 31)),
        ("next quarter", date(2027, 1, 1), date(2027, 3, 31)),
        ("last year", date(2025, 1, 1), date(2025, 12, 31)),
    ],
)
def test_relative_dates_are_whole_days_of_the_calendar(text: str, first: date, last: date):
    with freeze(datetime(2026, 12, 31, 3, 0, tzinfo=UTC)):
        condition = parse_condition(f"placed_at = {text}", SCOPE)
    assert isinstance(condition, Compare)

    begun, after = days_of(condition.right, date(2026, 12, 31))  # type: ignore[arg-type]

    assert (begun, after.toordinal() - 1) == (first, last.toordinal())
    midnight = instants_of(condition.right, date(2026, 12, 31))[0]  # type: ignore[arg-type]
    assert midnight == datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.parametrize(
    "leaf",
    [
        "buyer.upstream.upstream.credit_limit = total",
        "total * (tax / (total - tax * (tax / (total + tax)))) > tax",
        "total - (tax - (total - (tax - (total - (tax - total))))) > buyer.credit_limit * 0.5",
    ],
)
def test_the_deepest_condition_is_within_what_the_databases_take(database, leaf: str):
    """The parser of SQLite has room for 100 levels."""
    deep: Condition = parse_condition(leaf, SCOPE)
    plain = parse_condition("total > 1", SCOPE)
    ways = (Not, lambda inner: And((inner, plain)), lambda inner: Or((plain, inner)))
    for level in range(DEPTH_MAX):
        deeper = ways[level % 3](deep)
        try:
            require_size(deeper)
        except InvalidInput:
            break
        deep = deeper

    with reading(ADMIN) as session:
        where = compiled_condition(session, deep, SCOPE, {})
        assert session.scalars(select(Order.id).where(where)).all() == []
