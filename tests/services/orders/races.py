"""Pairs of steps of ordering that must not both win, told once for the sampled and for the complete runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, select, update

from core.access import Actor
from core.database.sessions import reading, transact, unit_of_work
from core.errors import Conflict, DomainError, NotFound
from core.events.log import Event
from models.approvals import ApprovalCase, ApprovalDecision
from models.orders import OrderLine
from models.partners.partners import Partner
from services.orders.approval import approve_order, reject_order
from services.orders.lifecycle import change_order, discard_order, place_order, submit_order, withdraw_order
from services.orders.shipping import ship_order
from tests.conftest import ADMIN, HUADONG_CLERK, LING, MEI, SUZHOU, SUZHOU_CLERK
from tests.services.orders.support import approved, books_are_right, draft, place, stored, submitted, used
from tests.support.schedules import Schedule, interleave

LOSES = {"orders.already_decided", "orders.wrong_status", "orders.changed_meanwhile", "orders.not_found"}
SHORT = {"orders.credit_exceeded"}
ORDER = [("MILK", 10)]  # 1,200.00 for Suzhou


@dataclass(frozen=True)
class Race:
    """Two steps by two people.

    Attributes:
        begin: Brings an order, or two, to where the race begins; returns their numbers.
        steps: Each with its actor, on the order of the same position (or on the only one).
        wins: How many may win. loses: codes of the loser's answer.
        credit: What is left of Suzhou's credit when the race begins; None = enough.
    """

    begin: Callable[[], list[str]]
    steps: tuple[tuple[Actor, Callable[[Any, str], Any]], tuple[Actor, Callable[[Any, str], Any]]]
    wins: frozenset[int] = frozenset({1})
    loses: frozenset[str] = frozenset(LOSES)
    credit_cents: int | None = None


def one(make: Callable[..., Any]) -> Callable[[], list[str]]:
    return lambda: [make(SUZHOU_CLERK, *ORDER).number]


def two(make: Callable[..., Any]) -> Callable[[], list[str]]:
    return lambda: [make(SUZHOU_CLERK, *ORDER).number, make(SUZHOU_CLERK, *ORDER).number]


def lower_limit(session: Any, number: str) -> None:
    session.execute(update(Partner).where(Partner.id == SUZHOU).values(credit_limit_cents=0))


APPROVE = (LING, approve_order)
APPROVE_TOO = (MEI, approve_order)
REJECT = (MEI, lambda session, number: reject_order(session, number, "no"))
WITHDRAW = (SUZHOU_CLERK, withdraw_order)
SUBMIT = (SUZHOU_CLERK, submit_order)
SUBMIT_TOO = (HUADONG_CLERK, submit_order)
CHANGE = (HUADONG_CLERK, lambda session, number: change_order(session, number, draft(("TEA", 24))))
DISCARD = (HUADONG_CLERK, discard_order)
SHIP = (LING, ship_order)
PLACE = (SUZHOU_CLERK, lambda session, number: place_order(session, draft(*ORDER), submit=True))
LOWER = (ADMIN, lower_limit)

EITHER = frozenset({1, 2})
RACES: dict[str, Race] = {
    "approve × approve": Race(one(submitted), (APPROVE, APPROVE_TOO)),
    "approve × reject": Race(one(submitted), (APPROVE, REJECT)),
    "reject × reject": Race(one(submitted), (REJECT, REJECT)),
    "approve × withdraw": Race(one(submitted), (APPROVE, WITHDRAW)),
    "withdraw × withdraw": Race(one(submitted), (WITHDRAW, WITHDRAW)),
    "submit × submit": Race(one(place), (SUBMIT, SUBMIT_TOO)),
    "submit × submit for the last credit": Race(
        two(place), (SUBMIT, SUBMIT_TOO), loses=frozenset(SHORT), credit_cents=1_200_00
    ),
    "place × place for the last credit": Race(
        one(place), (PLACE, PLACE), loses=frozenset(SHORT), credit_cents=1_200_00
    ),
    "change × submit": Race(one(place), (CHANGE, SUBMIT), wins=EITHER),  # what was changed can be submitted
    "change × change": Race(one(place), (CHANGE, (SUZHOU_CLERK, CHANGE[1])), wins=EITHER),
    "discard × submit": Race(one(place), (DISCARD, SUBMIT)),
    "ship × ship": Race(one(approved), (SHIP, SHIP)),
    "lower the limit × submit": Race(one(place), (LOWER, SUBMIT), wins=EITHER, loses=frozenset(SHORT)),
    "lower the limit × approve": Race(one(submitted), (LOWER, APPROVE), wins=EITHER, loses=frozenset(SHORT)),
}


def run(engine: Engine, race: Race, schedule: Schedule) -> None:
    """Run a race by a schedule; whoever loses gets a plain answer, and the books are right."""
    _set_limit(None)
    numbers = race.begin()
    if race.credit_cents is not None:
        _set_limit(used(SUZHOU) + race.credit_cents)

    first, second = interleave(
        engine,
        schedule,
        *(_bound(actor, step, numbers[min(i, len(numbers) - 1)]) for i, (actor, step) in enumerate(race.steps)),
    )

    errors = [runner.error for runner in (first, second) if runner.error is not None]
    assert [error for error in errors if not isinstance(error, DomainError)] == []
    assert 2 - len(errors) in race.wins
    assert {error.code for error in errors if isinstance(error, DomainError)} <= race.loses
    assert all(isinstance(error, Conflict | NotFound) for error in errors)
    assert books_are_right()
    for number in numbers:
        _is_consistent(number)


def _bound(actor: Actor, step: Callable[[Any, str], Any], number: str) -> Callable[[], Any]:
    return lambda: transact(actor, lambda session: step(session, number))


def _set_limit(cents: int | None) -> None:
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.id == SUZHOU).values(credit_limit_cents=cents))


def _is_consistent(number: str) -> None:
    """The order is what its lines, its decisions and its trail say."""
    order = stored(number)
    with reading(ADMIN) as session:
        happened = select(Event.action).where(Event.subject_key == number).order_by(Event.id)
        trail = session.scalars(happened).all()
        if order is None:
            assert trail[-1] == "order.discarded"
            return
        cents, count = session.execute(
            select(func.sum(OrderLine.total_cents), func.count()).where(OrderLine.order_id == order.id)
        ).one()
        decisions = session.scalars(
            select(ApprovalDecision.decision)
            .join(ApprovalCase, ApprovalCase.id == ApprovalDecision.case_id)
            .where(ApprovalCase.key == order.number)
        ).all()
    assert (cents, count) == (order.total_cents, 1)
    decided = {"approved": ["approved"], "shipped": ["approved"], "rejected": ["rejected"]}
    assert decisions == decided.get(order.status, [])
    assert trail.count("order.submitted") - trail.count("order.withdrawn") == (order.status != "draft")
