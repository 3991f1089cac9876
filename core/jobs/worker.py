"""Running jobs: one is claimed with a lease, run with its owner's rights of now, and ended in words."""

import logging
import os
import platform
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from core.access import WORKER, Actor
from core.clock import now
from core.database.disk_space import essential_writes
from core.database.errors import expected_errors
from core.database.locks import DatabaseLock, take_lock
from core.database.sessions import reading, transact, unit_of_work
from core.errors import Conflict, DomainError, Unavailable
from core.events.log import EventDraft, record
from core.i18n import N_, _, ngettext, use_language
from core.jobs.clock_guard import is_clock_trusted
from core.jobs.queueing import (
    OwnerRefused,
    names_that_act_on_time,
    owner_of,
    permitted_owner,
    registered_job,
    registered_names,
    run_on_end,
)
from core.jobs.rows import ONE_AT_A_TIME, SEE_ALL, Job, JobStatus, Lane

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # renewed at each checkpoint and by a heartbeat; after it another worker takes over
HEARTBEAT_S = 15.0
RETRY_BASE = timedelta(seconds=10)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
UNEXPECTED = N_("Something went wrong that should not have. Give your administrator the reference job-{number}.")


class JobCancelled(Exception):
    """Raised at a checkpoint after cancellation was requested."""


class LeaseLost(Exception):
    """Raised at a checkpoint when another worker has taken the job over."""


class OwnerChanged(Exception):
    """Raised at a checkpoint when the owner may still do it, but with another role or branch: begin again there."""


@dataclass(slots=True)
class JobRun:
    """One attempt at a job, handed to its function.

    Attributes:
        job_id: Row in ``jobs``.
        actor: The owner as looked up, with source "job".
        state: The last checkpoint's; {} at the first start.
        has_advanced: Whether a checkpoint was further than all attempts before.
    """

    job_id: int
    actor: Actor
    worker: str
    state: dict[str, Any] = field(default_factory=dict)
    has_advanced: bool = False

    def checkpoint(
        self, session: Session, state: dict[str, Any], *, done_count: int, total_count: int | None = None
    ) -> None:
        """Store where the job stands, in the transaction of the rows it wrote, and renew the lease.

        The owner is looked up again: rows are stored only with the rights of now.

        Raises:
            OwnerRefused: The owner may not do this any more. OwnerChanged: not as before.
            JobCancelled: Cancellation was requested. LeaseLost: Another worker runs the job now.
        """
        owned = update(Job).where(Job.id == self.job_id, Job.worker == self.worker, Job.status == JobStatus.RUNNING)
        values = {"state": state, "done_count": done_count, "total_count": total_count, "lease_until": now() + LEASE}
        found = session.execute(
            owned.values(values).returning(Job.on_behalf, Job.cancel_asked, Job.advanced_count),
            execution_options=SEE_ALL,
        ).one_or_none()
        if found is None:
            raise LeaseLost
        if owner_of(session, found.on_behalf) != self.actor:
            raise OwnerChanged
        if found.cancel_asked:
            raise JobCancelled
        if done_count > found.advanced_count:  # a job that advances between two deaths of its workers goes on
            further = update(Job).where(Job.id == self.job_id).values(advanced_count=done_count, attempts=1)
            session.execute(further, execution_options=SEE_ALL)
            self.has_advanced = True
        self.state = state


def worker_name() -> str:
    """Return what tells this worker from all others: host, process, thread."""
    return f"{platform.node()}:{os.getpid()}:{threading.get_ident()}"


def due_lanes() -> frozenset[Lane]:
    """Return the lanes with a job that a worker could take now."""
    with reading(WORKER) as session:
        return frozenset(map(Lane, session.scalars(_due(session, None).with_only_columns(Job.lane).distinct())))


