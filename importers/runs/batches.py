"""Checks and runs of imports that are stored as rows of ``import_batches``."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import reading, unit_of_work
from core.errors import DomainError, InvalidInput
from core.files.contents import content_path
from core.resource import Resource
from core.settings import settings
from importers.reading.error_texts import TEXTS
from importers.reading.errors import FileError
from importers.reading.file_types import identify
from importers.runs._slices import CheckedSlice
from importers.runs._whole_imports import apply_whole_import
from importers.runs.runner import (
    ImportReport,
    OnRead,
    Progress,
    Source,
    apply_import,
    preview_import,
    require_importable,
)
from models.imports import ALL_OR_NOTHING, GOOD_ROWS, ImportBatch, ImportStatus
from resources import SHEETS
from services.imports.batches import (
    begin_import,
    end_import,
    get_import,
    note_problems,
    purge_findings,
    unfinished_import,
)
from services.imports.rows import RowCounts, counts_so_far, note_rows
from services.saving.plans import Saved


def kind_of(path: Path, name: str = "") -> str:
    """Return the kind of a file by its content, as ``importers.reading.workbooks.Inspection`` names it.

    Raises:
        InvalidInput: As ``importers.reading.workbooks.inspect_file``; names the file by ``name``.
    """
    try:
        return identify(path, settings().upload_bytes_max, settings().unpacked_bytes_max)
    except FileError as refusal:
        named: dict[str, Any] = {"file": name or path.name, **refusal.values}
        raise InvalidInput(f"imports.{refusal.code}", TEXTS[refusal.code], **named) from refusal


def source_of(batch: ImportBatch, path: Path) -> Source:
    """Return the source of an import, with its column mapping."""
    return Source(
        path=path,
        name=batch.file_name,
        kind=batch.kind or kind_of(path, batch.file_name),
        sheet=batch.sheet or None,
        header_row=batch.header_row or None,
        mapping=dict(batch.mapping),
        constants=dict(batch.constants),
        match=batch.match,
    )


class CheckOutdated(Exception):
    """The import was configured anew since this check began, or is imported already."""


def check_batch(actor: Actor, batch_id: int, progress: Progress | None = None) -> None:
    """Check an import, resuming after the rows that an earlier attempt has checked.

    Results and progress are stored slice by slice. An import that was configured anew meanwhile is left to the check
    that was started for it.
    """
    with reading(actor) as session:
        batch = get_import(session, batch_id)
        after_row = counts_so_far(session, batch_id).last_row
    source = source_of(batch, content_path(batch.sha256))

    def current(session: Session) -> ImportBatch:
        batch = get_import(session, batch_id, lock=True)
        if batch.status != ImportStatus.DRAFT or source_of(batch, source.path) != source:
            raise CheckOutdated
        return batch

    def note(report: ImportReport, slice_: CheckedSlice, saved: Saved) -> None:
        with unit_of_work(actor) as session:
            current(session)
            note_problems(session, batch_id, saved.problems)
            note_rows(session, batch_id, slice_.rows, saved, slice_.cells)
            if progress is not None and slice_.rows:
                progress(session, report, slice_.rows[-1])

    with suppress(CheckOutdated):
        resource, on_read = SHEETS[batch.resource], on_read_of(actor, batch, progress)
        report = preview_import(resource, source, actor, note=note, on_read=on_read, after_row=after_row)
        with unit_of_work(actor) as session:
            current(session).checked = {
                **_counted(counts_so_far(session, batch_id)),
                "ignored": report.ignored,
            }


def apply_batch(actor: Actor, batch_id: int, progress: Progress | None = None) -> None:
    """Apply an import by its mode, going on behind the rows that are dealt with; one that is applied stays as it is."""
    with unit_of_work(actor) as session:
        batch = get_import(session, batch_id, lock=True)
        if batch.status == ImportStatus.APPLIED:
            return
        if batch.status == ImportStatus.CANCELLED:  # its job is tried again
            batch.status, batch.finished_at = ImportStatus.RUNNING, None
        if batch.last_row == 0:
            purge_findings(session, batch_id)
    run_batch(SHEETS[batch.resource], source_of(batch, content_path(batch.sha256)), actor, batch, progress)


def run_batch(
    resource: Resource,
    source: Source,
    actor: Actor,
    batch: ImportBatch,
    progress: Progress | None = None,
    *,
    keeps_rows: bool = False,
) -> ImportReport:
    """Apply a worksheet for an import that is a row. Its last rows and its end are stored together."""
    on_read = on_read_of(actor, batch, progress)
    if batch.mode == ALL_OR_NOTHING and batch.last_row == 0:
        return apply_whole_import(
            resource, source, actor, batch_id=batch.id, progress=progress, on_read=on_read, keeps_rows=keeps_rows
        )
    return apply_import(
        resource,
        source,
        actor,
        batch_id=batch.id,
        progress=progress,
        on_read=on_read,
        after_row=batch.last_row,
        keeps_rows=keeps_rows,
    )


def on_read_of(actor: Actor, batch: ImportBatch, progress: Progress | None) -> OnRead | None:
    """Return what tells ``progress`` how far a worksheet is read that is saved in one piece."""
    if progress is None:
        return None

    def on_read(row: int) -> None:
        with unit_of_work(actor) as session:
            progress(session, ImportReport(batch.resource, rows=row - batch.header_row), row)

    return on_read


def import_file(
    resource: Resource, source: Source, actor: Actor, *, sha256: str, mode: str = GOOD_ROWS
) -> ImportReport:
    """Import a local file synchronously, as the command line does.

    The same file read in the same way goes on with an import whose process has died, and reports all of it.
    """
    stated = {
        "resource": next(name for name, sheet in SHEETS.items() if sheet is resource),
        "file_name": source.name,
        "sha256": sha256,
        "sheet": source.sheet or "",
        "header_row": source.header_row or 0,
        "mapping": source.mapping,
        "constants": source.constants,
        "match": source.match,
        "mode": mode,
    }
    with unit_of_work(actor) as session:
        permission = require_importable(resource, actor)
        batch = unfinished_import(session, **stated) or begin_import(session, permission, **stated)
    try:
        return run_batch(resource, source, actor, batch, keeps_rows=True)
    except DomainError as error:
        if error.code != "imports.runs_elsewhere":
            with suppress(DomainError), unit_of_work(actor) as session:
                end_import(session, batch.id, ImportStatus.REFUSED)
        raise


def _counted(counts: RowCounts) -> dict[str, int]:
    names = ("rows", "created", "updated", "unchanged", "refused")
    return {name: getattr(counts, name) for name in names}
