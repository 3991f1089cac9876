"""Adding, stopping and repeating jobs; which jobs there are, what each needs, and how an owner is looked up."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, event, func, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.locks import DatabaseLock, take_lock
from core.database.sessions import actor_of
from core.errors import Conflict, NotFound, NotPermitted
from core.i18n import N_
from core.jobs.rows import SEE_ALL, Job, JobStatus, Lane, owner_facts
from core.permissions import Permission

JOBS_PER_PERSON_MAX = 20
"""Jobs of one person that wait or run at once."""
LIGHT_WEIGHT_MAX = 5_000
"""Weight up to which a job of the lane ``import`` runs in ``interactive``. A unit is about one row of a worksheet."""
KEEP_DAYS = 90
"""How long jobs that have ended are kept, unless their kind says otherwise."""

Needs = Callable[[Session, Mapping[str, Any]], Permission | None]
"""Permission that a job with these arguments needs; None if it does nothing."""
OnEnd = Callable[[Session, Job], None]
"""What is done in the transaction that ends a job; the job has its last status and error."""
OwnerLookup = Callable[[Session, Mapping[str, Any]], Actor]
"""Actor of the owner that ``Job.on_behalf`` names, with the rights of now. Raises ``OwnerRefused``."""


class OwnerRefused(NotPermitted):
    """The owner of a job may not do now what the job does; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What is known of the jobs with one name.

    Attributes:
        needs: Permission the owner needs while it runs, and everyone else who stops or repeats it.
        needs_proof: Permissions for which a person must prove to be there before the job is repeated.
        acts_on_time: Whether it deletes, expires, passes on or moves something because of a date.
        lane: Where its jobs run; light ones of ``Lane.IMPORT`` run in ``Lane.INTERACTIVE``.
        keep_days: How long its jobs are kept once they have ended.
        label: What it does, as people read it (a catalogue key); "" = its name.
        on_end: Called when a job is done, has failed for good or was cancelled, also one that had not begun.
    """

    function: Callable[..., None]
    needs: Needs
    needs_proof: frozenset[Permission]
    attempts_max: int
    acts_on_time: bool
    lane: Lane
    keep_days: int
    label: str
    on_end: OnEnd | None


_OPEN = (JobStatus.WAITING.value, JobStatus.RUNNING.value)
_SEE_ANY = {"see_all": "jobs end with what they are for, whoever may see them"}
_signals: list[dict[Lane, threading.Event]] = []
"""Of each worker in this process."""
_registry: dict[str, Registered] = {}
_owner_lookup: list[OwnerLookup] = []


def job(
    name: str,
    *,
    needs: Needs | Permission,
    needs_proof: frozenset[Permission] = frozenset(),
    attempts_max: int = 5,
    acts_on_time: bool = False,
    lane: Lane = Lane.INTERACTIVE,
    keep_days: int = KEEP_DAYS,
    label: str = "",
    on_end: OnEnd | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function ``(run: JobRun, **arguments)`` as the job ``name``. Arguments as ``Registered``."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        needed = (lambda _session, _arguments: needs) if isinstance(needs, Permission) else needs
        _registry[name] = Registered(
            function, needed, needs_proof, attempts_max, acts_on_time, lane, keep_days, label, on_end
        )
        return function

    return register


def registered_names() -> frozenset[str]:
    """Return the names of all jobs there are."""
    return frozenset(_registry)


def job_label(name: str) -> str:
    """Return what the jobs called ``name`` do: a catalogue key, or the name where this release has none for it."""
    return (_registry[name].label if name in _registry else "") or name


def names_that_act_on_time() -> frozenset[str]:
    """Return the names of the jobs that must not run while the clock is in doubt."""
    return frozenset(name for name, one in _registry.items() if one.acts_on_time)


def keep_days_by_name() -> dict[str, int]:
    """Return job name → how many days its jobs are kept once they have ended."""
    return {name: one.keep_days for name, one in _registry.items()}


def registered_job(name: str) -> Registered:
    """Return what is known of the jobs called ``name``. Raises ``Conflict``: ``jobs.unknown``."""
    if name not in _registry:
        raise Conflict("jobs.unknown", N_("This release has no job “{name}”."), name=name)
    return _registry[name]


def register_owner_lookup(lookup: OwnerLookup) -> None:
    """Let ``lookup`` find the owners of jobs. Without one no job runs."""
    _owner_lookup[:] = [lookup]


def owner_of(session: Session, on_behalf: Mapping[str, Any]) -> Actor:
    """Return the owner of a job with the rights of now, source "job".

    Raises:
        OwnerRefused: ``jobs.owner_…``: the owner may not come in, or nobody knows who it is.
    """
    if not _owner_lookup:
        raise OwnerRefused("jobs.owner_unknown", N_("Nobody knows whose job this is, so it does not run."))
    return _owner_lookup[0](session, on_behalf)


def permitted_owner(session: Session, row: Job) -> Actor:
    """Return the owner of a job, who may do now what the job does.

    Raises:
        OwnerRefused: As ``owner_of``; ``jobs.owner_rights`` without the permission.
    """
    owner, needed = owner_of(session, row.on_behalf), registered_job(row.name).needs(session, row.arguments)
    if needed is not None and not owner.can(needed):
        sentence = N_("The role of {name} no longer permits this, so the job has stopped.")
        raise OwnerRefused("jobs.owner_rights", sentence, name=owner.name)
    return owner


def enqueue(
    session: Session,
    name: str,
    *,
    due_at: datetime | None = None,
    dedupe: str | None = None,
    weight: int = 0,
    owner: Actor | None = None,
    **arguments: Any,
) -> Job:
    """Add a job to the caller's transaction.

    Args:
        session: The caller's.
        name: Registered name.
        due_at: Not before; None for at once.
        dedupe: Text of work that must exist once.
        weight: Estimated size in rows, see ``LIGHT_WEIGHT_MAX``.
        owner: Whose it is; None for the caller's actor.
        arguments: Of the function: JSON.

    Raises:
        Conflict: ``jobs.too_many``: ``JOBS_PER_PERSON_MAX`` of the person wait or run.
    """
    actor = owner or actor_of(session)
    if actor.owner:
        _refuse_too_many(session, actor.owner)
    row = Job(
        name=name,
        arguments=arguments,
        on_behalf=owner_facts(actor),
        person=actor.owner,
        due_at=due_at or now(),
        dedupe=dedupe,
        lane=_lane_of(name, weight).value,
        state={},
    )
    session.add(row)
    session.flush()
    _announce(session, row)
    return row


def ask_to_cancel(session: Session, job_id: int) -> Job:
    """Stop a job at its next checkpoint; one that waits never starts. Who may is for ``services.jobs.control``.

    Raises:
        NotFound: ``jobs.not_found``.
        Conflict: ``jobs.finished``.
    """
    row = locked_job(session, job_id)
    if row.finished_at is not None:
        raise Conflict("jobs.finished", N_("This job has already ended."))
    _cancel(session, row)
    return row


def cancel_jobs(session: Session, condition: ColumnElement[bool]) -> None:
    """Stop the open jobs that ``condition`` chooses, as ``ask_to_cancel``, whoever may see them."""
    chosen = select(Job).where(condition, Job.status.in_(_OPEN)).order_by(Job.id).with_for_update()
    for row in session.scalars(chosen, execution_options=_SEE_ANY).all():
        _cancel(session, row)


def run_on_end(session: Session, row: Job) -> None:
    """Do what the kind of a job does at its end; nothing for a kind that this release does not know."""
    registered = _registry.get(row.name)
    if registered is not None and registered.on_end is not None:
        session.flush()
        registered.on_end(session, row)


def retry(session: Session, job_id: int) -> Job:
    """Let a job that failed or was cancelled go on from its last checkpoint. Who may: ``services.jobs.control``.

    Raises:
        NotFound: ``jobs.not_found``.
        Conflict: ``jobs.not_failed``, ``jobs.too_many``.
    """
    row = locked_job(session, job_id)
    if row.status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
        raise Conflict("jobs.not_failed", N_("Only a job that failed or was cancelled can be tried again."))
    if row.person:
        _refuse_too_many(session, row.person)
    row.status, row.finished_at, row.error, row.attempts = JobStatus.WAITING, None, None, 0
    row.reference, row.cancel_asked, row.due_at = None, False, now()
    _announce(session, row)
    return row


def locked_job(session: Session, job_id: int) -> Job:
    """Return a job the actor may see, locked. Raises ``NotFound``: ``jobs.not_found``."""
    row = session.scalar(select(Job).where(Job.id == job_id).with_for_update())
    if row is None:
        raise NotFound("jobs.not_found", N_("There is no such job."))
    return row


def _cancel(session: Session, row: Job) -> None:
    row.cancel_asked = True
    if row.status == JobStatus.WAITING:
        row.status, row.finished_at = JobStatus.CANCELLED.value, now()
        run_on_end(session, row)


def _lane_of(name: str, weight: int) -> Lane:
    registered = _registry.get(name)
    if registered is None or (registered.lane is Lane.IMPORT and weight <= LIGHT_WEIGHT_MAX):
        return Lane.INTERACTIVE
    return registered.lane


def _announce(session: Session, row: Job) -> None:
    """Let the lane's thread of this process look for the job as soon as it is committed."""
    session.info.setdefault("lanes_with_jobs", set()).add(Lane(row.lane))


@event.listens_for(Session, "after_commit")
def _wake_lanes(session: Session) -> None:
    for lane in session.info.pop("lanes_with_jobs", ()):
        for signals in _signals:
            signals[lane].set()


@contextmanager
def lane_signals() -> Iterator[dict[Lane, threading.Event]]:
    """Give a worker one signal for each lane, which is set whenever this process commits a job of that lane."""
    signals = {lane: threading.Event() for lane in Lane}
    _signals.append(signals)
    try:
        yield signals
    finally:
        _signals.remove(signals)


def _refuse_too_many(session: Session, person: str) -> None:
    take_lock(session, DatabaseLock.JOB_QUOTA, person)  # two requests at once must not both take the last place
    counted = select(func.count()).select_from(Job).where(Job.person == person, Job.status.in_(_OPEN))
    if (session.scalar(counted, execution_options=SEE_ALL) or 0) >= JOBS_PER_PERSON_MAX:
        sentence = N_("{count} jobs of {person} wait or run already. Wait until some have ended, or stop some.")
        raise Conflict("jobs.too_many", sentence, count=JOBS_PER_PERSON_MAX, person=person)
