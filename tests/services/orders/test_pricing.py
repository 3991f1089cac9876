"""Pricing: whole cents, rounded once per line, and quantities that can be packed."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Problem
from core.kinds.standard import CENTS_MAX
from services.orders.pricing import (
    LineDraft,
    PricedLine,
    contained_tax_cents,
    price_line,
    price_lines,
    quantity_problem,
    rounded,
)
from services.products.prices import Article, TierPrice

DAY = date(2026, 11, 22)
MILK = Article(1, "MILK", "牛奶", "瓶", 1, 1, 130_000, True)
TEA = Article(2, "TEA", "茶", "盒", 12, 30, 130_000, True)
OFFER = TierPrice(80_0000, date(2026, 1, 1))


def priced(draft: LineDraft, article: Article | None = MILK, offer: TierPrice | None = OFFER):
    return price_line(draft, article, offer, "dealer", DAY)


def problem_of(
    draft: LineDraft, article: Article | None = MILK, offer: TierPrice | None = OFFER
) -> tuple[str, str, dict]:
    name, problem = priced(draft, article, offer)
    return name, problem.code, dict(problem.values)


@pytest.mark.parametrize(
    ("quantity", "unit_price", "total_cents", "tax_cents"),
    [
        (100, 80_0000, 8_000_00, 920_35),  # the worked example of the rules: net 7,079.65
        (50, 120_0000, 6_000_00, 690_27),  # net 5,309.73
        (3, 1_6650, 5_00, 58),  # 4.995 is rounded up to 5.00
        (1, 49, 0, 0),  # 0.0049
        (1, 50, 1, 0),  # 0.0050
        (36, 9_0833, 327_00, 37_62),  # 326.9988
        (10, 0, 0, 0),
    ],
)
def test_a_line_is_rounded_once_half_away_from_zero(quantity, unit_price, total_cents, tax_cents):
    line = priced(LineDraft("MILK", quantity), offer=TierPrice(unit_price, date(2026, 1, 1)))

    assert (line.total_cents, line.tax_cents) == (total_cents, tax_cents)


def test_the_tax_in_72000_at_13_percent_is_what_the_rules_say():
    assert contained_tax_cents(72_000_00, 130_000) == 8_283_19


@given(st.integers(1, 10**9), st.integers(0, 10**6), st.sampled_from([0, 30_000, 60_000, 90_000, 130_000, 1_000_000]))
def test_whole_numbers_and_decimals_agree(units, unit_price, tax_rate_ppm):
    cents = rounded(units * unit_price, 100)

    exact = (Decimal(units) * unit_price / 100).quantize(Decimal(1), ROUND_HALF_UP)
    tax_cents = contained_tax_cents(cents, tax_rate_ppm)
    assert cents == exact
    assert 0 <= tax_cents <= cents


@pytest.mark.parametrize(
    ("amount", "divisor", "result"), [(5, 10, 1), (-5, 10, -1), (4, 10, 0), (-4, 10, 0), (-15, 10, -2)]
)
def test_negative_amounts_are_rounded_as_positive_ones_are(amount, divisor, result):
    assert rounded(amount, divisor) == result


def test_boxes_count_as_many_units_as_they_hold():
    line = priced(LineDraft("TEA", 3, "box"), TEA)

    assert isinstance(line, PricedLine)
    assert (line.quantity, line.unit, line.units, line.total_cents) == (3, "box", 36, 2_880_00)


@pytest.mark.parametrize(
    ("draft", "article", "offer", "expected"),
    [
        (LineDraft("X", 1), None, None, ("sku", "products.not_found", {"key": "X"})),
        (LineDraft("MILK", 1), MILK._replace(is_active=False), OFFER, ("sku", "orders.product_inactive", {})),
        (LineDraft("MILK", 1), MILK, None, ("sku", "orders.no_price", {"tier": "经销商", "day": "2026-11-22"})),
        (LineDraft("MILK", 10**9), MILK, TierPrice(10**15, DAY), ("quantity", "orders.total_too_large", {})),
    ],
)
def test_a_line_that_cannot_be_ordered_says_why(draft, article, offer, expected):
    assert problem_of(draft, article, offer) == expected


@pytest.mark.parametrize(
    ("units", "unit", "code", "values"),
    [
        (0, "unit", "orders.quantity_not_positive", {}),
        (29, "unit", "orders.below_minimum", {"least": 36}),  # 30 needs three boxes of 12
        (24, "box", "orders.below_minimum", {"least": 3}),  # in boxes, as it was written
        (37, "unit", "orders.box_multiple", {"box": 12, "below": 36, "above": 48}),
        (30, "unit", "orders.box_multiple", {"box": 12, "above": 36}),  # 24 would be below the minimum
    ],
)
def test_a_wrong_quantity_is_refused_with_the_next_right_ones(units, unit, code, values):
    problem = quantity_problem(units, unit, TEA)

    assert isinstance(problem, Problem)
    assert (problem.code, problem.values) == (code, values)


@given(st.integers(1, 400), st.integers(1, 50), st.integers(1, 200))
def test_every_proposed_quantity_is_accepted(units, box_units, minimum):
    article = MILK._replace(box_units=box_units, minimum_quantity=minimum)

    problem = quantity_problem(units, "unit", article)

    proposals = (
        []
        if problem is None
        else [problem.values[name] for name in ("least", "below", "above") if name in problem.values]
    )
    assert (problem is None) == (units >= minimum and units % box_units == 0)
    assert [quantity_problem(proposal, "unit", article) for proposal in proposals] == [None] * len(proposals)
    assert problem is None or proposals


def test_every_wrong_line_is_named_and_a_product_comes_once():
    drafts = [LineDraft("MILK", 1), LineDraft("NOPE", 1), LineDraft("MILK", 2), LineDraft("TEA", 5)]

    lines, problems = price_lines(
        drafts, {"MILK": MILK, "TEA": TEA}, {("MILK", "dealer"): OFFER, ("TEA", "dealer"): OFFER}, "dealer", DAY
    )

    assert [line.sku for line in lines] == ["MILK"]
    assert [(p.position, p.field, p.problem.code) for p in problems] == [
        (1, "sku", "products.not_found"),
        (2, "sku", "orders.repeated_product"),
        (3, "quantity", "orders.below_minimum"),
    ]


def test_the_largest_amount_can_be_kept():
    line = priced(LineDraft("MILK", 1), offer=TierPrice(CENTS_MAX, DAY))

    assert line.total_cents == CENTS_MAX // 100
