"""Decisions: by a second pair of eyes, once, and kept with what was decided about."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from core.access import WORKER
from core.database.sessions import reading, transact, unit_of_work
from core.errors import Conflict, DomainError, InvalidInput, NotFound, NotPermitted
from core.events.log import Event
from core.kinds.standard import text
from models.approvals import ApprovalCase, ApprovalDecision, Decision
from models.partners.partners import Partner
from resources.orders import ORDERS
from services import free_texts
from services.approvals.cases import facts_digest
from services.orders.approval import approve_order, decide_each, decide_order, reject_order, return_order
from services.orders.lifecycle import discard_order, submit_order
from services.orders.shipping import ship_order, ship_orders
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK, LING, MEI, SUZHOU, SUZHOU_CLERK, WEI
from tests.services.orders.support import (
    add_range,
    approved,
    books_are_right,
    everything,
    place,
    stored,
    submitted,
    used,
)

DECISIONS = (Decision.APPROVED, Decision.REJECTED, Decision.RETURNED)


@pytest.fixture
def shop(database):
    add_range()
    return database


def refused(actor, work) -> DomainError:
    before = (*everything(), len(approvals()))
    with pytest.raises(DomainError) as error, unit_of_work(actor) as session:
        work(session)
    assert (*everything(), len(approvals())) == before
    return error.value


def approvals() -> list[ApprovalDecision]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(ApprovalDecision).order_by(ApprovalDecision.id)))


def set_limit(cents: int | None) -> None:
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.code == "SZ").values(credit_limit_cents=cents))


def test_an_approval_is_kept_with_what_was_decided_about(shop):
    order = submitted(SUZHOU_CLERK, ("MILK", 10))

    with unit_of_work(LING) as session:
        decided = approve_order(session, order.number, " in stock ", version=order.version)

    (kept,) = approvals()
    assert (decided.status, decided.decided_by, decided.version) == ("approved", "ling@example.com", 3)
    assert (kept.decision, kept.person, kept.role, kept.reason) == (
        "approved",
        "ling@example.com",
        "operations",
        "in stock",
    )
    assert kept.facts == {
        "order_version": 2,
        "content_sha256": order.content_sha256,
        "total_cents": 1_200_00,
        "credit_limit_cents": 50_000_00,
        "credit_used_cents": 1_200_00,
    }
    assert kept.digest == facts_digest(kept.facts)
    assert (used(SUZHOU), books_are_right()) == (1_200_00, True)


def test_a_decision_keeps_the_limit_and_the_used_credit_of_its_time(shop):
    order = submitted(SUZHOU_CLERK, ("MILK", 10))
    submitted(SUZHOU_CLERK, ("MILK", 20))
    set_limit(4_000_00)
    transact(LING, lambda session: approve_order(session, order.number))
    submitted(SUZHOU_CLERK, ("MILK", 1))
    set_limit(9_000_00)

    (kept,) = approvals()
    with reading(ADMIN) as session:
        case = session.scalars(select(ApprovalCase).where(ApprovalCase.key == order.number)).one()
    assert (kept.facts["credit_limit_cents"], kept.facts["credit_used_cents"]) == (4_000_00, 3_600_00)
    assert (case.facts["credit_limit_cents"], case.facts["credit_used_cents"]) == (50_000_00, 1_200_00)
    assert used(SUZHOU) == 3_720_00


def test_a_rejection_says_why_and_gives_the_credit_back(shop):
    order = submitted(SUZHOU_CLERK, ("MILK", 10))

    with unit_of_work(MEI) as session:
        reject_order(session, order.number, "unpaid bills")

    (kept,) = approvals()
    with reading(ADMIN) as session:
        event = session.scalar(select(Event).where(Event.action == "order.rejected"))
    assert (stored(order.number).status, kept.reason, kept.facts["credit_used_cents"]) == (
        "rejected",
        "unpaid bills",
        1_200_00,
    )
    assert (event.changes, event.data) == (
        {"status": ["submitted", "rejected"]},
        {"total": "1200.00", "reason": "unpaid bills"},
    )
    assert (used(SUZHOU), books_are_right()) == (0, True)


def test_a_returned_order_is_a_draft_that_can_be_submitted_again(shop):
    order = submitted(SUZHOU_CLERK, ("MILK", 10))

    with unit_of_work(LING) as session:
        return_order(session, order.number, "other address please")
    returned = stored(order.number)
    with unit_of_work(SUZHOU_CLERK) as session:
        submit_order(session, order.number)

    assert (returned.status, returned.decided_by) == ("draft", None)
    assert (stored(order.number).status, used(SUZHOU), books_are_right()) == ("submitted", 1_200_00, True)


def test_an_order_that_was_returned_stays_on_record(shop):
    order = submitted(SUZHOU_CLERK)
    with unit_of_work(LING) as session:
        return_order(session, order.number, "why")

    error = refused(SUZHOU_CLERK, lambda session: discard_order(session, order.number))

    assert error.code == "orders.decided_before"


@pytest.mark.parametrize("decision", [Decision.REJECTED, Decision.RETURNED])
def test_turning_down_needs_a_reason(shop, decision):
    order = submitted(SUZHOU_CLERK)

    error = refused(LING, lambda session: decide_order(session, order.number, decision, "  "))

    assert (type(error), error.code, set(error.fields)) == (InvalidInput, "approvals.reason_required", {"reason"})


@pytest.mark.parametrize("second", DECISIONS)
@pytest.mark.parametrize("first", [Decision.APPROVED, Decision.REJECTED])
def test_a_second_decision_is_refused_and_names_the_first(shop, first, second):
    order = submitted(SUZHOU_CLERK)
    with unit_of_work(LING) as session:
        decide_order(session, order.number, first, "because")

    error = refused(MEI, lambda session: decide_order(session, order.number, second, "no"))

    assert (type(error), error.code) == (Conflict, "orders.already_decided")
    assert error.problem.values["who"] == "ling@example.com"


@pytest.mark.parametrize("person", ["admin@example.com", "Admin@Example.COM"])
def test_nobody_decides_an_order_of_her_own(shop, person):
    own = submitted(ADMIN, buyer="SZ")
    placed = place(ADMIN, buyer="SZ")
    with unit_of_work(WEI) as session:
        submit_order(session, placed.number)
    token = replace(ADMIN, name="her token", person=person, source="api")

    for number in (own.number, placed.number):
        for decision in DECISIONS:
            error = refused(token, lambda session, n=number, d=decision: decide_order(session, n, d, "mine"))
            assert (type(error), error.code) == (NotPermitted, "approvals.own_order")


def test_two_unknown_persons_are_not_the_same_but_an_unknown_one_decides_nothing(shop):
    order = submitted(replace(WORKER, name="feed"), buyer="SZ")

    error = refused(WORKER, lambda session: approve_order(session, order.number))

    assert error.code == "approvals.person_unknown"
    with unit_of_work(LING) as session:
        assert approve_order(session, order.number).status == "approved"


@pytest.mark.parametrize("actor", [WEI, SUZHOU_CLERK, HUADONG_CLERK])
def test_who_may_not_approve_decides_nothing(shop, actor):
    order = submitted(SUZHOU_CLERK)

    assert type(refused(actor, lambda session: approve_order(session, order.number))) is NotPermitted


def test_a_draft_cannot_be_decided(shop):
    order = place(SUZHOU_CLERK)

    error = refused(LING, lambda session: approve_order(session, order.number))

    assert error.code == "orders.wrong_status"


def test_unknown_numbers_are_not_found(shop):
    assert type(refused(LING, lambda session: approve_order(session, "SO-1"))) is NotFound


def test_credit_is_checked_again_with_the_limit_as_it_is_then(shop):
    order = submitted(SUZHOU_CLERK, ("MILK", 10))
    set_limit(1_199_99)

    error = refused(LING, lambda session: approve_order(session, order.number))
    set_limit(1_200_00)
    with unit_of_work(LING) as session:
        approve_order(session, order.number)

    assert (error.code, error.problem.values["over"]) == ("orders.credit_exceeded", "0.01")
    assert stored(order.number).status == "approved"


def test_an_order_of_a_frozen_partner_is_not_approved_but_can_be_rejected(shop):
    order = submitted(SUZHOU_CLERK)
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.code == "SZ").values(status="frozen"))

    error = refused(LING, lambda session: approve_order(session, order.number))
    with unit_of_work(LING) as session:
        reject_order(session, order.number, "frozen")

    assert (error.code, used(SUZHOU)) == ("orders.buyer_not_active", 0)


def test_what_is_decided_is_what_was_seen(shop):
    order = submitted(SUZHOU_CLERK)
    with unit_of_work(LING) as session:
        return_order(session, order.number, "change it")
    with unit_of_work(SUZHOU_CLERK) as session:
        submit_order(session, order.number)

    error = refused(LING, lambda session: approve_order(session, order.number, version=order.version))

    assert error.code == "orders.changed_meanwhile"


def test_many_are_decided_each_on_its_own(shop):
    good, own, other = submitted(SUZHOU_CLERK), submitted(ADMIN, buyer="SZ"), submitted(HUADONG_CLERK)

    outcomes = decide_each(ADMIN, [good.number, own.number, "SO-1", good.number, other.number], Decision.APPROVED)

    assert [(o.key, o.ok, o.problem and o.problem.code) for o in outcomes] == [
        (good.number, True, None),
        (own.number, False, "approvals.own_order"),
        ("SO-1", False, "orders.not_found"),
        (other.number, True, None),
    ]
    assert [stored(o.number).status for o in (good, own, other)] == ["approved", "submitted", "approved"]
    assert books_are_right()


def test_actions_of_the_list_give_an_outcome_for_each(shop):
    first, second = submitted(SUZHOU_CLERK), submitted(SUZHOU_CLERK)
    approve, reject, ship = (
        next(a for a in ORDERS.actions if a.name == name) for name in ("approve", "reject", "ship")
    )

    with unit_of_work(LING) as session:
        approved_ones = approve.run(session, [first.number], "")
    with unit_of_work(LING) as session:
        rejected_ones = reject.run(session, [first.number, second.number], "no")
    with unit_of_work(LING) as session:
        shipped_ones = ship.run(session, [first.number, second.number], "")

    assert [o.ok for o in approved_ones + rejected_ones + shipped_ones] == [True, False, True, True, False]
    assert [stored(o.number).status for o in (first, second)] == ["shipped", "rejected"]


def test_more_than_500_at_once_are_refused(shop):
    with pytest.raises(InvalidInput) as error:
        decide_each(LING, [f"SO-{n}" for n in range(501)], Decision.APPROVED)

    assert error.value.code == "approvals.too_many"


def test_shipped_orders_stay_in_the_exposure(shop):
    order = approved(SUZHOU_CLERK, ("MILK", 10))

    with unit_of_work(LING) as session:
        ship_order(session, order.number, "truck 7")

    with reading(ADMIN) as session:
        event = session.scalar(select(Event).where(Event.action == "order.shipped"))
    found = stored(order.number)
    assert (found.status, found.shipped_by, event.data) == ("shipped", "ling@example.com", {"note": "truck 7"})
    assert (used(SUZHOU), books_are_right()) == (1_200_00, True)


def test_only_approved_orders_are_shipped_and_only_once(shop):
    waiting, done = submitted(SUZHOU_CLERK), approved(SUZHOU_CLERK)
    with unit_of_work(LING) as session:
        ship_order(session, done.number)

    errors = [refused(LING, lambda session, n=order.number: ship_order(session, n)) for order in (waiting, done)]

    assert [error.code for error in errors] == ["orders.wrong_status", "orders.already_decided"]


@pytest.mark.parametrize("actor", [MEI, WEI, SUZHOU_CLERK])
def test_who_may_not_ship_ships_nothing(shop, actor):
    order = approved(SUZHOU_CLERK)

    assert type(refused(actor, lambda session: ship_orders(session, [order.number]))) is NotPermitted


def test_partners_see_what_was_decided_about_their_branch_only(shop):
    approved(SUZHOU_CLERK)

    counts = []
    for actor in (SUZHOU_CLERK, HUADONG_CLERK, BEIFANG_CLERK, MEI):
        with reading(actor) as session:
            counts.append(len(session.scalars(select(ApprovalDecision)).all()))
    assert counts == [1, 1, 0, 1]


@pytest.mark.parametrize(
    "statement",
    [
        update(ApprovalDecision).values(reason="rewritten"),
        update(ApprovalDecision).values(facts={}),
        delete(ApprovalDecision),
    ],
    ids=["reason", "facts", "delete"],
)
def test_a_decision_is_never_changed_or_deleted(shop, statement):
    approved(SUZHOU_CLERK)

    with pytest.raises(DBAPIError), unit_of_work(ADMIN) as session:
        session.execute(statement)

    assert [one.decision for one in approvals()] == ["approved"]


def test_a_decision_follows_its_buyer_through_the_tree(shop):
    approved(SUZHOU_CLERK)

    with unit_of_work(ADMIN) as session:
        session.execute(update(ApprovalCase).values(path="000003000002"))

    with reading(BEIFANG_CLERK) as session:
        assert len(session.scalars(select(ApprovalDecision)).all()) == 1


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_reason_longer_than_its_column_decides_nothing_alone_or_in_bulk(shop, decision):
    numbers = [submitted(SUZHOU_CLERK).number, submitted(SUZHOU_CLERK).number]

    alone = refused(LING, lambda session: decide_order(session, numbers[0], decision, "长" * 2001))
    many = refused(LING, lambda session: decide_each(LING, numbers, decision, "长" * 2001))

    assert {(one.code, *one.fields) for one in (alone, many)} == {("text.too_long", "reason")}


def test_a_note_of_a_shipment_is_checked_before_it_is_recorded(shop):
    number = approved(SUZHOU_CLERK).number

    alone = refused(LING, lambda session: ship_order(session, number, "\x07"))
    many = refused(LING, lambda session: ship_orders(session, [number], "\x07"))

    assert {(one.code, *one.fields) for one in (alone, many)} == {("text.illegal_character", "note")}


def test_a_refusal_of_the_database_is_the_outcome_of_its_own_order_only(shop, monkeypatch):
    monkeypatch.setattr(free_texts, "NOTE", text(5_000))
    numbers = [submitted(SUZHOU_CLERK).number, submitted(SUZHOU_CLERK).number]

    outcomes = decide_each(LING, numbers, Decision.REJECTED, "长" * 2001)

    problems = [one.problem.code for one in outcomes if one.problem]
    if shop.dialect.name == "sqlite":  # it does not limit texts, so that their kind has to
        assert (problems, len(approvals())) == ([], 2)
    else:
        assert (problems, approvals()) == (["values.unstorable"] * 2, [])
