"""The outbox: what is recorded is delivered once to each consumer that subscribed, in order, or nothing of it is."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.access import WORKER
from core.clock import freeze, now
from core.database.bulk import FEW
from core.database.operations import run_operations
from core.database.sessions import reading, unit_of_work
from core.drafts import Drafts
from core.errors import Conflict
from core.events import delivery, outbox
from core.events.delivery import Delivery, deliver_pending, register_consumer
from core.events.log import Event, EventDraft, record, record_one
from core.events.outbox import OutboxRow, consumers_of, subscribe
from core.i18n import N_
from core.jobs.schedule import enqueue_recurring
from core.jobs.worker import run_next
from jobs.schedule import SCHEDULE
from models.products import Product
from resources import current
from services.customers import save_customers
from services.saving.plans import SaveOptions
from tests.conftest import ADMIN, MEI, SUZHOU_CLERK, WEI

DELIVERY = [one for one in SCHEDULE if one.name == "outbox.deliver"]
SEE = {"see_all": "a test reads the outbox"}


@pytest.fixture(autouse=True)
def no_other_consumers(monkeypatch) -> Iterator[None]:
    """Let a test's consumers be the only ones, and be gone after it."""
    monkeypatch.setattr(outbox, "_subscriptions", [])
    monkeypatch.setattr(delivery, "_consumers", {})
    consumers_of.cache_clear()
    yield
    consumers_of.cache_clear()


def happen(*keys: str, action: str = "customer.changed") -> None:
    with unit_of_work(WEI) as session:
        record(session, action, "customers", [EventDraft(key) for key in keys])


def pending() -> list[tuple[str, str]]:
    """Return (consumer, key of the event's subject) of what is not delivered, in order."""
    query = select(OutboxRow.consumer, Event.subject_key).join(Event, Event.id == OutboxRow.event_id)
    with reading(ADMIN) as session:
        rows = session.execute(
            query.where(OutboxRow.delivered_at.is_(None)).order_by(OutboxRow.id), execution_options=SEE
        )
        return [(row.consumer, row.subject_key) for row in rows]


def deliver() -> int:
    return deliver_pending(WORKER, current, lambda _count: None)


def listen(name: str, pattern: str = "customer.*") -> list[str]:
    """Let a consumer keep the keys of what it gets."""
    heard: list[str] = []
    register_consumer(name, lambda _session, one: heard.append(one.event.subject_key))
    subscribe(pattern, name)
    return heard


def test_only_what_is_subscribed_is_put_into_the_outbox(database):
    listen("bell", "customer.changed")
    listen("mail")

    happen("C1")
    happen("C2", action="customer.created")
    happen("C3", action="product.changed")

    assert pending() == [("bell", "C1"), ("mail", "C1"), ("mail", "C2")]


def test_a_consumer_with_two_patterns_that_fit_gets_an_event_once(database):
    listen("bell")
    subscribe("*", "bell")

    happen("C1")

    assert pending() == [("bell", "C1")]


@pytest.mark.parametrize("count", [2, FEW + 1])
def test_many_events_of_one_call_keep_their_order(database, count):
    heard = listen("bell")
    keys = [f"C{number}" for number in range(count)]

    happen(*keys)

    assert (deliver(), heard, pending()) == (count, keys, [])


def test_rows_saved_together_are_delivered_with_what_they_began_with(database):
    found = []
    register_consumer("bell", lambda _session, one: found.append((one.event.subject_key, one.event.created_values)))
    subscribe("customer.created", "bell")
    with unit_of_work(WEI) as session:
        save_customers(session, Drafts([1, 2], {"code": ["C2", "C1"], "name": ["乙", "甲"]}), SaveOptions())

    deliver()

    assert found == [("C2", {"name": "乙", "stage": "lead"}), ("C1", {"name": "甲", "stage": "lead"})]


