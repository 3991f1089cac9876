"""Checking and applying imported files in the background, so that the person may leave the page."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import reading, unit_of_work
from core.errors import Conflict, DomainError
from core.files.contents import write_content
from core.i18n import N_, _
from core.jobs.queueing import OwnerRefused, job
from core.jobs.rows import Job, Lane
from core.jobs.worker import JobCancelled, JobRun
from core.permissions import GIVES_RIGHTS, Permission
from core.settings import settings
from importers.runs.batches import apply_batch, check_batch
from importers.runs.error_workbooks import write_batch_errors
from importers.runs.runner import ImportReport
from models.imports import ImportBatch, ImportStatus
from resources import SHEETS
from services.imports.batches import end_import, end_with_job, get_import, resource_of_import
from services.imports.rows import counts_so_far
from services.imports.workbooks import keep_workbook
from services.notifications.imports import notify_applied, notify_checked, notify_workbook


def permission_of_import(session: Session, arguments: Mapping[str, Any]) -> Permission | None:
    """Return what the resource of an import asks of who edits it; None if there is no such import."""
    name = resource_of_import(session, arguments["batch_id"])
    return None if name is None else SHEETS[name].edit


@job(
    "imports.check", label=N_("Check of an import"), needs=permission_of_import, lane=Lane.IMPORT, on_end=notify_checked
)
def check_import(run: JobRun, batch_id: int) -> None:
    """Find out what an import would do, from where an attempt before stopped. Safe to repeat: no row is stored."""
    with reading(run.actor) as session:
        batch = get_import(session, batch_id)
        last_row = counts_so_far(session, batch_id).last_row
    total_count, began = _sheet_rows(batch), _beginning(max(last_row - batch.header_row, 0))

    def progress(session: Session, _report: ImportReport, last_row: int) -> None:
        done_count = last_row - batch.header_row
        run.checkpoint(session, began, done_count=done_count, total_count=max(total_count, done_count))

    check_batch(run.actor, batch_id, progress)


def end_apply(session: Session, ended: Job) -> None:
    """End an import with its job, and tell its owner."""
    end_with_job(session, ended)
    notify_applied(session, ended)


@job(
    "imports.apply",
    label=N_("Import"),
    needs=permission_of_import,
    needs_proof=GIVES_RIGHTS,
    lane=Lane.IMPORT,
    on_end=end_apply,
)
def apply_import_job(run: JobRun, batch_id: int) -> None:
    """Apply an import, from where it stopped. Safe to repeat: what a slice did is committed with how far it is.

    The checkpoint tells since when and from which row on this attempt runs, so that a page can tell its speed.
    """
    with reading(run.actor) as session:
        batch = get_import(session, batch_id)
    total_count = (batch.checked or {}).get("rows")
    began = _beginning(batch.row_count)

    def progress(session: Session, report: ImportReport, last_row: int) -> None:
        stored = session.get(ImportBatch, batch_id)  # in memory: the slice has just noted how far it is
        done_count = (stored.row_count if stored is not None else 0) or report.rows
        run.checkpoint(session, {"last_row": last_row, **began}, done_count=done_count, total_count=total_count)

    try:
        apply_batch(run.actor, batch_id, progress)
    except JobCancelled:
        _end(run, batch_id, ImportStatus.CANCELLED)
        raise
    except (Conflict, OwnerRefused):  # others were faster: it is tried again; or it may go on later
        raise
    except DomainError:
        _end(run, batch_id, ImportStatus.REFUSED)
        raise


@job(
    "imports.workbook",
    label=N_("Workbook with errors"),
    needs=permission_of_import,
    lane=Lane.IMPORT,
    on_end=notify_workbook,
)
def make_workbook(run: JobRun, batch_id: int) -> None:
    """Make the workbook with errors of a large import. Safe to repeat: it is kept when it is whole."""
    with reading(run.actor) as session:
        batch = get_import(session, batch_id)
    total_count, began = _sheet_rows(batch), _beginning(0)

    def progress(last_row: int) -> None:
        done_count = last_row - batch.header_row
        with unit_of_work(run.actor) as session:
            run.checkpoint(session, began, done_count=done_count, total_count=max(total_count, done_count))

    with tempfile.TemporaryDirectory(prefix="qudao-errors-") as folder:
        target = Path(folder) / "errors.xlsx"
        write_batch_errors(run.actor, batch_id, target, progress)
        with target.open("rb") as source:
            sha256, size_bytes = write_content(source, settings().unpacked_bytes_max)
    name = _("{name} – errors", name=Path(batch.file_name).stem) + ".xlsx"
    with unit_of_work(run.actor) as session:
        run.checkpoint(session, began, done_count=total_count, total_count=total_count)
        if not keep_workbook(session, batch_id, run.job_id, sha256, size_bytes, name):
            raise JobCancelled


def _sheet_rows(batch: ImportBatch) -> int:
    """Return how many rows stand below the headings of the sheet that is read, as its inspection counted."""
    row_count: int = sum(sheet["rows"] for sheet in batch.sheets if sheet["name"] == batch.sheet)
    return max(0, row_count - batch.header_row)


def _beginning(count: int) -> dict[str, Any]:
    """Return since when and from which count on an attempt runs."""
    return {"since": now().isoformat(), "since_count": count}


def _end(run: JobRun, batch_id: int, status: ImportStatus) -> None:
    with unit_of_work(run.actor) as session:
        end_import(session, batch_id, status)