def run_next(worker: str | None = None, *, lane: Lane | None = None) -> bool:
    """Run one due job; return whether there was one.

    Args:
        worker: Name of the worker; None for that of this thread.
        lane: Take jobs of this lane only; None for any.
    """
    name = worker or worker_name()
    with reading(WORKER) as session:  # who only looks keeps nobody waiting
        if session.scalar(_due(session, lane).limit(1)) is None:
            return False
    claimed = transact(WORKER, lambda session: _claim(session, name, lane))
    if claimed is None:
        return False
    if claimed.status != JobStatus.RUNNING:  # its workers died too often
        return True
    run = JobRun(claimed.id, WORKER, name, claimed.state)
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(run, stop), daemon=True)
    heart.start()
    try:
        while not _attempt(run, claimed):
            pass
    finally:
        stop.set()
        heart.join()
    return True


def _attempt(run: JobRun, claimed: Job) -> bool:
    """Run the function of a job with its owner's rights of now and note how it ended; return whether it has."""
    registered = registered_job(claimed.name)
    try:
        with reading(WORKER) as session:
            run.actor = permitted_owner(session, claimed)
        with use_language(run.actor.language), expected_errors():
            registered.function(run, **claimed.arguments)
    except OwnerChanged:
        return False
    except JobCancelled:
        _finish(run, claimed, JobStatus.CANCELLED)
    except LeaseLost:
        log.warning("job %s %s was taken over by another worker", claimed.name, claimed.id)
    except OwnerRefused as refused:
        _refuse(run, claimed, refused)
    except Unavailable as error:
        _wait(run, claimed, error)
    except DomainError as error:
        _fail(run, claimed, error, attempts_max=registered.attempts_max if isinstance(error, Conflict) else 0)
    except Exception as error:
        log.exception("job %s failed, reference job-%s", claimed.name, claimed.id)
        _fail(run, claimed, error, attempts_max=registered.attempts_max)
    else:
        _finish(run, claimed, JobStatus.DONE)
    return True


@essential_writes()
def _claim(session: Session, worker: str, lane: Lane | None) -> Job | None:
    """Take the next job and return it; as failed if it is one whose workers died too often.

    First comes who has the fewest jobs running, then who was served longest ago, then what waits longest. A person's
    jobs of a lane ``ONE_AT_A_TIME`` run one after the other.
    """
    take_lock(session, DatabaseLock.JOB_CLAIM)  # two workers must not both see that a person has nothing running
    at = now()
    due = _due(session, lane).order_by(*_turn(at), Job.due_at, Job.id)
    row = session.scalar(due.limit(1).with_for_update(skip_locked=True))
    if row is None:
        return None
    if row.status == JobStatus.RUNNING and row.attempts >= registered_job(row.name).attempts_max:
        _give_up(session, row)
        return row
    row.status, row.worker, row.lease_until = JobStatus.RUNNING, worker, at + LEASE
    row.attempts, row.started_at = row.attempts + 1, row.started_at or at
    return row


def _due(session: Session, lane: Lane | None) -> Select[Job]:
    """Return the query of the jobs of a lane, None for any, that a worker could take now."""
    at = now()
    waiting = and_(Job.status == JobStatus.WAITING, Job.due_at <= at)
    orphaned = and_(Job.status == JobStatus.RUNNING, Job.lease_until <= at)
    names = registered_names() - (frozenset() if is_clock_trusted(session) else names_that_act_on_time())
    of_lane = () if lane is None else (Job.lane == lane.value,)
    return select(Job).where(or_(waiting, orphaned), Job.name.in_(names), *of_lane, _is_its_turn(at))


def _is_its_turn(at: datetime) -> ColumnElement[bool]:
    """Return the condition that no other job runs that a job of its person and lane has to wait for."""
    other = Job.__table__.alias("other")
    beside = exists().where(
        other.c.person == Job.person,
        other.c.lane == Job.lane,
        other.c.status == JobStatus.RUNNING.value,
        other.c.lease_until > at,
    )
    return or_(Job.lane.not_in(ONE_AT_A_TIME), ~beside)


def _turn(at: datetime) -> list[Any]:
    """Return by what the next job is chosen: how many jobs its person has running, and when one began last."""
    running, served = Job.__table__.alias("running"), Job.__table__.alias("served")
    alive = (running.c.person == Job.person, running.c.status == JobStatus.RUNNING.value, running.c.lease_until > at)
    last = select(func.max(served.c.started_at)).where(served.c.person == Job.person)
    return [
        select(func.count()).select_from(running).where(*alive).scalar_subquery(),
        func.coalesce(last.scalar_subquery(), NEVER),
    ]


