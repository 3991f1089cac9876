"""Consistency checks of imports, each a query that must find nothing."""

from collections.abc import Callable, Iterator

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.jobs.rows import Job, JobStatus
from models.imports import ImportBatch, ImportStatus

_OPEN = (JobStatus.WAITING.value, JobStatus.RUNNING.value)
_SEE = {"see_all": "an import that cannot go on is named to the operator, whoever began it"}


def check_running(session: Session) -> Iterator[str]:
    """An import that runs in the background has a job that waits or runs."""
    query = select(ImportBatch.id, ImportBatch.file_name).outerjoin(Job, Job.id == ImportBatch.job_id)
    is_running = (ImportBatch.status == ImportStatus.RUNNING.value, ImportBatch.job_id.is_not(None))
    stuck = query.where(*is_running, or_(Job.id.is_(None), Job.status.not_in(_OPEN))).order_by(ImportBatch.id)
    for number, name in session.execute(stuck, execution_options=_SEE):
        yield f"import {number} of {name}: it is stated as running, but no job of it waits or runs"


IMPORT_CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {"running imports": check_running}
