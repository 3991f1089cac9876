"""Queries of jobs that the session's actor may see."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.jobs.rows import Job


def latest_jobs(session: Session, statuses: Collection[str], limit: int) -> list[Job]:
    """Return the last jobs in one of ``statuses``, the newest first."""
    return list(session.scalars(select(Job).where(Job.status.in_(statuses)).order_by(Job.id.desc()).limit(limit)))


def job_counts(session: Session) -> dict[str, int]:
    """Return status → how many jobs there are in it."""
    counted = session.execute(select(Job.status, func.count()).select_from(Job).group_by(Job.status))
    return {row[0]: row[1] for row in counted}


def find_job(session: Session, job_id: int) -> Job | None:
    """Return a job, None if there is none that the actor may see."""
    return session.scalar(select(Job).where(Job.id == job_id))
