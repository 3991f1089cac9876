"""Error workbooks too large for one request: requested, made by a job, downloaded when ready."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.files.contents import StoredFile, get_file
from core.jobs.queueing import enqueue
from core.jobs.rows import Job, JobStatus
from core.permissions import Permission
from models.imports import ImportWorkbook
from services.imports.batches import get_import, keep_file, weight_of


def start_workbook(session: Session, permission: Permission, batch_id: int) -> ImportWorkbook:
    """Enqueue the error workbook of an import; a second call has no effect.

    Raises:
        NotPermitted: The actor may not edit the resource.
        NotFound: ``imports.not_found``.
    """
    actor_of(session).require(permission)
    batch = get_import(session, batch_id, lock=True)
    workbook = find_workbook(session, batch_id)
    job = None if workbook is None else session.get(Job, workbook.job_id)
    if workbook is not None and job is not None and job.status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
        return workbook
    job_id = enqueue(session, "imports.workbook", weight=weight_of(session, batch), batch_id=batch_id).id
    if workbook is None:
        workbook = ImportWorkbook(batch_id=batch_id)
        session.add(workbook)
    workbook.job_id = job_id
    session.flush()
    return workbook


def keep_workbook(session: Session, batch_id: int, job_id: int, sha256: str, size_bytes: int, name: str) -> bool:
    """Store the workbook of a job; return whether it is still current: the import may have been checked again."""
    get_import(session, batch_id, lock=True)
    workbook = find_workbook(session, batch_id)
    if workbook is None or workbook.job_id != job_id:
        return False
    workbook.file_id = keep_file(session, sha256, size_bytes, name).id
    return True


def find_workbook(session: Session, batch_id: int) -> ImportWorkbook | None:
    """Return the error workbook of an import, ready or not; None if none was requested."""
    get_import(session, batch_id)
    return session.scalar(select(ImportWorkbook).where(ImportWorkbook.batch_id == batch_id))


def workbook_file(session: Session, batch_id: int) -> StoredFile | None:
    """Return the stored error workbook of an import, if it is ready."""
    workbook = find_workbook(session, batch_id)
    return None if workbook is None or workbook.file_id is None else get_file(session, workbook.file_id)
