"""Lanes: each has a thread of its own, is woken when something is added, and costs nothing while nothing is due."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, select

import jobs as every_job  # noqa: F401  (registers who owns a job)
from core.access import WORKER
from core.clock import freeze, now
from core.database.retention import purge_slice
from core.database.sessions import reading, unit_of_work
from core.jobs.queueing import LIGHT_WEIGHT_MAX, enqueue, job, retry
from core.jobs.recurring import Recurring
from core.jobs.rows import Job, JobStatus, Lane
from core.jobs.schedule import enqueue_recurring, work
from core.jobs.worker import due_lanes, run_next
from core.permissions import Permission
from services.jobs.retention import job_retentions
from tests.conftest import LING, WEI

WAIT_S = 20.0


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.jobs.queueing._registry", {})


@pytest.fixture
def slow_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the poll be too slow to be what wakes a lane."""
    monkeypatch.setattr("core.jobs.schedule.POLL_S", WAIT_S)


@contextmanager
def worker() -> Iterator[None]:
    """Run a worker as ``serve`` does."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(WAIT_S)
        assert not thread.is_alive()


def register(name: str, lane: Lane, function: Callable[..., None], **options) -> None:
    job(name, needs=Permission.CUSTOMER_EDIT, lane=lane, **options)(function)


def add(name: str, actor=WEI, *, weight: int = 0) -> int:
    with unit_of_work(actor) as session:
        return enqueue(session, name, weight=weight).id


def lane_of(job_id: int) -> str:
    with reading(WORKER) as session:
        return session.get_one(Job, job_id).lane


def test_a_delivery_and_a_light_file_run_while_a_heavy_file_and_upkeep_hold_their_lanes(database):
    ended = {name: threading.Event() for name in ("t.light", "t.mail")}
    holding = {name: threading.Event() for name in ("t.file", "t.upkeep")}
    release = threading.Event()

    def hold(name: str) -> Callable[..., None]:
        def function(run) -> None:
            if not ended["t.light"].is_set():
                holding[name].set()
                release.wait(WAIT_S)

        return function

    register("t.file", Lane.IMPORT, hold("t.file"))
    register("t.upkeep", Lane.NIGHT, hold("t.upkeep"))
    register("t.light", Lane.IMPORT, lambda run: ended["t.light"].set())
    register("t.mail", Lane.DELIVERY, lambda run: ended["t.mail"].set())

    try:
        with worker():
            add("t.file", weight=LIGHT_WEIGHT_MAX + 1)
            add("t.upkeep")
            assert all(one.wait(WAIT_S) for one in holding.values())
            add("t.light", LING)
            add("t.mail", LING)
            assert all(one.wait(WAIT_S) for one in ended.values())
            release.set()
    finally:
        release.set()


def test_what_a_process_adds_itself_runs_without_waiting_for_the_poll(database, slow_poll):
    seen: list[str] = []
    first, second = threading.Event(), threading.Event()
    register("t.first", Lane.INTERACTIVE, lambda run: (seen.append("first"), first.set()))
    register("t.second", Lane.DELIVERY, lambda run: (seen.append("second"), second.set()))
    began = time.monotonic()

    with worker():
        time.sleep(0.2)
        add("t.first")
        assert first.wait(WAIT_S)
        add("t.second")
        assert second.wait(WAIT_S)

    assert seen == ["first", "second"]
    assert time.monotonic() - began < WAIT_S / 2


def test_a_job_that_is_tried_again_wakes_its_lane(database, slow_poll):
    ran = threading.Event()
    register("t.again", Lane.DELIVERY, lambda run: ran.set())
    with unit_of_work(WEI) as session:
        row = enqueue(session, "t.again")
        row.status, row.finished_at = JobStatus.FAILED, now()

    with worker():
        time.sleep(0.2)
        with unit_of_work(WEI) as session:
            retry(session, row.id)
        assert ran.wait(WAIT_S)


def test_a_worker_at_rest_asks_the_database_no_more_often_than_its_one_poll(database, monkeypatch):
    poll_s = 0.05
    monkeypatch.setattr("core.jobs.schedule.POLL_S", poll_s)
    asked = Counter[str]()

    def count(_connection, _cursor, statement, *_) -> None:
        asked[threading.current_thread().name] += statement.lstrip().upper().startswith("SELECT")

    with worker():
        time.sleep(0.3)
        event.listen(database, "before_cursor_execute", count)
        began = time.monotonic()
        time.sleep(0.5)
        event.remove(database, "before_cursor_execute", count)
        polls_max = (time.monotonic() - began) / poll_s + 1

    assert len(asked) == 1
    assert 2 <= asked.total() <= 2 * polls_max  # each poll: the clock's mark, and what is due


def test_a_jobs_lane_is_that_of_its_kind_and_light_files_are_interactive(database):
    for lane in Lane:
        register(f"t.{lane.value}", lane, lambda run: None)

    assert {lane: lane_of(add(f"t.{lane.value}", weight=LIGHT_WEIGHT_MAX + 1)) for lane in Lane} == {
        lane: lane.value for lane in Lane
    }
    assert lane_of(add("t.import", LING, weight=LIGHT_WEIGHT_MAX)) == Lane.INTERACTIVE


def test_a_lane_takes_no_job_of_another(database):
    ran: list[Lane] = []
    for lane in Lane:
        register(f"t.{lane.value}", lane, lambda run, lane=lane: ran.append(lane))
        add(f"t.{lane.value}", weight=LIGHT_WEIGHT_MAX + 1)

    assert due_lanes() == set(Lane)
    for lane in reversed(Lane):
        assert [run_next(lane=lane), run_next(lane=lane)] == [True, False]

    assert (ran, due_lanes()) == (list(reversed(Lane)), frozenset())


def test_several_workers_run_each_job_of_every_lane_once(database):
    seen, guard = Counter[int](), threading.Lock()

    def note(run) -> None:
        with guard:
            seen[run.job_id] += 1

    for lane in Lane:
        register(f"t.{lane.value}", lane, note)
    with worker(), worker():
        ids = {add(f"t.{lane.value}", actor, weight=9_999) for actor in (WEI, LING) for _ in range(4) for lane in Lane}
        deadline = time.monotonic() + WAIT_S
        while len(seen) < len(ids) and time.monotonic() < deadline:
            time.sleep(0.05)

    assert seen == Counter(dict.fromkeys(ids, 1))


def test_an_occurrence_is_added_once_by_several_workers_and_made_up_for_once_after_a_pause(database):
    register("t.nightly", Lane.NIGHT, lambda run: None)
    schedule = [Recurring("t.nightly", at="02:00")]
    together = threading.Barrier(4)
    added: list[int] = []

    def add_runs() -> None:
        together.wait(WAIT_S)
        added.append(enqueue_recurring(schedule))

    with freeze(now()):
        threads = [threading.Thread(target=add_runs) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)
    with freeze(now() + timedelta(days=9)):
        later = [enqueue_recurring(schedule), enqueue_recurring(schedule)]

    assert (sorted(added), later) == ([0, 0, 0, 1], [1, 0])


def test_a_kind_says_how_long_its_jobs_are_kept_and_the_last_run_of_a_schedule_stays(database):
    register("t.short", Lane.INTERACTIVE, lambda run: None, keep_days=10)
    register("t.monthly", Lane.NIGHT, lambda run: None, keep_days=10)
    monthly = [Recurring("t.monthly", at="02:00", day=31)]
    old = add("t.short")
    enqueue_recurring(monthly)
    while run_next():
        pass

    def left() -> list[str]:
        with reading(WORKER) as session:
            return list(session.scalars(select(Job.name).order_by(Job.name)))

    with freeze(now() + timedelta(days=9)):
        recent = add("t.short")
        with unit_of_work(WORKER) as session:
            assert sum(purge_slice(session, one) for one in job_retentions()) == 0
    with freeze(now() + timedelta(days=11)):
        with unit_of_work(WORKER) as session:
            assert sum(purge_slice(session, one) for one in job_retentions()) == 1
        assert left() == ["t.monthly", "t.short"]
        with reading(WORKER) as session:
            assert (session.get(Job, old), session.get(Job, recent) is not None) == (None, True)
