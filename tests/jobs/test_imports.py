"""Imports in the background: the plug may be pulled in the middle, and no row comes twice."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import Engine, func, select

import jobs  # noqa: F401  (registers every job)
from core.access import WORKER
from core.database.sessions import reading, unit_of_work
from core.events.log import Event
from core.files.contents import store_file
from core.jobs.queueing import enqueue
from core.jobs.rows import Job, JobStatus
from importers.writing.xlsx import SheetColumn, write_xlsx
from models.customers import Customer
from models.imports import ALL_OR_NOTHING, ImportBatch
from resources.customers import CUSTOMERS
from services.imports.batches import begin_import, get_import
from services.installation.checks import broken_invariants
from tests.conftest import WEI
from tests.support.source import ROOT

ROWS = 30_000
WAIT_S_MAX = 90.0


def worker(engine: Engine, data_dir: Path) -> "subprocess.Popen[bytes]":
    """Start ``python app.py work`` on the database of the test."""
    own = {
        "QUDAO_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "QUDAO_DATA_DIR": str(data_dir),
    }
    return subprocess.Popen([sys.executable, "app.py", "work"], cwd=ROOT, env=os.environ | own)


def waiting_import(folder: Path, mode: str = "good-rows") -> tuple[int, int]:
    """Return the number of a waiting import of many rows, and of its job."""
    path = folder / "many.xlsx"
    with path.open("wb") as target:
        write_xlsx(target, "Sheet", [SheetColumn("code"), SheetColumn("name")], ([f"C{i}", "a"] for i in range(ROWS)))
    with unit_of_work(WEI) as session:
        with path.open("rb") as source:
            file = store_file(session, source, "many.xlsx")
        assert CUSTOMERS.edit is not None
        facts = {"file_id": file.id, "file_name": file.name, "sha256": file.sha256, "mode": mode}
        batch = begin_import(session, CUSTOMERS.edit, resource="customers", **facts)
        job = enqueue(session, "imports.apply", batch_id=batch.id)
    return batch.id, job.id


@pytest.fixture
def import_job(database, data_dir: Path, tmp_path: Path) -> tuple[int, int]:
    """Give a waiting import of many rows: number of the import and of its job."""
    return waiting_import(tmp_path)


def until(question) -> None:
    """Wait until ``question`` is answered with yes."""
    end = monotonic() + WAIT_S_MAX
    while not question():
        assert monotonic() < end, "waited too long"
        sleep(0.02)


def job(job_id: int) -> Job:
    with reading(WORKER) as session:
        return session.get_one(Job, job_id)


def batch_of(batch_id: int) -> ImportBatch:
    with reading(WEI) as session:
        return get_import(session, batch_id)


def test_an_import_whose_worker_is_killed_goes_on_and_brings_no_row_twice(database, data_dir, import_job):
    batch_id, job_id = import_job
    first = worker(database, data_dir)
    until(lambda: 0 < batch_of(batch_id).last_row < ROWS or job(job_id).finished_at)
    first.send_signal(signal.SIGKILL)
    first.wait()
    stopped = batch_of(batch_id)
    assert job(job_id).done_count == stopped.row_count  # rows that are read ahead do not count

    second = worker(database, data_dir)
    until(lambda: job(job_id).finished_at is not None)
    second.terminate()
    second.wait(30)

    with reading(WORKER) as session:
        customers = session.scalar(select(func.count()).select_from(Customer))
        events = session.scalar(select(func.count()).where(Event.action == "customer.created"))
    done = batch_of(batch_id)
    assert 0 < stopped.last_row < ROWS
    assert job(job_id).status == JobStatus.DONE
    assert customers == events == done.created_count == done.row_count == ROWS
    assert (done.status, done.unchanged_count, done.refused_count) == ("applied", 0, 0)


def kill_and_go_on(engine: Engine, data_dir: Path, folder: Path, mode: str, after_s: float) -> None:
    """Kill the worker of an import ``after_s`` seconds after it took it; another must bring it to its right end."""
    batch_id, job_id = waiting_import(folder, mode)
    first = worker(engine, data_dir)
    until(lambda: job(job_id).attempts > 0)
    sleep(after_s)
    first.send_signal(signal.SIGKILL)
    first.wait()

    second = worker(engine, data_dir)
    until(lambda: job(job_id).finished_at is not None)
    second.terminate()
    second.wait(WAIT_S_MAX)  # it ends the job of the schedule that it may have begun

    with reading(WORKER) as session:
        customers = session.scalar(select(func.count()).select_from(Customer))
        events = session.scalar(select(func.count()).where(Event.action == "customer.created"))
        ends = session.scalars(select(Event.action).where(Event.subject == "imports")).all()
        broken = broken_invariants(session)
    done = batch_of(batch_id)
    assert (job(job_id).status, list(ends), broken) == (JobStatus.DONE, ["import.applied"], [])
    assert customers == events == done.created_count == done.row_count == ROWS
    assert (done.status, done.unchanged_count, done.refused_count) == ("applied", 0, 0)


def test_an_import_in_one_piece_killed_at_any_moment_ends_with_every_row_once(database, data_dir, tmp_path):
    """The campaign kills imports of good rows too, at many moments."""
    kill_and_go_on(database, data_dir, tmp_path, ALL_OR_NOTHING, random.uniform(0, 2))
