"""Notifications leave through channels by jobs: each once, with the rights of now, tried again only if refused."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

import jobs  # noqa: F401  (registers every job)
from core.access import WORKER
from core.clock import freeze, now
from core.database.sessions import reading, unit_of_work
from core.jobs.rows import Job, JobStatus, Lane
from core.jobs.worker import run_next
from jobs.notifications import _deliver
from models.accounts.users import User
from models.notifications import Notification, NotificationDelivery
from models.orders import Order
from services.notifications.channels import Channel, DeliveryRefused, Message, register_channel
from services.notifications.deliveries import ATTEMPTS_MAX, DELIVERED_WITHIN
from services.notifications.reading import mark_all_read
from services.orders.approval import reject_order
from tests.conftest import ADMIN, LING, SUZHOU_CLERK
from tests.services.orders.support import add_range, submitted

ALL = {"see_all": "a test looks at all deliveries"}


@pytest.fixture
def sent(database, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Message]]:
    """Give what a channel has delivered."""
    monkeypatch.setattr("services.notifications.channels._channels", {})
    found: list[Message] = []
    register_channel(Channel("test", found.append))
    add_range()
    yield found


def reject(reason: str = "No stock") -> str:
    number = submitted(SUZHOU_CLERK).number
    with unit_of_work(LING) as session:
        reject_order(session, number, reason)
    return number


def work() -> None:
    while run_next():
        pass


def work_for(hours: int) -> None:
    for hour in range(hours):
        with freeze(now() + timedelta(hours=hour)):
            work()


def deliveries() -> list[tuple[str, int, str | None]]:
    with reading(ADMIN) as session:
        query = select(NotificationDelivery).order_by(NotificationDelivery.id).execution_options(**ALL)
        return [(one.state, one.attempts, one.error) for one in session.scalars(query)]


def delivery_jobs() -> list[Job]:
    with reading(WORKER) as session:
        return list(session.scalars(select(Job).where(Job.name == "notifications.deliver").order_by(Job.id)))


def test_a_notification_leaves_once_in_the_readers_language(sent):
    number = reject()
    work()
    reject("Another reason")
    work()

    assert [(one.person, one.notification.reason) for one in sent] == [
        (SUZHOU_CLERK.person, "No stock"),
        (SUZHOU_CLERK.person, "Another reason"),
    ]
    assert number in sent[0].notification.text
    assert deliveries() == [("delivered", 1, None)] * 2
    assert {(one.lane, one.on_behalf["system"], one.person) for one in delivery_jobs()} == {
        (Lane.DELIVERY, "worker", "")
    }


def test_without_a_channel_there_is_no_job(sent, monkeypatch):
    monkeypatch.setattr("services.notifications.channels._channels", {})
    reject()

    assert delivery_jobs() == []


def test_what_a_channel_refuses_is_tried_again_until_it_is_taken(sent):
    refusals = iter(["the server is full"])

    def deliver(message: Message) -> None:
        for why in refusals:
            raise DeliveryRefused(why)
        sent.append(message)

    register_channel(Channel("test", deliver))
    reject()
    work()
    assert (deliveries(), sent) == ([("waiting", 1, "the server is full")], [])
    assert delivery_jobs()[0].status == JobStatus.WAITING
    work_for(2)

    assert (deliveries(), len(sent)) == ([("delivered", 2, None)], 1)
    assert delivery_jobs()[0].status == JobStatus.DONE


def test_what_a_channel_refuses_again_and_again_has_failed(sent):
    def deliver(message: Message) -> None:
        raise DeliveryRefused("no such mailbox")

    register_channel(Channel("test", deliver))
    reject()
    work_for(ATTEMPTS_MAX + 3)

    assert deliveries() == [("failed", ATTEMPTS_MAX, "no such mailbox")]


def test_after_a_worker_that_died_in_the_middle_nobody_is_told_twice(sent):
    def die(message: Message) -> None:
        sent.append(message)
        raise SystemExit

    register_channel(Channel("test", die))
    reject()
    with pytest.raises(SystemExit):
        work()
    register_channel(Channel("test", sent.append))
    work_for(3)

    assert (deliveries(), len(sent)) == ([("sending", 1, None)], 1)


def test_two_workers_hand_a_notification_over_once(sent):
    reject()
    with reading(ADMIN) as session:
        query = select(Notification.id).execution_options(see_all="a test looks at all notifications")
        (notification_id,) = session.scalars(query)
    together = threading.Barrier(4)

    def run() -> None:
        together.wait(10)
        _deliver(WORKER, Channel("test", sent.append), notification_id)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert (deliveries(), len(sent)) == ([("delivered", 1, None)], 1)


def test_what_was_read_or_is_old_does_not_leave_any_more(sent):
    reject()
    with unit_of_work(SUZHOU_CLERK) as session:
        mark_all_read(session, 10**6)
    work()
    reject()
    with freeze(now() + DELIVERED_WITHIN + timedelta(minutes=1)):
        work()

    assert (deliveries(), sent) == ([], [])


def test_a_reader_who_was_locked_gets_nothing_and_one_who_may_not_see_the_record_no_details(sent):
    number = reject("a confidential reason")
    with unit_of_work(ADMIN) as session:
        session.execute(update(User).where(User.email == SUZHOU_CLERK.person).values(status="locked"))
    work()
    assert [state for state, _attempts, _error in deliveries()] == ["failed"]

    with unit_of_work(ADMIN) as session:
        session.execute(delete(NotificationDelivery).execution_options(**ALL))
        session.execute(update(User).where(User.email == SUZHOU_CLERK.person).values(status="active"))
        session.execute(update(Order).where(Order.number == number).values(path="000003"))
    reject()
    work()

    hidden = sent[0].notification
    assert (hidden.reason, hidden.href, number in hidden.text) == ("", "", False)
