"""Imports whose process dies at a database statement, and are run again by the next worker."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, event, func, select, update

import jobs  # noqa: F401  (registers every job)
from core.access import WORKER
from core.clock import now
from core.database.sessions import engine_in_use, reading, unit_of_work
from core.events.log import Event
from core.files.contents import store_file
from core.jobs.queueing import enqueue
from core.jobs.rows import Job, JobStatus
from core.jobs.worker import run_next
from models.imports import ImportBatch, ImportProblem, ImportSlice
from models.orders import OrderLine
from resources.orders import ORDER_LINES
from services.imports.batches import begin_import, get_import
from services.installation.checks import broken_invariants
from tests.conftest import ADMIN, WEI

LINES = 6
ORDER_ROWS = (
    "number,buyer,ship_to_address,sku,quantity",
    ",HD,观前街{run},MILK,10",
    "F-{run},HD,,TEA,24",
    ",HD,观前街{run},TEA,24",
    ",BF,{run},MILK,10",
    "F-{run},HD,,MILK,20",
    ",SZ,{run},MILK,30",
)
BAD_ROWS = (",HD,吴中路{run},NOPE,1", ",HD,吴中路{run},MILK,10")


class Killed(BaseException):
    """Stands for the end of the process: nothing of the product catches it."""


@dataclass(slots=True)
class Fault:
    """Counts statements; the process ends before statement ``at`` and before every later one (0 = never)."""

    at: int = 0
    count: int = 0

    def meet(self, *_: Any) -> None:
        """Count one statement or commit, and end at the one that is meant."""
        self.count += 1
        if self.at and self.count >= self.at:
            raise Killed


@contextmanager
def killed_at(number: int) -> Iterator[Fault]:
    """End the process at its ``number``-th statement or commit."""
    engine: Engine = engine_in_use()
    fault = Fault(number)
    event.listen(engine, "before_cursor_execute", fault.meet)
    event.listen(engine, "commit", fault.meet)
    try:
        yield fault
    finally:
        event.remove(engine, "before_cursor_execute", fault.meet)
        event.remove(engine, "commit", fault.meet)


def waiting_import(run: int, mode: str, *, has_bad_rows: bool, job_name: str = "imports.apply") -> tuple[int, int]:
    """Return the number of an import of three orders, with or without a fourth that is refused, and of its job."""
    lines = [*ORDER_ROWS, *(BAD_ROWS if has_bad_rows else ())]
    content = "\n".join(line.format(run=run) for line in lines)
    with unit_of_work(WEI) as session:
        file = store_file(session, io.BytesIO(content.encode()), "rows.csv")
        facts = {"file_id": file.id, "file_name": file.name, "sha256": file.sha256, "kind": "csv", "mode": mode}
        assert ORDER_LINES.edit is not None
        batch = begin_import(session, ORDER_LINES.edit, resource="orders", sheets=[], **facts)
        job = enqueue(session, job_name, batch_id=batch.id)
        batch.job_id = job.id
    return batch.id, job.id


def run_until_dead_and_again(number: int) -> bool:
    """Let a worker die at its ``number``-th statement and another go on; return whether the first got so far."""
    is_dead = False
    with killed_at(number):
        try:
            run_next("nowhere:1:1")
        except Killed:
            is_dead = True
    with unit_of_work(WORKER) as session:  # its lease is over
        past = now() - timedelta(seconds=1)
        session.execute(update(Job).where(Job.status == JobStatus.RUNNING).values(lease_until=past))
    run_next("nowhere:2:2")
    return is_dead


def line_count() -> int:
    """Return how many lines of orders are stored."""
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(OrderLine)) or 0


def require_whole(batch_id: int, job_id: int, mode: str, *, has_bad_rows: bool, lines_before: int) -> None:
    """Fail unless every good row is stored exactly once and the import has ended as it should have."""
    with reading(WEI) as session:
        batch = get_import(session, batch_id)
        counted = session.scalar(select(func.sum(ImportSlice.row_count)).where(ImportSlice.batch_id == batch_id))
        problems = session.scalar(select(func.count()).where(ImportProblem.batch_id == batch_id))
    with reading(ADMIN) as session:
        job = session.get_one(Job, job_id)
        actions = session.scalars(select(Event.action).where(Event.batch_id == batch_id).order_by(Event.id)).all()
        broken = broken_invariants(session)
    refused = len(BAD_ROWS) if has_bad_rows else 0
    is_stored = not (has_bad_rows and mode == "all-or-nothing")
    assert job.status == JobStatus.DONE, job.error
    assert line_count() - lines_before == (LINES if is_stored else 0)
    assert list(actions) == (["order.placed"] * 4 + ["import.applied"] if is_stored else ["import.refused"])
    assert batch.status == ("applied" if is_stored else "refused")
    assert (batch.row_count, batch.created_count) == (LINES + refused, LINES if is_stored else 0)
    assert (batch.updated_count, batch.unchanged_count, batch.refused_count, problems) == (0, 0, refused, refused)
    assert (counted or 0) == (batch.row_count if is_stored else 0)
    assert broken == []


def batch_of(batch_id: int) -> ImportBatch:
    """Return an import as it stands."""
    with reading(WEI) as session:
        return get_import(session, batch_id)
