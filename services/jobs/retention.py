"""Forgetting jobs that ended long ago."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.jobs.rows import Job, JobStatus
from models.imports import ImportBatch, ImportStatus, ImportWorkbook

RETENTION_AFTER_END = timedelta(days=90)
_SEE: dict[str, Any] = {
    "see_all": "old finished jobs are purged for all users",
    "synchronize_session": False,
}


def purge_old_jobs(session: Session) -> int:
    """Delete jobs that ended more than 90 days ago; return how many. The trail keeps what they did.

    An import that went through lets its job go; one that may still go on keeps it.
    """
    old = (Job.finished_at < now() - RETENTION_AFTER_END, Job.finished_at.is_not(None))
    done = select(Job.id).where(*old, Job.status == JobStatus.DONE.value)
    through = update(ImportBatch).where(ImportBatch.status == ImportStatus.APPLIED, ImportBatch.job_id.in_(done))
    session.execute(through.values(job_id=None), execution_options=_SEE)
    unused = delete(Job).where(
        *old,
        ~exists().where(ImportBatch.job_id == Job.id),
        ~exists().where(ImportWorkbook.job_id == Job.id),
    )
    result: Any = session.execute(unused, execution_options=_SEE)
    return int(result.rowcount)
