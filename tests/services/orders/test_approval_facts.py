"""What an approver is told before deciding."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from core.clock import freeze
from core.database.sessions import reading, unit_of_work
from core.errors import NotFound, NotPermitted
from models.partners.partners import Partner
from models.products import Product
from resources.prices import PRICES
from services.approvals.worklist import waiting_count
from services.orders.approval_facts import order_facts, waiting_orders
from services.orders.queries import waiting_numbers
from tests.conftest import ADMIN, LING, SUZHOU_CLERK, WEI
from tests.services.orders.support import add_range, approved, save, submitted

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


@pytest.fixture
def shop(database):
    add_range()
    return database


def facts(number: str, actor=LING):
    with reading(actor) as session:
        return order_facts(session, number)


def codes(number: str) -> list[str]:
    return [finding.code for finding in facts(number).findings]


def test_an_approver_sees_buyer_credit_history_and_prices(shop):
    with freeze(NOW - timedelta(days=91)):
        approved(SUZHOU_CLERK, ("MILK", 100))
    with freeze(NOW - timedelta(days=89)):
        approved(SUZHOU_CLERK, ("MILK", 10))
    with freeze(NOW):
        order = submitted(SUZHOU_CLERK, ("MILK", 5), ("TEA", 24), ship_to_region="320508")
        save(PRICES, ADMIN, {"sku": "MILK", "tier": "agent_1", "unit_price": "150", "valid_from": "2026-03-01"})

        seen = facts(order.number)

    assert (seen.buyer.code, seen.buyer.tier, seen.upstream) == ("SZ", "agent_1", ("HD", "华东总代"))
    assert (seen.history_count, seen.history_cents) == (1, 1_200_00)
    assert (seen.credit_used_cents, seen.credit_left_cents) == (12_000_00 + 1_200_00 + 840_00, 50_000_00 - 14_040_00)
    assert [(one.line.sku, one.price_today, one.difference_ppm) for one in seen.lines] == [
        ("MILK", 150_0000, -200_000),
        ("TEA", 10_0000, 0),
    ]
    assert (seen.waiting_since, seen.is_own, seen.rule.code) == (NOW, False, "approvals.every_order")
    assert [finding.code for finding in seen.findings] == ["orders.price_changed"]
    assert seen.findings[0].values == {"sku": "MILK", "before": "120", "after": "150"}


def test_what_looks_odd_is_said(shop):
    order = submitted(SUZHOU_CLERK, ("MILK", 5), ("TEA", 24))
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.code == "SZ").values(status="frozen", credit_limit_cents=1))
        session.execute(update(Product).where(Product.sku == "MILK").values(status="inactive"))
        session.execute(update(Product).where(Product.sku == "TEA").values(box_units=10))

    assert codes(order.number) == [
        "orders.buyer_not_active",
        "orders.credit_exceeded",
        "orders.region_unknown",
        "orders.product_inactive",
        "orders.box_multiple",
    ]


@pytest.mark.parametrize(("ship_to", "expected"), [("320508", []), ("330106", ["orders.region_differs"])])
def test_goods_that_go_to_another_city_are_pointed_out(shop, ship_to, expected):
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.code == "SZ").values(region="320505"))
    order = submitted(SUZHOU_CLERK, ship_to_region=ship_to)

    assert codes(order.number) == expected


def test_an_unlimited_buyer_has_no_credit_left_to_count(shop):
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.code == "SZ").values(credit_limit_cents=None))
    order = submitted(SUZHOU_CLERK)

    assert facts(order.number).credit_left_cents is None


def test_those_who_wait_longest_come_first(shop):
    late, early = NOW, NOW - timedelta(hours=3)
    with freeze(late):
        second = submitted(SUZHOU_CLERK)
    with freeze(early):
        first = submitted(ADMIN, buyer="HD")
    approved(SUZHOU_CLERK)

    with reading(LING) as session:
        waiting = waiting_orders(session)

    assert [(one.number, one.buyer_name, one.submitted_at) for one in waiting] == [
        (first.number, "华东总代", early),
        (second.number, "苏州代理", late),
    ]


def test_ones_own_order_is_neither_listed_nor_counted_among_what_waits(shop):
    submitted(ADMIN, buyer="HD")
    other = submitted(SUZHOU_CLERK)

    with reading(ADMIN) as session:
        listed = {one.number for one in waiting_orders(session)}
        assert listed == waiting_numbers(session, 10) == {other.number}
        assert waiting_count(session, "orders") == 1


def test_decisions_so_far_are_told(shop):
    order = approved(SUZHOU_CLERK)

    seen = facts(order.number)

    assert [(one.decision, one.person) for one in seen.decisions] == [("approved", "ling@example.com")]
    assert seen.waiting_since is None


@pytest.mark.parametrize("actor", [WEI, SUZHOU_CLERK])
def test_who_may_not_approve_is_told_nothing(shop, actor):
    order = submitted(SUZHOU_CLERK)

    with pytest.raises(NotPermitted):
        facts(order.number, actor)
    with reading(actor) as session:
        with pytest.raises(NotPermitted):
            waiting_orders(session)
        assert waiting_count(session, "orders") == 0


def test_an_unknown_number_is_not_found(shop):
    with pytest.raises(NotFound):
        facts("SO-1")
