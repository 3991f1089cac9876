"""Stop and retry of jobs: by their owners, and by users with the permissions that the job needs."""

from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.errors import Conflict, NotPermitted
from core.events.log import EventDraft, record
from core.i18n import N_
from core.jobs.queueing import OwnerRefused, ask_to_cancel, locked_job, permitted_owner, registered_job, retry
from core.jobs.rows import Job
from core.permissions import Permission
from services.accounts.sessions import require_reauthentication


def stop_job(session: Session, job_id: int) -> Job:
    """Stop a job at its next checkpoint; what it has stored stays.

    Raises:
        NotFound: ``jobs.not_found``.
        NotPermitted: ``access.denied``: the actor may not do what the job does.
        Conflict: ``jobs.finished``, ``jobs.unknown``.
    """
    row = locked_job(session, job_id)
    _require_rights(session, row)
    ask_to_cancel(session, job_id)
    _record(session, "job.stopped", row)
    return row


def retry_job(session: Session, job_id: int) -> Job:
    """Retry a failed or stopped job from its last checkpoint, with its owner's current rights.

    Raises:
        NotFound: ``jobs.not_found``.
        NotPermitted: ``access.denied``: the actor may not do what the job does; ``jobs.owner_only``: it gives rights
            and belongs to somebody else.
        ReauthenticationNeeded: ``access.proof_needed``.
        Conflict: ``jobs.owner_refused``: the owner may not do it any more; ``jobs.not_failed``, ``jobs.too_many``,
            ``jobs.unknown``.
    """
    row = locked_job(session, job_id)
    needed = _require_rights(session, row)
    if needed in registered_job(row.name).needs_proof:
        if not owns(session, row):
            sentence = N_("This job gives rights, so only {name}, who began it, can let it go on.")
            raise NotPermitted("jobs.owner_only", sentence, name=row.on_behalf.get("name", ""))
        require_reauthentication(session)
    try:
        permitted_owner(session, row)
    except OwnerRefused as refused:
        sentence = N_("The job cannot go on: {reason}")
        raise Conflict("jobs.owner_refused", sentence, reason=refused.text) from refused
    retry(session, job_id)
    _record(session, "job.retried", row)
    return row


def may_stop(session: Session, row: Job) -> bool:
    """Return whether the actor may stop a job that is open."""
    try:
        _require_rights(session, row)
    except (NotPermitted, Conflict):
        return False
    return True


def may_retry(session: Session, row: Job) -> bool:
    """Return whether the actor may retry an ended job; it may still be refused because of its owner."""
    if not may_stop(session, row):
        return False
    registered = registered_job(row.name)
    return owns(session, row) or registered.needs(session, row.arguments) not in registered.needs_proof


def owns(session: Session, row: Job) -> bool:
    """Return whether a job is the actor's own."""
    actor = actor_of(session)
    return row.person == actor.owner != ""


def _require_rights(session: Session, row: Job) -> Permission | None:
    """Require the permission that a job needs; return it."""
    actor, needed = actor_of(session), registered_job(row.name).needs(session, row.arguments)
    if not owns(session, row):
        actor.require(Permission.JOB_VIEW)
    if needed is not None:
        actor.require(needed)
    return needed


def _record(session: Session, action: str, row: Job) -> None:
    facts = {"job": row.name, "owner": row.on_behalf.get("name", ""), **row.arguments}
    record(session, action, "jobs", [EventDraft(str(row.id), data=facts)])
