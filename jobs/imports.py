"""Checking and applying imported files in the background, so that the person may leave the page."""

from sqlalchemy.orm import Session

from core.clock import now
from core.database import reading, unit_of_work
from core.errors import Conflict, DomainError
from core.jobs import JobCancelled, JobRun, job
from importers.batches import apply_batch, check_batch
from importers.runner import ImportReport
from models.imports import ImportStatus
from services.imports import end_import, get_import


@job("imports.check")
def check_import(run: JobRun, batch_id: int) -> None:
    """Find out what an import would do. Safe to repeat: it stores nothing but its counts."""
    check_batch(run.actor, batch_id)


@job("imports.apply")
def apply_import_job(run: JobRun, batch_id: int) -> None:
    """Apply an import, from where it stopped. Safe to repeat: what a slice did is committed with how far it is.

    The checkpoint tells since when and from which row on this attempt runs, so that a page can tell its speed.
    """
    with reading(run.actor) as session:
        batch = get_import(session, batch_id)
    total_count = (batch.checked or {}).get("rows")
    began = {"since": now().isoformat(), "since_count": batch.row_count}

    def progress(session: Session, report: ImportReport, last_row: int) -> None:
        state = {"last_row": last_row, **began}
        run.checkpoint(session, state, done_count=report.rows, total_count=total_count)

    try:
        apply_batch(run.actor, batch_id, progress)
    except JobCancelled:
        _end(run, batch_id, ImportStatus.CANCELLED)
        raise
    except Conflict:  # others were faster: the worker tries again
        raise
    except DomainError:
        _end(run, batch_id, ImportStatus.REFUSED)
        raise


def _end(run: JobRun, batch_id: int, status: ImportStatus) -> None:
    with unit_of_work(run.actor) as session:
        end_import(session, batch_id, status)