def test_events_recorded_together_with_other_statements_are_put_into_it_too(database):
    listen("bell", "order.*")
    listen("mail", "order.submitted")
    happen("C0", action="customer.changed")

    with unit_of_work(WEI) as session:
        run_operations(session, *record_one(session, ("order.placed", "order.submitted"), "orders", EventDraft("O1")))
        run_operations(session, *record_one(session, "order.submitted", "orders", EventDraft("O2")))

    assert pending() == [("bell", "O1"), ("bell", "O1"), ("mail", "O1"), ("bell", "O2"), ("mail", "O2")]
    with reading(ADMIN) as session:
        actions = select(Event.action).join(OutboxRow, OutboxRow.event_id == Event.id).order_by(OutboxRow.id)
        assert session.scalars(actions, execution_options=SEE).all() == ["order.placed", *["order.submitted"] * 4]


def test_what_is_rolled_back_is_not_delivered(database):
    heard = listen("bell")
    with pytest.raises(Conflict), unit_of_work(WEI) as session:
        record(session, "customer.changed", "customers", [EventDraft("C1")])
        raise Conflict("test.no", N_("No."))

    assert (deliver(), heard, pending()) == (0, [], [])


def test_what_a_consumer_does_and_that_it_did_are_one_transaction(database):
    def fail_once(session, _one: Delivery) -> None:
        facts = {"unit": "件", "box_units": 1, "minimum_quantity": 1, "tax_rate_ppm": 0, "status": "active"}
        session.add(Product(sku=f"P{len(tries)}", name="x", **facts))
        session.flush()
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("no")

    tries: list[int] = []
    register_consumer("bell", fail_once)
    subscribe("customer.*", "bell")
    happen("C1")

    with pytest.raises(ExceptionGroup):
        deliver()
    before = (skus(), pending())
    deliver()

    assert before == ([], [("bell", "C1")])
    assert (skus(), pending()) == (["P1"], [])


def skus() -> list[str]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(Product.sku)))


def test_a_consumer_that_fails_gets_nothing_later_before_and_others_go_on(database):
    def refuse(_session, one: Delivery) -> None:
        tried.append(one.event.subject_key)
        raise RuntimeError("no")

    tried: list[str] = []
    register_consumer("bell", refuse)
    subscribe("customer.*", "bell")
    heard = listen("mail")
    happen("C1", "C2")

    for _ in range(2):
        with pytest.raises(ExceptionGroup) as failed:
            deliver()

    assert (tried, heard) == (["C1", "C1"], ["C1", "C2"])
    assert failed.value.exceptions[0].__notes__ == ["consumer bell"]
    assert pending() == [("bell", "C1"), ("bell", "C2")]


def test_the_job_comes_round_only_while_something_waits_for_a_consumer_that_is_there(database):
    heard = listen("bell")
    subscribe("*", "gone")
    added = [enqueue_recurring(DELIVERY)]

    happen("C1")
    added.append(enqueue_recurring(DELIVERY))
    while run_next():
        pass
    with freeze(now() + timedelta(minutes=1)):
        added.append(enqueue_recurring(DELIVERY))

    assert (added, heard, pending()) == ([0, 1, 0], ["C1"], [("gone", "C1")])


def test_two_deliveries_at_once_hand_each_event_over_once_and_in_order(database):
    heard = listen("bell")
    keys = [f"C{number}" for number in range(20)]
    happen(*keys)
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(deliver())) for _ in range(2)]

    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert (heard, sum(counts), pending()) == (keys, 20, [])


def test_what_a_reader_may_not_see_of_a_change_is_left_out(database):
    seen = []
    register_consumer("bell", lambda _session, one: seen.extend(one.changes_for(who) for who in (MEI, SUZHOU_CLERK)))
    subscribe("partner.*", "bell")
    with unit_of_work(MEI) as session:
        changes = {"credit_limit": [0, 100_00], "name": ["a", "b"]}
        record(session, "partner.changed", "partners", [EventDraft("SZ", changes=changes)])

    deliver()

    assert seen == [{"credit_limit": (0, 100_00), "name": ("a", "b")}, {"name": ("a", "b")}]
