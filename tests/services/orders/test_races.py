"""Two people at the same moment: exactly one wins, the other is told plainly, the books are right."""

import random
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from core.access import Actor
from core.clock import today
from core.database.sessions import reading, transact, unit_of_work
from core.drafts import Drafts
from core.errors import Conflict, DomainError
from models.approvals import ApprovalCase
from models.money.credit import CreditBalance
from models.orders import Order, OrderLine
from models.partners.partners import Partner
from services.orders.approval import approve_order, reject_order, return_order
from services.orders.imports import save_order_lines
from services.orders.lifecycle import change_order, place_order, withdraw_order
from services.partners.saving import save_partners
from services.saving.plans import SaveOptions
from tests.conftest import ADMIN, LING, MEI, SUZHOU, SUZHOU_CLERK, WEI
from tests.services.orders.races import RACES, run
from tests.services.orders.support import add_range, books_are_right, draft, place, submitted, used
from tests.support.schedules import interleave, some_schedules

SCHEDULES = {"postgresql": 12, "sqlite": 3}  # of 252; all in the campaign. SQLite lets one writer in at a time
THREADS = 8


@pytest.fixture
def shop(database):
    add_range()
    return database


@pytest.mark.parametrize("name", RACES)
def test_of_two_at_once_one_wins_and_the_other_is_told(shop, name):
    for schedule in some_schedules(SCHEDULES[shop.dialect.name], seed=len(name)):
        run(shop, RACES[name], schedule)


def test_numbers_are_never_given_twice(shop):
    numbers: list[str] = []

    def order(_thread: int) -> None:
        for _ in range(5):
            numbers.append(transact(SUZHOU_CLERK, lambda s: place_order(s, draft(("MILK", 1)))).number)

    crowd(order)

    assert sorted(numbers) == [f"SO-{today():%Y%m}-{n:06}" for n in range(1, 5 * THREADS + 1)]


def test_a_crowd_never_uses_more_credit_than_there_is(shop):
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.code == "SZ").values(credit_limit_cents=12_000_00))

    def act(thread: int) -> None:
        chance = random.Random(thread)
        for _ in range(10):
            act_once(chance)

    crowd(act)

    assert used(SUZHOU) <= 12_000_00
    assert books_are_right()


def act_once(chance: random.Random) -> None:
    """Place and submit an order, or decide or withdraw one of those that wait."""
    with reading(ADMIN) as session:
        waiting = session.scalars(select(Order.number).where(Order.status == "submitted")).all()
    number = chance.choice(waiting) if waiting else ""
    lines = draft(("MILK", chance.randint(1, 30)))
    actor, step = chance.choice(
        [
            (SUZHOU_CLERK, lambda s: place_order(s, lines, submit=True)),
            (SUZHOU_CLERK, lambda s: withdraw_order(s, number)),
            (LING, lambda s: approve_order(s, number)),
            (MEI, lambda s: reject_order(s, number, "no")),
        ]
    )
    try:
        transact(actor, step)
    except DomainError as refused:
        assert isinstance(refused, Conflict) or refused.code == "orders.not_found"
        assert refused.code != "database.busy"


def crowd(act) -> None:
    """Run ``act`` in many threads that begin together; raise what any of them raised."""
    errors: list[BaseException] = []
    together = threading.Barrier(THREADS)

    def begin(thread: int) -> None:
        try:
            together.wait()
            act(thread)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=begin, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


MOVED_WHILE: dict[str, tuple[Callable[[], str], Actor, Callable[[Any, str], Any]]] = {
    "placed": (str, WEI, lambda session, _: place_order(session, draft(("MILK", 1), buyer="SZ"))),
    "imported": (str, WEI, lambda session, _: _import_for_suzhou(session)),
    "changed": (lambda: place(WEI, ("MILK", 1), buyer="SZ").number, WEI, lambda s, n: change_order(s, n, _THREE)),
    "approved": (lambda: submitted(WEI, ("MILK", 1), buyer="SZ").number, LING, approve_order),
    "returned": (lambda: submitted(WEI, ("MILK", 1), buyer="SZ").number, LING, lambda s, n: return_order(s, n, "why")),
}
_THREE = draft(("MILK", 3))


@pytest.mark.parametrize("what", MOVED_WHILE)
def test_what_becomes_of_an_order_while_its_buyer_moves_hangs_where_the_buyer_hangs(shop, what):
    begin, actor, step = MOVED_WHILE[what]
    for number, schedule in enumerate(some_schedules(SCHEDULES[shop.dialect.name], seed=1)):
        upstream = ("HD", "BF")[number % 2 == 0]
        order = begin()

        runners = interleave(
            shop, schedule, partial(_move, upstream), partial(transact, actor, partial(_on, step, order))
        )

        assert [runner.error for runner in runners] == [None, None]
        with reading(ADMIN) as session:
            own = session.scalars(select(Partner.path).where(Partner.code == "SZ")).all()
            for model in (Order, OrderLine, ApprovalCase, CreditBalance):
                assert session.scalars(select(model.path).distinct()).all() in ([], own)


def _on(step: Callable[[Any, str], Any], number: str, session: Any) -> None:
    step(session, number)


def _move(upstream: str) -> None:
    drafts = Drafts([1], {"code": ["SZ"], "upstream": [upstream]})
    transact(ADMIN, lambda session: save_partners(session, drafts, SaveOptions()).or_refuse())


def _import_for_suzhou(session: Any) -> None:
    columns = {"number": [None], "buyer": ["SZ"], "sku": ["MILK"], "quantity": [1], "unit": [None]}
    save_order_lines(session, Drafts([2], columns), SaveOptions()).or_refuse()
