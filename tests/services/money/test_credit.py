"""Credit: what is used is always the sum of the orders that use it, whatever happens to them."""

import random

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from core.database.sessions import reading, unit_of_work
from core.errors import DomainError
from models.money.credit import CreditBalance
from models.orders import USES_CREDIT, Order
from models.partners.partners import Partner
from services.money.credit import credit_differences
from services.orders.approval import approve_order, reject_order, return_order
from services.orders.lifecycle import change_order, discard_order, place_order, submit_order, withdraw_order
from services.orders.shipping import ship_order
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG, HUADONG_CLERK, HUADONG_PATH, LING, SUZHOU, SUZHOU_CLERK
from tests.services.orders.support import add_range, books_are_right, draft, submitted, used

STEPS_TAKEN = 60
STEPS = {
    "place": lambda session, number, lines: place_order(session, draft(*lines, buyer="SZ")),
    "place and submit": lambda session, number, lines: place_order(session, draft(*lines, buyer="HD"), submit=True),
    "change": lambda session, number, lines: change_order(session, number, draft(*lines)),
    "submit": lambda session, number, lines: submit_order(session, number),
    "withdraw": lambda session, number, lines: withdraw_order(session, number),
    "discard": lambda session, number, lines: discard_order(session, number),
    "approve": lambda session, number, lines: approve_order(session, number),
    "reject": lambda session, number, lines: reject_order(session, number, "no"),
    "return": lambda session, number, lines: return_order(session, number, "change it"),
    "ship": lambda session, number, lines: ship_order(session, number),
}


@pytest.fixture
def shop(database):
    add_range()
    return database


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_used_is_the_sum_of_the_orders_after_any_sequence_of_steps(shop, seed):
    chance = random.Random(seed)
    done: set[str] = set()
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.code == "SZ").values(credit_limit_cents=5_000_00))

    for _ in range(STEPS_TAKEN):
        with reading(ADMIN) as session:
            numbers = list(session.scalars(select(Order.number)))
        name = chance.choice(list(STEPS))
        number = chance.choice([*numbers, "SO-0"])
        lines = [("MILK", chance.randint(1, 20)), ("TEA", 12 * chance.randint(2, 9))]
        actor = LING if name in {"approve", "reject", "return", "ship"} else HUADONG_CLERK
        try:
            with unit_of_work(actor) as session:
                STEPS[name](session, number, lines)
            done.add(name)
        except DomainError:
            pass  # refused; the sums below tell whether it left anything behind

        with reading(ADMIN) as session:
            sums = dict.fromkeys((HUADONG, SUZHOU), 0)
            for buyer_id, cents in session.execute(
                select(Order.buyer_id, Order.total_cents).where(Order.status.in_(USES_CREDIT))
            ):
                sums[buyer_id] += cents
        assert {partner_id: used(partner_id) for partner_id in sums} == sums
        assert used(SUZHOU) <= 5_000_00
    assert len(done) >= 6
    assert books_are_right()


def test_a_balance_that_is_wrong_is_found_and_named(shop):
    submitted(SUZHOU_CLERK, ("MILK", 1))
    with unit_of_work(ADMIN) as session:
        session.execute(update(CreditBalance).values(used_cents=121_00))
        session.add(CreditBalance(partner_id=HUADONG, path=HUADONG_PATH, used_cents=5))

    with reading(ADMIN) as session:
        differences = credit_differences(session)

    assert [tuple(one) for one in differences] == [("HD", 5, 0), ("SZ", 121_00, 120_00)]


def test_an_order_without_a_balance_is_found(shop):
    order = submitted(SUZHOU_CLERK, ("MILK", 1))
    with unit_of_work(ADMIN) as session:
        session.execute(update(CreditBalance).values(used_cents=0))

    with reading(ADMIN) as session:
        assert [tuple(one) for one in credit_differences(session)] == [("SZ", 0, order.total_cents)]


def test_a_balance_below_zero_cannot_be_stored(shop):
    submitted(SUZHOU_CLERK, ("MILK", 1))

    with pytest.raises(DBAPIError), unit_of_work(ADMIN) as session:
        session.execute(update(CreditBalance).values(used_cents=-1))

    assert used(SUZHOU) == 120_00


def test_balances_are_seen_within_the_branch(shop):
    submitted(SUZHOU_CLERK, ("MILK", 1))

    counts = []
    for actor in (SUZHOU_CLERK, HUADONG_CLERK, BEIFANG_CLERK):
        with reading(actor) as session:
            counts.append(len(session.scalars(select(CreditBalance)).all()))
    assert counts == [1, 1, 0]
