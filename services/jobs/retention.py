"""Retention of finished jobs, as their kinds declare it; the audit log keeps what they did."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, not_, select, update
from sqlalchemy.orm import Session

from core.database.retention import Retention
from core.jobs.queueing import KEEP_DAYS, keep_days_by_name
from core.jobs.rows import Job, JobStatus
from models.imports import ImportBatch, ImportStatus, ImportWorkbook

_SEE: dict[str, Any] = {
    "see_all": "old finished jobs are purged for all users",
    "synchronize_session": False,
}
_IS_THROUGH = and_(ImportBatch.status == ImportStatus.APPLIED, Job.status == JobStatus.DONE.value)
_LAST_RUNS = select(func.max(Job.id)).where(Job.dedupe.is_not(None)).group_by(Job.name)
_CONDITIONS: tuple[ColumnElement[bool], ...] = (
    Job.id.not_in(_LAST_RUNS),
    ~exists().where(ImportBatch.job_id == Job.id, not_(_IS_THROUGH)),
    ~exists().where(ImportWorkbook.job_id == Job.id),
)


def job_retentions() -> list[Retention]:
    """Return the retentions of finished jobs: by the days that their kinds declare, and of kinds that are unknown.

    An import that may still be resumed keeps its job. The last run of a job that recurs stays, too: its row tells the
    schedule that this occurrence has been.
    """
    names: dict[int, list[str]] = defaultdict(list)
    days_by_name = keep_days_by_name()
    for name, days in days_by_name.items():
        names[days].append(name)
    known = [_retention(days, Job.name.in_(names[days])) for days in sorted(names)]
    return [*known, _retention(KEEP_DAYS, Job.name.not_in(days_by_name))]


def _retention(days: int, condition: ColumnElement[bool]) -> Retention:
    return Retention(
        column=Job.finished_at,
        days=days,
        reason="What a job did stands in the audit log; its kind says how long it can be looked up.",
        conditions=(condition, *_CONDITIONS),
        remove=_remove,
    )


def _remove(session: Session, ids: Sequence[int]) -> None:
    through = update(ImportBatch).where(ImportBatch.job_id.in_(ids))
    session.execute(through.values(job_id=None), execution_options=_SEE)
    session.execute(delete(Job).where(Job.id.in_(ids)), execution_options=_SEE)
