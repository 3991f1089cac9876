"""Notifications of decisions: those behind the record are told once, in the deciding transaction, and nobody else."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from core.access import Actor
from core.database.sessions import reading, unit_of_work
from core.errors import DomainError
from core.i18n import use_language
from core.permissions import Role
from models.approvals import Decision
from models.notifications import Notification
from models.orders import Order
from services.applications.approval import approve_application, reject_application, return_application
from services.notifications.queries import UNREAD_COUNT_MAX, NotificationView, latest_notifications, unread_count
from services.notifications.reading import mark_all_read, mark_read
from services.orders.approval import approve_order, decide_order
from tests.conftest import ADMIN, BEIFANG_CLERK, CAST, HUADONG_CLERK, HUADONG_OWNER, LING, SUZHOU_CLERK, WEI
from tests.services.applications.support import act, confirmed
from tests.services.applications.support import submitted as applied
from tests.services.orders.support import add_range, submitted


@pytest.fixture
def shop(database):
    add_range()
    return database


def of(actor: Actor, **options) -> list[NotificationView]:
    with reading(actor) as session:
        return latest_notifications(session, limit=50, **options)


def texts(actor: Actor) -> list[tuple[str, str]]:
    with use_language("en"):
        return [(one.text, one.reason) for one in of(actor)]


def unread(actor: Actor) -> int:
    with reading(actor) as session:
        return unread_count(session)


def rows() -> int:
    with reading(ADMIN) as session:
        query = select(func.count()).select_from(Notification).execution_options(see_all="a test counts all rows")
        return session.scalar(query) or 0


def decide(number: str, decision: Decision, reason: str = "") -> None:
    with unit_of_work(LING) as session:
        decide_order(session, number, decision, reason)


@pytest.mark.parametrize(
    ("decision", "reason", "words"),
    [
        (Decision.APPROVED, "", "approved order {}"),
        (Decision.REJECTED, "No stock", "rejected order {}"),
        (Decision.RETURNED, "Two boxes fewer", "returned order {} for change"),
    ],
)
def test_who_submitted_an_order_reads_what_was_decided_and_why(shop, decision, reason, words):
    order = submitted(SUZHOU_CLERK)

    decide(order.number, decision, reason)

    (told,) = of(SUZHOU_CLERK)
    assert texts(SUZHOU_CLERK) == [(f"{LING.name} {words.format(order.number)}", reason)]
    assert (told.href, told.is_read, unread(SUZHOU_CLERK)) == (f"/orders/{order.number}", False, 1)
    assert [of(actor) for actor in CAST if actor is not SUZHOU_CLERK] == [[]] * (len(CAST) - 1)


def test_who_placed_an_order_for_somebody_else_is_told_too_and_one_person_once(shop):
    order = submitted(HUADONG_CLERK)
    with unit_of_work(ADMIN) as session:
        session.execute(update(Order).where(Order.number == order.number).values(placed_by=WEI.person))

    decide(order.number, Decision.APPROVED)

    assert (len(of(HUADONG_CLERK)), len(of(WEI)), rows()) == (1, 1, 2)


def test_a_program_that_placed_an_order_is_not_told(shop):
    order = submitted(HUADONG_CLERK)
    with unit_of_work(ADMIN) as session:
        facts = {"placed_by": "command line", "submitted_by": "command line"}
        session.execute(update(Order).where(Order.number == order.number).values(**facts))

    decide(order.number, Decision.APPROVED)

    assert rows() == 0


def test_a_decision_that_is_refused_or_rolled_back_tells_nobody(shop):
    order = submitted(SUZHOU_CLERK)

    with pytest.raises(DomainError), unit_of_work(LING) as session:
        decide_order(session, order.number, Decision.APPROVED, version=order.version + 1)
    with pytest.raises(ZeroDivisionError), unit_of_work(LING) as session:
        approve_order(session, order.number)
        raise ZeroDivisionError

    assert rows() == 0


def test_two_decisions_at_once_tell_of_the_one_that_counts(shop):
    order = submitted(SUZHOU_CLERK)
    together = threading.Barrier(2)
    refused: list[str] = []

    def run(decision: Decision) -> None:
        together.wait(10)
        try:
            decide(order.number, decision, "why")
        except DomainError as error:
            refused.append(error.code)

    threads = [threading.Thread(target=run, args=(one,)) for one in (Decision.APPROVED, Decision.REJECTED)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert (len(refused), len(of(SUZHOU_CLERK))) == (1, 1)


@pytest.mark.parametrize(
    ("decide_application", "reason", "words"),
    [
        (approve_application, "", "approved the application of"),
        (reject_application, "No room", "refused the application of"),
        (return_application, "The licence is blurred", "returned the application of"),
    ],
)
def test_who_invited_an_applicant_reads_what_became_of_the_application(database, decide_application, reason, words):
    number = confirmed()

    act(LING, decide_application, number, *filter(None, [reason]))

    (told,) = of(HUADONG_OWNER)
    ((text, why),) = texts(HUADONG_OWNER)
    assert (words in text, why, told.href) == (True, reason, f"/applications/{number}")
    assert rows() == 1


def test_an_application_without_an_invite_tells_nobody(database):
    number = applied()
    act(LING, return_application, number, "The licence is blurred")

    assert rows() == 0


def test_of_a_record_that_may_no_longer_be_seen_nothing_is_shown(shop):
    order = submitted(SUZHOU_CLERK)
    decide(order.number, Decision.REJECTED, "a confidential reason")

    moved = replace(SUZHOU_CLERK, partner_id=BEIFANG_CLERK.partner_id, partner_path=BEIFANG_CLERK.partner_path)
    (hidden,) = of(moved)
    (without_rights,) = of(replace(SUZHOU_CLERK, role=Role.HR, partner_id=None, partner_path=""))

    assert hidden == without_rights
    assert (hidden.reason, hidden.href, hidden.tone, order.number in hidden.text) == ("", "", "", False)


def test_the_sentence_is_in_the_language_of_who_reads_it(shop):
    order = submitted(SUZHOU_CLERK)
    decide(order.number, Decision.APPROVED)

    with use_language("zh_CN"):
        assert of(SUZHOU_CLERK)[0].text == f"{LING.name} 已通过订单 {order.number}"


def test_opening_one_marks_it_read_once_and_nobody_marks_somebody_elses(shop):
    first, second = submitted(SUZHOU_CLERK), submitted(SUZHOU_CLERK)
    for order in (first, second):
        decide(order.number, Decision.APPROVED)
    newest, _older = of(SUZHOU_CLERK)

    with unit_of_work(HUADONG_CLERK) as session:
        assert mark_read(session, newest.id) is None
    with unit_of_work(replace(SUZHOU_CLERK, token_id=7)) as session:
        assert mark_read(session, newest.id) is None
        assert mark_all_read(session, newest.id) == 0
    assert unread(SUZHOU_CLERK) == 2
    with unit_of_work(SUZHOU_CLERK) as session:
        opened = mark_read(session, newest.id)

    assert opened is not None
    assert (opened.href, unread(SUZHOU_CLERK)) == (f"/orders/{second.number}", 1)
    assert [one.is_read for one in of(SUZHOU_CLERK)] == [True, False]
    assert len(of(SUZHOU_CLERK, unread_only=True)) == 1


def test_marking_all_twice_at_once_keeps_the_first_time_and_leaves_what_came_later(shop):
    orders = [submitted(SUZHOU_CLERK) for _ in range(3)]
    for order in orders[:2]:
        decide(order.number, Decision.APPROVED)
    seen_id = of(SUZHOU_CLERK)[0].id
    decide(orders[2].number, Decision.APPROVED)
    together, marked = threading.Barrier(2), list[int]()

    def mark() -> None:
        together.wait(10)
        with unit_of_work(SUZHOU_CLERK) as session:
            marked.append(mark_all_read(session, seen_id))

    threads = [threading.Thread(target=mark) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert (sorted(marked), unread(SUZHOU_CLERK)) == ([0, 2], 1)


def test_unread_ones_are_counted_up_to_a_limit(database):
    with unit_of_work(ADMIN) as session:
        facts = {"person": WEI.person, "kind": "order.approved", "key": "PO-1", "arguments": {}}
        session.add_all(Notification(**facts) for _ in range(UNREAD_COUNT_MAX + 5))

    assert unread(WEI) == UNREAD_COUNT_MAX