def _give_up(session: Session, row: Job) -> None:
    log.error("job %s %s has failed: its worker died %s times", row.name, row.id, row.attempts)
    row.status, row.finished_at, row.lease_until = JobStatus.FAILED.value, now(), None
    row.reference = f"job-{row.id}"
    row.error = ngettext(
        "Its worker died {count} time without getting further. Give your administrator the reference job-{number}.",
        "Its worker died {count} times without getting further. Give your administrator the reference job-{number}.",
        row.attempts,
        number=row.id,
    )
    run_on_end(session, row)


def _beat(run: JobRun, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_S):
        try:
            with unit_of_work(WORKER) as session:
                owned = update(Job).where(Job.id == run.job_id, Job.worker == run.worker)
                session.execute(owned.values(lease_until=now() + LEASE))
        except Exception:  # a busy database: the next beat is soon enough
            log.warning("job %s could not renew its lease", run.job_id)


@essential_writes()
def _finish(run: JobRun, row: Job, status: JobStatus, **values: Any) -> None:
    with unit_of_work(WORKER) as session:
        _end(session, run, row, status, **values)


def _end(session: Session, run: JobRun, row: Job, status: JobStatus, **values: Any) -> None:
    """Give a job its last status, unless another worker has it by now, and do what its kind does at the end."""
    owned = update(Job).where(Job.id == run.job_id, Job.worker == run.worker)
    ended: Any = session.execute(owned.values(status=status, finished_at=now(), lease_until=None, **values))
    if ended.rowcount:
        run_on_end(session, session.get_one(Job, run.job_id))


@essential_writes()
def _refuse(run: JobRun, row: Job, refused: OwnerRefused) -> None:
    """End a job whose owner may not do it any more, and record it: what it has stored stays."""
    with use_language(run.actor.language):
        sentence = refused.text
    facts = {"job": row.name, "owner": row.on_behalf.get("name", ""), "reason": refused.code, **row.arguments}
    with unit_of_work(WORKER) as session:
        _end(session, run, row, JobStatus.FAILED, error=sentence)
        record(session, "job.refused", "jobs", [EventDraft(str(row.id), data=facts)])


@essential_writes()
def _wait(run: JobRun, row: Job, error: Unavailable) -> None:
    """Put a job off until the database or the disk is back; that was nobody's fault, so the attempt is not counted."""
    with use_language(run.actor.language):
        sentence = error.text
    with unit_of_work(WORKER) as session:
        owned = update(Job).where(Job.id == run.job_id, Job.worker == run.worker)
        again = {"status": JobStatus.WAITING, "due_at": now() + timedelta(seconds=error.retry_after_s)}
        again |= {"attempts": max(0, row.attempts - 1), "lease_until": None}
        session.execute(owned.values(error=sentence, reference=f"job-{row.id}", **again))


@essential_writes()
def _fail(run: JobRun, row: Job, error: Exception, *, attempts_max: int) -> None:
    try:  # who left or was locked meanwhile may have lost what the job was looking for
        with reading(WORKER) as session:
            permitted_owner(session, row)
    except OwnerRefused as refused:
        _refuse(run, row, refused)
        return
    with use_language(run.actor.language):
        sentence = error.text if isinstance(error, DomainError) else _(UNEXPECTED, number=row.id)
    reference = f"job-{row.id}"
    attempts = 1 if run.has_advanced else row.attempts
    if attempts >= attempts_max:
        _finish(run, row, JobStatus.FAILED, error=sentence, reference=reference)
        return
    with unit_of_work(WORKER) as session:
        owned = update(Job).where(Job.id == run.job_id, Job.worker == run.worker)
        again = {"status": JobStatus.WAITING, "due_at": now() + RETRY_BASE * 2**attempts, "lease_until": None}
        session.execute(owned.values(error=sentence, reference=reference, **again))
