"""Prices: one for each product, tier and first day; the one that began last holds."""

from datetime import date

import pytest
from sqlalchemy import select

from core.access import Actor
from core.database.sessions import reading
from core.errors import InvalidInput, NotPermitted
from core.permissions import Role
from models.prices import Price
from resources.prices import PRICES
from services.products.prices import price_catalogue, save_prices
from services.saving.plans import SaveOptions
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK, SUZHOU_CLERK, WEI
from tests.services.orders.support import add_range, save

MARKETING = Actor("lan@example.com", Role.MARKETING, "lan@example.com", 20, language="en")


@pytest.fixture
def shop(database):
    add_range()
    return database


def price_on(day: date, tier: str = "master_agent", actor: Actor = ADMIN) -> int | None:
    with reading(actor) as session:
        offer = price_catalogue(session, ["MILK"], [tier], day).offers.get(("MILK", tier))
    return None if offer is None else offer.unit_price


def row(**values) -> dict:
    return {"sku": "MILK", "tier": "master_agent", "unit_price": "88", "valid_from": "2026-06-01"} | values


def test_a_new_price_supersedes_the_older_one_from_its_first_day(shop):
    saved = save(PRICES, MARKETING, row())

    assert (saved.created, saved.problems) == (1, [])
    assert price_on(date(2026, 5, 31)) == 100_0000
    assert price_on(date(2026, 6, 1)) == 88_0000


def test_a_promotion_that_ends_gives_way_to_the_older_price(shop):
    save(PRICES, MARKETING, row(valid_to="2026-06-18"))

    assert price_on(date(2026, 6, 17)) == 88_0000
    assert price_on(date(2026, 6, 18)) == 100_0000


def test_before_the_first_day_and_for_other_tiers_there_is_no_price(shop):
    assert price_on(date(2025, 12, 31)) is None
    assert price_on(date(2026, 6, 1), "dealer") is None


def test_the_same_day_again_corrects_the_price_and_records_it(shop):
    save(PRICES, MARKETING, row())

    saved = save(PRICES, MARKETING, row(unit_price="9.0833", tier="总代理"))

    assert (saved.created, saved.updated) == (0, 1)
    assert price_on(date(2026, 6, 1)) == 9_0833


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"sku": "NOPE"}, "sku", "products.not_found"),
        ({"unit_price": "1.23456"}, "unit_price", "number.decimals"),
        ({"unit_price": "-1"}, "unit_price", "money.out_of_range"),
        ({"tier": "emperor"}, "tier", "choice.unknown"),
        ({"valid_to": "2026-06-01"}, "valid_to", "prices.days_out_of_order"),
        ({"valid_from": ""}, "valid_from", "fields.required"),
    ],
)
def test_a_wrong_price_is_refused_and_named(shop, wrong, field, code):
    saved = save(PRICES, MARKETING, row(**wrong), row(valid_from="2026-07-01"))

    assert (saved.created, [(p.row, p.field, p.problem.code) for p in saved.problems]) == (1, [(2, field, code)])
    assert price_on(date(2026, 6, 1)) == 100_0000


def test_prices_are_found_by_nothing_but_their_key(shop):
    with reading(MARKETING) as session, pytest.raises(InvalidInput) as refused:
        save_prices(session, None, SaveOptions(match="tier"))

    assert refused.value.code == "prices.match_not_possible"


@pytest.mark.parametrize("actor", [WEI, HUADONG_CLERK])
def test_who_may_not_edit_prices_changes_nothing(shop, actor):
    with pytest.raises(NotPermitted):
        save(PRICES, actor, row())

    assert price_on(date(2026, 6, 1)) == 100_0000


def test_a_partner_sees_the_prices_of_its_own_tier_and_no_other(shop):
    expected = {HUADONG_CLERK: {"master_agent"}, BEIFANG_CLERK: {"master_agent"}, SUZHOU_CLERK: {"agent_1"}}
    for actor, tiers in expected.items():
        with reading(actor) as session:
            assert set(session.scalars(select(Price.tier))) == tiers
    with reading(WEI) as session:
        assert set(session.scalars(select(Price.tier))) == {"master_agent", "agent_1"}


def test_who_orders_for_a_partner_below_gets_that_partners_price(shop):
    assert price_on(date(2026, 6, 1), "agent_1", HUADONG_CLERK) == 120_0000
