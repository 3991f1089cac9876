"""Retention of finished jobs."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.jobs.queueing import KEEP_DAYS, keep_days_by_name
from core.jobs.rows import Job, JobStatus
from models.imports import ImportBatch, ImportStatus, ImportWorkbook

_SEE: dict[str, Any] = {
    "see_all": "old finished jobs are purged for all users",
    "synchronize_session": False,
}


def purge_old_jobs(session: Session) -> int:
    """Delete jobs that ended longer ago than their kind is kept; return how many. The trail keeps what they did.

    An import that went through lets its job go; one that may still go on keeps it. So does the schedule the last run
    of each job that recurs: the row says that this occurrence has been.
    """
    old = (Job.finished_at.is_not(None), or_(*_ended_long_ago()))
    done = select(Job.id).where(*old, Job.status == JobStatus.DONE.value)
    last_runs = select(func.max(Job.id)).where(Job.dedupe.is_not(None)).group_by(Job.name)
    through = update(ImportBatch).where(ImportBatch.status == ImportStatus.APPLIED, ImportBatch.job_id.in_(done))
    session.execute(through.values(job_id=None), execution_options=_SEE)
    unused = delete(Job).where(
        *old,
        Job.id.not_in(last_runs),
        ~exists().where(ImportBatch.job_id == Job.id),
        ~exists().where(ImportWorkbook.job_id == Job.id),
    )
    result: Any = session.execute(unused, execution_options=_SEE)
    return int(result.rowcount)


def _ended_long_ago() -> Iterator[ColumnElement[bool]]:
    """Yield for each kind of job, and for those that this release does not know, what is kept no longer."""
    by_name = keep_days_by_name()
    for name, days in by_name.items():
        yield and_(Job.name == name, Job.finished_at < now() - timedelta(days=days))
    yield and_(Job.name.not_in(by_name), Job.finished_at < now() - timedelta(days=KEEP_DAYS))
