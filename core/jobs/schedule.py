"""Work that comes round, and the loop in which a worker runs jobs until it is stopped."""

import logging
import os
import platform
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.access import WORKER
from core.clock import now
from core.database.disk_space import essential_writes
from core.database.sessions import unit_of_work
from core.errors import Unavailable
from core.jobs.clock_guard import check_clock
from core.jobs.queueing import enqueue, names_that_act_on_time
from core.jobs.rows import QUICK_WEIGHT_MAX, Job, JobStatus
from core.jobs.worker import run_next, worker_name
from core.processes import is_alive

log = logging.getLogger(__name__)

IDLE_S = 0.5
SCHEDULE_PAUSE_S = 30.0


@dataclass(frozen=True, slots=True)
class Recurring:
    """A job that comes round: one run for each ``every`` since 1970, whoever is there to run it, never two.

    ``weight`` as ``core.jobs.rows.Job``.
    """

    name: str
    every: timedelta
    weight: int = 0


def work(stop: threading.Event, schedule: Sequence[Recurring] = ()) -> None:
    """Run jobs in two threads until ``stop`` is set: one takes quick jobs only, this one any, so that none is stuck.

    First take over jobs whose process on this machine is gone. Heavy files are read one at a time.
    """
    release_dead_workers()
    quick = threading.Thread(target=_work, args=(stop, (), QUICK_WEIGHT_MAX), daemon=True)
    quick.start()
    _work(stop, schedule, None)
    quick.join()


def _work(stop: threading.Event, schedule: Sequence[Recurring], weight_max: int | None) -> None:
    worker, turn_at_s = worker_name(), time.monotonic()
    while not stop.is_set():
        worked = False
        try:
            if schedule and time.monotonic() >= turn_at_s:
                turn_at_s = time.monotonic() + SCHEDULE_PAUSE_S
                enqueue_recurring(schedule)
            worked = run_next(worker, weight_max=weight_max)
        except Unavailable as error:  # it is in the log already
            stop.wait(error.retry_after_s)
        except Exception:
            log.exception("the worker could not fetch a job")
        if not worked:
            stop.wait(IDLE_S)


@essential_writes()
def enqueue_recurring(schedule: Sequence[Recurring]) -> int:
    """Add the runs that are due and not there yet; return how many. Those that act on dates need a trusted clock."""
    added = 0
    waiting = frozenset[str]() if check_clock() else names_that_act_on_time()
    for one in schedule:
        if one.name in waiting:
            continue
        dedupe = f"{one.name}@{int(now().timestamp() // one.every.total_seconds())}"
        with suppress(IntegrityError), unit_of_work(WORKER) as session:  # another worker may add it meanwhile
            if session.scalar(select(Job.id).where(Job.dedupe == dedupe)) is None:
                enqueue(session, one.name, dedupe=dedupe, weight=one.weight)
                added += 1
    return added


def release_dead_workers() -> int:
    """Let jobs of processes of this machine that no longer run be taken at once; return how many."""
    here = platform.node()
    with unit_of_work(WORKER) as session:
        running = session.scalars(select(Job).where(Job.status == JobStatus.RUNNING)).all()
        dead = [row for row in running if row.worker and _is_dead(row.worker, here)]
        for row in dead:
            row.lease_until = now()
        return len(dead)


def _is_dead(worker: str, here: str) -> bool:
    host, process, _ = worker.rsplit(":", 2)
    return host == here and int(process) != os.getpid() and not is_alive(int(process))
