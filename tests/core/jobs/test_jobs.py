"""Jobs: exist exactly if their cause does, run once, go on from their last checkpoint, end in words."""

import errno
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

import jobs as every_job  # noqa: F401  (registers who owns a job)
from core import clock
from core.access import WORKER
from core.clock import now
from core.database.sessions import reading, unit_of_work
from core.errors import Conflict, InvalidInput, NotFound
from core.jobs import queueing
from core.jobs.queueing import ask_to_cancel, cancel_jobs, enqueue, job, retry
from core.jobs.recurring import Recurring
from core.jobs.rows import Job, JobStatus
from core.jobs.schedule import enqueue_recurring, release_dead_workers
from core.jobs.worker import JobRun, run_next, worker_name
from core.permissions import Permission
from tests.conftest import BEIFANG_CLERK, LING, WEI


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.jobs.queueing._registry", {})


def add(name: str, **arguments: object) -> int:
    with unit_of_work(WEI) as session:
        return enqueue(session, name, **arguments).id


def stored(job_id: int) -> Job:
    with reading(WORKER) as session:
        return session.get_one(Job, job_id)


def test_a_job_of_a_cause_that_was_rolled_back_never_runs(database):
    ran: list[int] = []
    job("t.note", needs=Permission.CUSTOMER_EDIT)(lambda run: ran.append(1))

    with pytest.raises(ZeroDivisionError), unit_of_work(WEI) as session:
        enqueue(session, "t.note")
        raise ZeroDivisionError

    assert (run_next(), ran) == (False, [])


def test_a_job_runs_once_on_behalf_of_who_asked(database):
    seen: list[tuple[str, str]] = []
    job("t.note", needs=Permission.CUSTOMER_EDIT)(lambda run, word: seen.append((run.actor.person, word)))
    job_id = add("t.note", word="hello")

    assert (run_next(), run_next()) == (True, False)

    assert seen == [("wei@example.com", "hello")]
    assert stored(job_id).status == JobStatus.DONE


