"""Forgetting what nobody needs any more."""

from core.database.disk_space import essential_writes
from core.database.sessions import reading, unit_of_work
from core.i18n import N_
from core.jobs.queueing import job
from core.jobs.rows import Lane
from core.jobs.worker import JobRun
from core.permissions import Permission
from services.accounts.attempts import purge_old_attempts
from services.accounts.sessions import purge_old_sessions
from services.files.orphans import sweep_orphaned_contents
from services.files.received_contents import purge_received_contents
from services.idempotency import purge_old_answers
from services.imports.batches import purge_old_checks
from services.jobs.retention import purge_old_jobs
from services.notifications.retention import purge_old_notifications


@job("housekeeping.forget", label=N_("Tidying up"), needs=Permission.SYSTEM_OPERATE, acts_on_time=True, lane=Lane.NIGHT)
@essential_writes()
def forget(run: JobRun) -> None:
    """Drop what has ended: sessions, counts of attempts, stored answers, old checks, jobs and notifications.

    Safe to repeat.
    """
    with unit_of_work(run.actor) as session:
        purge_old_sessions(session)
        purge_old_attempts(session)
        purge_old_answers(session)
        purge_old_checks(session)
        purge_old_jobs(session)
        purge_old_notifications(session)


@job(
    "housekeeping.sweep",
    label=N_("Removing files that belong to nothing"),
    needs=Permission.SYSTEM_OPERATE,
    acts_on_time=True,
    lane=Lane.NIGHT,
    keep_days=30,
)
def sweep(run: JobRun) -> None:
    """Delete content on disk that belongs to nothing, and what quotas count no more. Safe to repeat."""
    with unit_of_work(run.actor) as session:
        purge_received_contents(session)
    with reading(run.actor) as session:
        sweep_orphaned_contents(session)
