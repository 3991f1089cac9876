"""Imports whose jobs end before them: they are cancelled with the job, whoever or whatever ended it, and may go on."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from core.access import WORKER
from core.clock import now as present
from core.database.sessions import reading, transact, unit_of_work
from core.errors import Conflict, DomainError
from core.events.log import Event
from core.jobs.queueing import ask_to_cancel, cancel_jobs
from core.jobs.rows import Job, JobStatus
from core.jobs.worker import run_next
from models.accounts.users import User
from models.customers import Customer
from models.imports import ImportBatch, ImportStatus
from services.imports.batches import continue_import, start_import, stop_import
from services.imports.checks import check_running
from services.installation.checks import broken_invariants
from services.jobs.control import retry_job, stop_job
from tests.conftest import ADMIN, LING, WEI
from tests.importers.runs.test_batches import PLAIN, act, bring, count, now, work


def waiting_import(content: str = PLAIN) -> ImportBatch:
    """Return an import of two customers whose job waits."""
    batch = bring(content)
    work()
    return act(start_import, batch)


def job_of(batch: ImportBatch) -> Job:
    with reading(WORKER) as session:
        return session.get_one(Job, now(batch).job_id)


def ends() -> list[tuple[str, str]]:
    """Return with what imports ended, and whose doing it was."""
    with reading(WORKER) as session:
        found = session.scalars(select(Event).where(Event.subject == "imports").order_by(Event.id))
        return [(event.action, event.person) for event in found]


def broken() -> list[str]:
    with reading(ADMIN) as session:
        return [one["detail"] for one in broken_invariants(session)]


def lose_the_worker(batch: ImportBatch) -> None:
    """Let the last permitted worker of a job have died."""
    died = {"status": JobStatus.RUNNING.value, "attempts": 5, "lease_until": present(), "worker": "gone:1:1"}
    with unit_of_work(WORKER) as session:
        session.execute(update(Job).where(Job.id == batch.job_id).values(died))
    work()


def lock_the_owner(batch: ImportBatch) -> None:
    with unit_of_work(ADMIN) as session:
        session.execute(update(User).where(User.id == WEI.user_id).values(status="locked"))
    work()


WAYS: dict[str, Callable[[ImportBatch], object]] = {
    "stopped by its owner": lambda batch: act(stop_import, batch),
    "stopped by a colleague": lambda batch: transact(LING, lambda session: stop_job(session, batch.job_id)),
    "stopped by the administrator": lambda batch: transact(ADMIN, lambda session: stop_job(session, batch.job_id)),
    "stopped with all jobs of its owner": lambda batch: transact(
        ADMIN, lambda session: cancel_jobs(session, Job.person == WEI.person)
    ),
    "its owner is locked": lock_the_owner,
    "its workers died too often": lose_the_worker,
}


@pytest.mark.parametrize("way", WAYS)
def test_an_import_is_cancelled_with_its_job_and_goes_on_later(database, way):
    batch = waiting_import()

    WAYS[way](batch)

    assert (now(batch).status, now(batch).finished_at is not None) == (ImportStatus.CANCELLED, True)
    assert [action for action, _person in ends()] == ["import.cancelled"]
    assert (job_of(batch).status in {"cancelled", "failed"}, count(Customer), broken()) == (True, 0, [])
    act(continue_import, batch)
    with unit_of_work(ADMIN) as session:
        session.execute(update(User).where(User.id == WEI.user_id).values(status="active"))
    work()
    assert (now(batch).status, count(Customer), broken()) == (ImportStatus.APPLIED, 2, [])


def test_who_stopped_the_job_is_recorded_as_who_ended_the_import(database):
    batch = waiting_import()

    transact(LING, lambda session: stop_job(session, batch.job_id))

    assert ends() == [("import.cancelled", LING.person)]


def test_an_import_goes_on_with_a_stop_that_is_rolled_back(database):
    batch = waiting_import()

    with pytest.raises(ZeroDivisionError), unit_of_work(LING) as session:
        stop_job(session, batch.job_id)
        raise ZeroDivisionError

    assert (now(batch).status, job_of(batch).status, ends()) == (ImportStatus.RUNNING, JobStatus.WAITING, [])


def test_an_import_whose_job_is_tried_again_runs_once_and_is_not_continued_beside_it(database):
    batch = waiting_import()
    transact(LING, lambda session: stop_job(session, batch.job_id))
    transact(LING, lambda session: retry_job(session, batch.job_id))

    with pytest.raises(Conflict) as refused:
        act(continue_import, batch)
    work()

    assert (refused.value.code, now(batch).status, now(batch).created_count) == (
        "imports.not_stopped",
        ImportStatus.APPLIED,
        2,
    )


def test_the_end_of_an_earlier_job_does_not_end_an_import_that_goes_on(database):
    batch = waiting_import()
    transact(LING, lambda session: stop_job(session, batch.job_id))
    earlier = batch.job_id
    act(continue_import, batch)
    with unit_of_work(WORKER) as session:
        session.execute(update(Job).where(Job.id == earlier).values(status="waiting", finished_at=None))
        ask_to_cancel(session, earlier)

    assert (now(batch).status, broken()) == (ImportStatus.RUNNING, [])


def test_stopping_a_check_that_waits_leaves_the_import_to_be_checked_again(database):
    batch = bring(PLAIN)

    transact(LING, lambda session: stop_job(session, batch.job_id))

    assert (now(batch).status, job_of(batch).status, ends()) == (ImportStatus.DRAFT, JobStatus.CANCELLED, [])


@pytest.mark.parametrize("status", ["cancelled", "failed", "done"])
def test_the_check_names_an_import_that_is_running_without_a_job_that_can_run(database, status):
    batch = waiting_import()
    with unit_of_work(WORKER) as session:
        session.execute(update(Job).where(Job.id == batch.job_id).values(status=status))

    assert broken() == [f"import {batch.id} of rows.csv: it is stated as running, but no job of it waits or runs"]


def test_the_check_says_nothing_of_an_import_of_the_command_line(database):
    with unit_of_work(WEI) as session:
        facts = {"resource": "customers", "person": WEI.person, "file_name": "a.csv", "sha256": "0"}
        session.add(ImportBatch(status=ImportStatus.RUNNING.value, **facts))

    with reading(ADMIN) as session:
        assert list(check_running(session)) == []


def test_an_import_that_is_stopped_as_a_worker_takes_it_ends_in_one_way(postgres_database):
    outcomes = set()
    for turn in range(4):
        batch = waiting_import(PLAIN.replace("C", f"C{turn}-"))
        start = threading.Barrier(2)

        def stop(batch: ImportBatch = batch, start: threading.Barrier = start, turn: int = turn) -> None:
            start.wait()
            threading.Event().wait(turn % 4 * 0.004)
            try:
                transact(LING, lambda session: stop_job(session, batch.job_id))
            except DomainError as error:
                assert error.code == "jobs.finished"

        stopper = threading.Thread(target=stop)
        stopper.start()
        start.wait()
        while run_next():
            pass
        stopper.join()
        work()
        ended = now(batch)
        outcomes.add((ended.status, job_of(batch).status, ended.row_count))
        assert ended.finished_at is not None and broken() == []

    assert outcomes <= {("cancelled", "cancelled", 0), ("applied", "done", 2)}
