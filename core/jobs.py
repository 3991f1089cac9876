"""Work that outlives a click: stored with the change that causes it, run by a worker, resumed where it stood.

A job is a row. ``enqueue`` adds it in the caller's transaction, so it exists exactly if the change does. A worker
claims a row with a lease, runs the function registered under its name and marks it done. A long job commits a
checkpoint together with the rows it wrote; when its worker dies, another one goes on from there. What happens between
two checkpoints may happen twice, so job functions must be safe to repeat.
"""

import logging
import os
import platform
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ColumnElement, Index, String, Text, and_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.access import WORKER, Actor, Permission, Role
from core.clock import now
from core.columns import Id, code_text
from core.database import EVERYONE, Base, actor_of, reading, transact, unit_of_work
from core.errors import Conflict, DomainError, NotFound
from core.i18n import N_, use_language

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # renewed at each checkpoint and by a heartbeat; after it another worker takes over
HEARTBEAT_S = 15.0
IDLE_S = 0.5
RETRY_BASE = timedelta(seconds=10)
SCHEDULE_PAUSE = timedelta(seconds=30)


class JobStatus(StrEnum):
    """What became of a job so far."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


STATUS_LABELS: dict[StrEnum, tuple[str, str]] = {
    JobStatus.WAITING: (N_("Waiting"), "draft"),
    JobStatus.RUNNING: (N_("Running"), "progress"),
    JobStatus.DONE: (N_("Done"), "approved"),
    JobStatus.FAILED: (N_("Failed"), "rejected"),
    JobStatus.CANCELLED: (N_("Cancelled"), "done"),
}


class Job(Base):
    """One piece of work.

    Attributes:
        arguments: Keyword arguments of the function: JSON, ids and not objects.
        on_behalf: The actor that asked for it, as ``_actor_facts`` writes it.
        due_at: Not before. lease_until: while it runs, until when its worker must have renewed.
        worker: Host and process that runs it.
        state: Last checkpoint, the function's own. done_count, total_count: progress; total None = unknown.
        dedupe: Unique text of work that must exist once, e.g. one run of a schedule.
        error: Sentence for people. reference: number to find the details in the log.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_status_due_at", "status", "due_at"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(code_text(60))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    on_behalf: Mapped[dict[str, Any]] = mapped_column(JSON)
    person: Mapped[str] = mapped_column(code_text(200), default="")
    status: Mapped[str] = mapped_column(code_text(20), default=JobStatus.WAITING.value)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(default=0)
    state: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    done_count: Mapped[int] = mapped_column(default=0)
    total_count: Mapped[int | None]
    dedupe: Mapped[str | None] = mapped_column(code_text(200), unique=True)
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Who may see all jobs sees them; everyone else those they asked for."""
        return EVERYONE if actor.can(Permission.JOB_VIEW) else and_(cls.person == actor.person, cls.person != "")


class JobCancelled(Exception):
    """Raised at a checkpoint after someone asked to cancel."""


class LeaseLost(Exception):
    """Raised at a checkpoint when another worker has taken the job over."""


@dataclass(slots=True)
class JobRun:
    """One attempt at a job, handed to its function.

    Attributes:
        job_id: Row in ``jobs``. actor: on whose behalf, with source "job".
        state: The last checkpoint's; {} at the first start.
    """

    job_id: int
    actor: Actor
    worker: str
    state: dict[str, Any] = field(default_factory=dict)

    def checkpoint(
        self, session: Session, state: dict[str, Any], *, done_count: int, total_count: int | None = None
    ) -> None:
        """Store where the job stands, in the transaction of the rows it wrote, and renew the lease.

        Raises:
            JobCancelled: Someone asked for it; the transaction is rolled back.
            LeaseLost: Another worker runs the job now.
        """
        owned = update(Job).where(Job.id == self.job_id, Job.worker == self.worker, Job.status == JobStatus.RUNNING)
        values = {"state": state, "done_count": done_count, "total_count": total_count, "lease_until": now() + LEASE}
        if not session.scalar(owned.values(values).returning(Job.id).execution_options(**SEE_ALL)):
            raise LeaseLost
        if session.scalar(select(Job.cancel_asked).where(Job.id == self.job_id).execution_options(**SEE_ALL)):
            raise JobCancelled
        self.state = state


SEE_ALL = {"see_all": "a job's own row belongs to its worker, whoever asked for it", "synchronize_session": False}


@dataclass(frozen=True, slots=True)
class _Registered:
    function: Callable[..., None]
    attempts_max: int


_registry: dict[str, _Registered] = {}


def job(name: str, *, attempts_max: int = 5) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function ``(run: JobRun, **arguments)`` as the job ``name``."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        _registry[name] = _Registered(function, attempts_max)
        return function

    return register


def registered_names() -> frozenset[str]:
    """Return the names of all jobs there are."""
    return frozenset(_registry)


def enqueue(
    session: Session, name: str, *, due_at: datetime | None = None, dedupe: str | None = None, **arguments: Any
) -> Job:
    """Add a job to the caller's transaction, to run on behalf of the caller's actor."""
    actor = actor_of(session)
    row = Job(
        name=name,
        arguments=arguments,
        on_behalf=_actor_facts(actor),
        person=actor.person,
        due_at=due_at or now(),
        dedupe=dedupe,
        state={},
    )
    session.add(row)
    session.flush()
    return row


def ask_to_cancel(session: Session, job_id: int) -> Job:
    """Stop a job at its next checkpoint; one that waits never starts.

    Raises:
        NotFound: ``jobs.not_found``.
        Conflict: ``jobs.finished``.
    """
    row = session.scalar(select(Job).where(Job.id == job_id).with_for_update())
    if row is None:
        raise NotFound("jobs.not_found", N_("There is no such job."))
    if row.finished_at is not None:
        raise Conflict("jobs.finished", N_("This job has already ended."))
    row.cancel_asked = True
    if row.status == JobStatus.WAITING:
        row.status, row.finished_at = JobStatus.CANCELLED, now()
    return row


def retry(session: Session, job_id: int) -> Job:
    """Let a job that failed or was cancelled go on from its last checkpoint.

    Raises:
        NotFound: ``jobs.not_found``.
        Conflict: ``jobs.not_failed``.
    """
    row = session.scalar(select(Job).where(Job.id == job_id).with_for_update())
    if row is None:
        raise NotFound("jobs.not_found", N_("There is no such job."))
    if row.status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
        raise Conflict("jobs.not_failed", N_("Only a job that failed or was cancelled can be tried again."))
    row.status, row.finished_at, row.error, row.attempts = JobStatus.WAITING, None, None, 0
    row.cancel_asked, row.due_at = False, now()
    return row


@dataclass(frozen=True, slots=True)
class Recurring:
    """A job that comes round: one run for each ``every`` since 1970, whoever is there to run it, never two."""

    name: str
    every: timedelta


def work(stop: threading.Event, schedule: Sequence[Recurring] = ()) -> None:
    """Run jobs until ``stop`` is set; first take over those whose process on this machine is gone."""
    worker = worker_name()
    release_dead_workers()
    looked_at = now() - SCHEDULE_PAUSE
    while not stop.is_set():
        try:
            if now() - looked_at >= SCHEDULE_PAUSE:
                looked_at = now()
                enqueue_recurring(schedule)
            worked = run_next(worker)
        except Exception:
            log.exception("the worker could not fetch a job")
            worked = False
        if not worked:
            stop.wait(IDLE_S)


def enqueue_recurring(schedule: Sequence[Recurring]) -> int:
    """Add the runs that are due and not there yet; return how many."""
    added = 0
    for one in schedule:
        dedupe = f"{one.name}@{int(now().timestamp() // one.every.total_seconds())}"
        with suppress(IntegrityError), unit_of_work(WORKER) as session:  # another worker may add it meanwhile
            if session.scalar(select(Job.id).where(Job.dedupe == dedupe)) is None:
                enqueue(session, one.name, dedupe=dedupe)
                added += 1
    return added


def worker_name() -> str:
    """Return what tells this worker from all others: host, process, thread."""
    return f"{platform.node()}:{os.getpid()}:{threading.get_ident()}"


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
    if host != here or int(process) == os.getpid():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def run_next(worker: str | None = None) -> bool:
    """Run one due job; return whether there was one."""
    name = worker or worker_name()
    claimed = transact(WORKER, lambda session: _claim(session, name))
    if claimed is None:
        return False
    run = JobRun(claimed.id, _actor_from(claimed.on_behalf), name, claimed.state)
    registered = _registry[claimed.name]
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(run, stop), daemon=True)
    heart.start()
    try:
        with use_language(run.actor.language):
            registered.function(run, **claimed.arguments)
    except JobCancelled:
        _finish(run, JobStatus.CANCELLED)
    except LeaseLost:
        log.warning("job %s %s was taken over by another worker", claimed.name, claimed.id)
    except Conflict as error:
        _fail(run, claimed, error.text, give_up=claimed.attempts >= registered.attempts_max)
    except DomainError as error:
        _fail(run, claimed, error.text, give_up=True)
    except Exception:
        log.exception("job %s failed, reference job-%s", claimed.name, claimed.id)
        sentence = N_("Something went wrong that should not have. Give your administrator the reference job-{number}.")
        _fail(
            run,
            claimed,
            sentence.replace("{number}", str(claimed.id)),
            give_up=claimed.attempts >= registered.attempts_max,
        )
    else:
        _finish(run, JobStatus.DONE)
    finally:
        stop.set()
        heart.join()
    return True


def _claim(session: Session, worker: str) -> Job | None:
    at = now()
    waiting = and_(Job.status == JobStatus.WAITING, Job.due_at <= at)
    orphaned = and_(Job.status == JobStatus.RUNNING, Job.lease_until <= at)
    due = select(Job).where(or_(waiting, orphaned), Job.name.in_(_registry)).order_by(Job.due_at, Job.id).limit(1)
    row = session.scalar(due.with_for_update(skip_locked=True))
    if row is not None:
        row.status, row.worker, row.lease_until = JobStatus.RUNNING, worker, at + LEASE
        row.attempts, row.started_at = row.attempts + 1, row.started_at or at
    return row


def _beat(run: JobRun, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_S):
        try:
            with unit_of_work(WORKER) as session:
                owned = update(Job).where(Job.id == run.job_id, Job.worker == run.worker)
                session.execute(owned.values(lease_until=now() + LEASE))
        except Exception:  # a busy database: the next beat is soon enough
            log.warning("job %s could not renew its lease", run.job_id)


def _finish(run: JobRun, status: JobStatus, **values: Any) -> None:
    with unit_of_work(WORKER) as session:
        owned = update(Job).where(Job.id == run.job_id, Job.worker == run.worker)
        session.execute(owned.values(status=status, finished_at=now(), lease_until=None, **values))


def _fail(run: JobRun, row: Job, sentence: str, *, give_up: bool) -> None:
    reference = f"job-{row.id}"
    if give_up:
        _finish(run, JobStatus.FAILED, error=sentence, reference=reference)
        return
    with unit_of_work(WORKER) as session:
        owned = update(Job).where(Job.id == run.job_id, Job.worker == run.worker)
        pause = RETRY_BASE * 2**row.attempts
        again = {"status": JobStatus.WAITING, "due_at": now() + pause, "lease_until": None}
        session.execute(owned.values(error=sentence, reference=reference, **again))


def find_job(actor: Actor, job_id: int) -> Job | None:
    """Return a job as it stands, if the actor may see it."""
    with reading(actor) as session:
        return session.get(Job, job_id)


def _actor_facts(actor: Actor) -> dict[str, Any]:
    return {
        "name": actor.name,
        "role": actor.role.value,
        "person": actor.person,
        "user_id": actor.user_id,
        "partner_id": actor.partner_id,
        "partner_path": actor.partner_path,
        "language": actor.language,
    }


def _actor_from(facts: dict[str, Any]) -> Actor:
    return Actor(**{**facts, "role": Role(facts["role"]), "source": "job"})
