"""Adding jobs that recur, and the threads in which a worker runs jobs until it is stopped."""

import logging
import os
import platform
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.access import WORKER
from core.clock import now
from core.database.disk_space import essential_writes
from core.database.sessions import unit_of_work
from core.errors import Unavailable
from core.jobs.clock_guard import check_clock
from core.jobs.queueing import enqueue, lane_signals, names_that_act_on_time
from core.jobs.recurring import Recurring
from core.jobs.rows import Job, JobStatus, Lane
from core.jobs.worker import due_lanes, run_next, worker_name
from core.process.pids import is_alive

log = logging.getLogger(__name__)

POLL_S = 0.5
SCHEDULE_PAUSE_S = 30.0


def work(stop: threading.Event, schedule: Sequence[Recurring] = ()) -> None:
    """Run jobs until ``stop`` is set, each lane in a thread of its own; first take over those of dead processes.

    Only this thread polls, with one query for all lanes: it wakes the threads of those in which something is due. What
    this process adds itself wakes its lane at the commit.
    """
    release_dead_workers()
    with lane_signals() as signals:
        threads = [threading.Thread(target=_run_lane, args=(stop, *one), daemon=True) for one in signals.items()]
        for thread in threads:
            thread.start()
        _poll(stop, schedule, signals)
        for signal in signals.values():
            signal.set()
        for thread in threads:
            thread.join()


def _poll(stop: threading.Event, schedule: Sequence[Recurring], signals: Mapping[Lane, threading.Event]) -> None:
    """Set the signals of the lanes in which something is due, and add what recurs, until ``stop`` is set."""
    turn_at_s = time.monotonic()
    while not stop.is_set():
        try:
            if schedule and time.monotonic() >= turn_at_s:
                turn_at_s = time.monotonic() + SCHEDULE_PAUSE_S
                enqueue_recurring(schedule)
            for lane in due_lanes():
                signals[lane].set()
        except Unavailable as error:  # it is in the log already
            stop.wait(error.retry_after_s)
        except Exception:
            log.exception("the worker could not look for jobs")
        stop.wait(POLL_S)


def _run_lane(stop: threading.Event, lane: Lane, signal: threading.Event) -> None:
    """Run the jobs of one lane each time its signal is set."""
    worker = worker_name()
    while signal.wait():
        signal.clear()  # before the look at ``stop``: the signal of the end must not be lost
        if stop.is_set():
            return
        try:
            while not stop.is_set() and run_next(worker, lane=lane):
                pass
        except Unavailable as error:  # it is in the log already
            stop.wait(error.retry_after_s)
        except Exception:
            log.exception("the worker could not fetch a job of the lane %s", lane.value)
            stop.wait(POLL_S)


@essential_writes()
def enqueue_recurring(schedule: Sequence[Recurring]) -> int:
    """Add the runs that are due and not there yet; return how many. Those that act on dates need a trusted clock.

    Each occurrence is added once, by whichever worker is first. After a pause only the last one is made up for.
    """
    added = 0
    waiting = frozenset[str]() if check_clock() else names_that_act_on_time()
    for one in schedule:
        if one.name in waiting:
            continue
        _at, dedupe = one.last_occurrence(now())
        with suppress(IntegrityError), unit_of_work(WORKER) as session:  # another worker may add it meanwhile
            is_added = session.scalar(select(Job.id).where(Job.dedupe == dedupe)) is not None
            if not is_added and (one.is_needed is None or one.is_needed(session)):
                enqueue(session, one.name, dedupe=dedupe)
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
