"""Telling the owner of an import how a job on it ended."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.jobs.rows import Job, JobStatus, Lane
from models.imports import ImportBatch, ImportStatus
from services.notifications.kinds import (
    IMPORT_APPLIED,
    IMPORT_CHECKED,
    IMPORT_REFUSED,
    IMPORT_STOPPED,
    IMPORT_WORKBOOK,
    NotificationKind,
)
from services.notifications.sending import notify

_SEE = {"see_all": "the worker tells the owner of an import how it ended"}


def notify_applied(session: Session, job: Job) -> None:
    """Tell the owner that an import has ended, and with what."""
    batch = _batch_of(session, job)
    if batch is not None:
        _notify(session, job, batch, IMPORT_REFUSED if batch.status == ImportStatus.REFUSED else IMPORT_APPLIED)


def notify_checked(session: Session, job: Job) -> None:
    """Tell the owner that a file is checked. After a light one that went well she still sees the page that shows it."""
    _notify_unless_seen(session, job, IMPORT_CHECKED)


def notify_workbook(session: Session, job: Job) -> None:
    """Tell the owner that a workbook with errors is ready, as ``notify_checked``."""
    _notify_unless_seen(session, job, IMPORT_WORKBOOK)


def _notify_unless_seen(session: Session, job: Job, kind: NotificationKind) -> None:
    batch = _batch_of(session, job)
    if batch is not None and (job.lane == Lane.IMPORT or job.status != JobStatus.DONE):
        _notify(session, job, batch, kind)


def _notify(session: Session, job: Job, batch: ImportBatch, kind: NotificationKind) -> None:
    """Tell the owner of ``batch`` that ``job`` is done, as ``kind``, or that it failed; who stopped it knows."""
    key = str(batch.id)
    if job.status == JobStatus.DONE:
        counts = {"created": batch.created_count, "updated": batch.updated_count, "refused": batch.refused_count}
        notify(session, kind, [batch.person], key, file=batch.file_name, **counts)
    elif job.status == JobStatus.FAILED:
        notify(session, IMPORT_STOPPED, [batch.person], key, file=batch.file_name, reason=job.error or "")


def _batch_of(session: Session, job: Job) -> ImportBatch | None:
    query = select(ImportBatch).where(ImportBatch.id == job.arguments["batch_id"])
    return session.scalar(query, execution_options=_SEE)