def test_workers_side_by_side_run_each_job_once(database):
    seen: list[int] = []
    job("t.count", needs=Permission.CUSTOMER_EDIT)(lambda run, number: seen.append(number))
    for number in range(12):
        add("t.count", number=number)

    def worker() -> None:
        while run_next():
            pass

    threads = [threading.Thread(target=worker) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(seen) == list(range(12))


def test_a_job_whose_worker_died_goes_on_from_its_checkpoint(database):
    steps: list[int] = []

    def count_to_four(run: JobRun) -> None:
        for step in range(run.state.get("done", 0), 4):
            with unit_of_work(run.actor) as session:
                run.checkpoint(session, {"done": step + 1}, done_count=step + 1, total_count=4)
            steps.append(step)
            if step == 1 and len(steps) == 2:
                raise SystemExit  # as if the process were gone: nobody marks the job

    job("t.steps", needs=Permission.CUSTOMER_EDIT)(count_to_four)
    job_id = add("t.steps")
    with pytest.raises(SystemExit):
        run_next("here:1:1")
    assert (stored(job_id).status, stored(job_id).state) == (JobStatus.RUNNING, {"done": 2})
    assert not run_next("here:2:1")

    with clock.freeze(now() + timedelta(minutes=2)):
        assert run_next("here:2:1")

    assert steps == [0, 1, 2, 3]
    assert (stored(job_id).status, stored(job_id).done_count, stored(job_id).total_count) == (JobStatus.DONE, 4, 4)


def test_jobs_of_a_process_that_is_gone_are_taken_over_at_once(database):
    job("t.note", needs=Permission.CUSTOMER_EDIT)(lambda run: None)
    job_id = add("t.note")
    with unit_of_work(WORKER) as session:
        gone = f"{worker_name().split(':')[0]}:999999999:1"
        lease = now() + timedelta(hours=1)
        session.execute(update(Job).values(status=JobStatus.RUNNING, worker=gone, lease_until=lease))

    assert release_dead_workers() == 1
    assert run_next()
    assert stored(job_id).status == JobStatus.DONE


def test_a_checkpoint_of_a_worker_that_lost_its_lease_is_refused_with_its_rows(database):
    def overtaken(run: JobRun) -> None:
        with unit_of_work(WORKER) as session:
            session.execute(update(Job).values(worker="other:1:1"))
        with unit_of_work(run.actor) as session:
            enqueue(session, "t.overtaken")
            run.checkpoint(session, {}, done_count=1)

    job("t.overtaken", needs=Permission.CUSTOMER_EDIT)(overtaken)
    add("t.overtaken")

    run_next("here:1:1")

    with reading(WORKER) as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 1


def test_an_expected_error_ends_a_job_with_its_sentence_and_a_bug_is_tried_again(database):
    def refuse(run: JobRun) -> None:
        raise InvalidInput("t.wrong", "The file {name} is wrong.", name="a.xlsx")

    def break_down(run: JobRun) -> None:
        raise ZeroDivisionError

    job("t.refuse", needs=Permission.CUSTOMER_EDIT)(refuse)
    job("t.break", needs=Permission.CUSTOMER_EDIT, attempts_max=2)(break_down)
    refused, broken = add("t.refuse"), add("t.break")
    run_next()
    run_next()

    assert (stored(refused).status, stored(refused).error) == (JobStatus.FAILED, "The file a.xlsx is wrong.")
    assert stored(broken).status == JobStatus.WAITING
    with clock.freeze(now() + timedelta(hours=1)):
        run_next()
    assert stored(broken).status == JobStatus.FAILED
    assert stored(broken).reference == f"job-{broken}"
    assert "ZeroDivision" not in (stored(broken).error or "")


def test_cancelling_stops_at_the_next_checkpoint_and_retrying_goes_on(database):
    def step(run: JobRun) -> None:
        if not run.state:
            with unit_of_work(WEI) as session:
                ask_to_cancel(session, run.job_id)
        with unit_of_work(run.actor) as session:
            run.checkpoint(session, {"done": 1}, done_count=1)

    job("t.step", needs=Permission.CUSTOMER_EDIT)(step)
    job_id = add("t.step")
    run_next()
    assert (stored(job_id).status, stored(job_id).state) == (JobStatus.CANCELLED, {})
    with unit_of_work(WEI) as session, pytest.raises(Conflict):
        ask_to_cancel(session, job_id)

    with unit_of_work(WEI) as session:
        assert retry(session, job_id).status == JobStatus.WAITING


def test_a_stranger_neither_sees_nor_cancels_a_job(database):
    job("t.note", needs=Permission.CUSTOMER_EDIT)(lambda run: None)
    job_id = add("t.note")

    with unit_of_work(BEIFANG_CLERK) as session, pytest.raises(NotFound):
        ask_to_cancel(session, job_id)
    with reading(LING) as session:
        assert session.get(Job, job_id) is not None
    assert stored(job_id).status == JobStatus.WAITING


def test_what_recurs_is_added_once_for_each_round(database):
    job("t.nightly", needs=Permission.CUSTOMER_EDIT)(lambda run: None)
    schedule = [Recurring("t.nightly", timedelta(days=1))]

    assert [enqueue_recurring(schedule), enqueue_recurring(schedule)] == [1, 0]
    with clock.freeze(now() + timedelta(days=1)):
        assert enqueue_recurring(schedule) == 1


def test_a_job_waits_for_a_disk_with_room_and_the_attempt_does_not_count(database):
    def store(run: JobRun) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    job("t.store", needs=Permission.CUSTOMER_EDIT, attempts_max=1)(store)
    job_id = add("t.store")

    for later in range(3):
        with clock.freeze(now() + timedelta(minutes=2 * later)):
            assert run_next()

    row = stored(job_id)
    assert (row.status, row.attempts) == (JobStatus.WAITING, 0)
    assert "disk" in (row.error or "") or "磁盘" in (row.error or "")


def test_what_a_kind_does_at_the_end_is_done_once_with_the_last_status_and_not_by_a_worker_that_lost_the_job(database):
    ended: list[tuple[str, str | None]] = []

    def note(session, row: Job) -> None:
        ended.append((row.status, row.error))

    def fail(run: JobRun) -> None:
        raise InvalidInput("t.wrong", "Wrong.")

    def lose(run: JobRun) -> None:
        with unit_of_work(WORKER) as session:
            session.execute(update(Job).where(Job.id == run.job_id).values(worker="other:1:1"))

    for name, function in (("t.done", lambda run: None), ("t.fail", fail), ("t.lose", lose)):
        job(name, needs=Permission.CUSTOMER_EDIT, on_end=note)(function)
        add(name)
    while run_next():
        pass

    assert ended == [("done", None), ("failed", "Wrong.")]


def test_what_a_kind_does_at_the_end_is_done_for_a_job_that_is_stopped_before_it_begins(database):
    ended: list[tuple[int, str, bool]] = []

    def note(session, row: Job) -> None:
        ended.append((row.id, row.status, row.finished_at is not None))

    job("t.note", needs=Permission.CUSTOMER_EDIT, on_end=note)(lambda run: None)
    first, second, other = add("t.note"), add("t.note"), add("t.note")
    with unit_of_work(WEI) as session:
        ask_to_cancel(session, first)
    with unit_of_work(WORKER) as session:
        cancel_jobs(session, Job.id.in_((first, second)))

    assert ended == [(first, "cancelled", True), (second, "cancelled", True)]
    assert (stored(other).status, stored(other).cancel_asked) == (JobStatus.WAITING, False)


def test_a_job_of_a_kind_that_is_gone_is_stopped_all_the_same(database):
    job("t.gone", needs=Permission.CUSTOMER_EDIT)(lambda run: None)
    job_id = add("t.gone")
    queueing._registry.clear()

    with unit_of_work(WEI) as session:
        ask_to_cancel(session, job_id)

    assert stored(job_id).status == JobStatus.CANCELLED


def test_a_job_that_runs_is_not_ended_by_who_stops_it(database):
    ended: list[str] = []

    def stop(run: JobRun) -> None:
        with unit_of_work(WORKER) as session:
            cancel_jobs(session, Job.id == run.job_id)
        assert ended == []
        with unit_of_work(run.actor) as session:
            run.checkpoint(session, {}, done_count=1)

    job("t.stop", needs=Permission.CUSTOMER_EDIT, on_end=lambda session, row: ended.append(row.status))(stop)
    add("t.stop")
    run_next()

    assert ended == ["cancelled"]


def test_a_job_stays_open_if_what_its_kind_does_at_the_end_is_rolled_back(database):
    attempts: list[int] = []

    def end(session, row: Job) -> None:
        attempts.append(row.id)
        if len(attempts) == 1:
            raise ZeroDivisionError

    job("t.note", needs=Permission.CUSTOMER_EDIT, on_end=end)(lambda run: None)
    job_id = add("t.note")

    with pytest.raises(ZeroDivisionError):
        run_next()
    assert stored(job_id).status == JobStatus.RUNNING
    with clock.freeze(now() + timedelta(minutes=2)):
        assert run_next()

    assert (stored(job_id).status, len(attempts)) == (JobStatus.DONE, 2)
