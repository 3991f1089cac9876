"""Forgetting what nobody needs any more: what is kept how long is one table."""

from core.database.disk_space import essential_writes
from core.database.retention import SLICE_ROWS, Retention, purge_slice
from core.database.sessions import reading, unit_of_work
from core.events import outbox
from core.i18n import N_
from core.jobs.queueing import job
from core.jobs.rows import Lane
from core.jobs.worker import JobRun
from core.permissions import Permission
from services import idempotency
from services.accounts import attempts, sessions
from services.applications import applicant
from services.files import received_contents
from services.files.orphans import sweep_orphaned_contents
from services.imports import batches
from services.jobs.retention import job_retentions
from services.notifications import retention as notifications

RETENTIONS: tuple[Retention, ...] = (
    sessions.RETENTION,
    attempts.RETENTION,
    idempotency.RETENTION,
    applicant.RETENTION,
    batches.RETENTION,
    received_contents.RETENTION,
    notifications.READ,
    notifications.UNREAD,
    outbox.RETENTION,
)
"""How long rows are kept, except those of jobs, whose kinds declare it."""


@job("housekeeping.forget", label=N_("Tidying up"), needs=Permission.SYSTEM_OPERATE, acts_on_time=True, lane=Lane.NIGHT)
@essential_writes()
def forget(run: JobRun) -> None:
    """Drop the rows whose time is over, a slice at a time. Safe to repeat."""
    count = 0
    for one in (*RETENTIONS, *job_retentions()):
        purged = SLICE_ROWS
        while purged == SLICE_ROWS:
            with unit_of_work(run.actor) as session:
                purged = purge_slice(session, one)
                count += purged
                run.checkpoint(session, {}, done_count=count)


@job(
    "housekeeping.sweep",
    label=N_("Removing files that belong to nothing"),
    needs=Permission.SYSTEM_OPERATE,
    acts_on_time=True,
    lane=Lane.NIGHT,
    keep_days=30,
)
def sweep(run: JobRun) -> None:
    """Delete content on disk that belongs to nothing. Safe to repeat."""
    with reading(run.actor) as session:
        sweep_orphaned_contents(session)
