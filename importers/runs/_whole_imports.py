"""Imports in mode "all or nothing": every row of a worksheet is saved, or none is."""

from contextlib import suppress
from functools import partial

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import transact
from core.resource import Resource
from importers.runs._slices import Spool, pack_problems, pack_slice, unpack_problems, unpack_slice
from importers.runs.runner import ImportReport, OnRead, Progress, RolledBack, Source, read_slices, save_slice
from services.accounts.denials import note_refused_rights
from services.imports.batches import end_by_counts, record_progress, refuse_whole, require_whole_size
from services.saving.plans import Saved, SaveOptions


def apply_whole_import(
    resource: Resource,
    source: Source,
    actor: Actor,
    *,
    batch_id: int,
    progress: Progress | None = None,
    on_read: OnRead | None = None,
    keeps_rows: bool = True,
) -> ImportReport:
    """Save all rows and end the import in one unit of work; if any row has a problem, save none and refuse the import.

    Every row is read and checked before the unit of work begins, and set aside on disk, so that others wait for the
    saving only. Arguments as ``apply_import``.

    Raises:
        InvalidInput: As ``preview_import``; ``imports.too_many_for_whole``.
        NotPermitted: As ``preview_import``.
        Conflict: ``imports.runs_elsewhere``.
    """
    report = ImportReport(resource.name, batch_id, keeps_rows=keeps_rows)
    with Spool() as slices, Spool() as problems:
        for slice_ in read_slices(resource, source, actor, report):
            require_whole_size(report.rows)
            if on_read is not None and slice_.rows:
                on_read(slice_.rows[-1])
            slices.add(pack_slice(slice_))
            if slice_.problems:
                report.count(slice_, Saved(problems=slice_.problems))
                problems.add(pack_problems(slice_.problems))
        if not report.refused:
            _save_whole(resource, slices, problems, actor, report, SaveOptions(source.match, batch_id), progress)
        if report.refused:
            transact(actor, partial(_refuse, report, problems))
            for some in map(unpack_problems, problems):
                note_refused_rights(actor, some, f"/{resource.name}/import")
    report.applied = report.saved_count > 0
    return report


def _save_whole(
    resource: Resource,
    slices: Spool,
    problems: Spool,
    actor: Actor,
    report: ImportReport,
    options: SaveOptions,
    progress: Progress | None,
) -> None:
    """Save slices and end their import, or bring what is wrong with them into ``report`` and ``problems``."""
    batch_id = options.batch_id or 0

    def work(session: Session) -> None:
        report.begin_again()
        problems.clear()
        reached = 0
        for slice_ in map(unpack_slice, slices):
            saved = save_slice(session, resource, slice_, options)
            report.count(slice_, saved)
            problems.add(pack_problems(saved.problems))
            reached = record_progress(session, batch_id, saved, slice_.rows, reached).last_row
        if report.refused:
            raise RolledBack
        if progress is not None:
            progress(session, report, reached)
        end_by_counts(session, batch_id)

    with suppress(RolledBack):
        transact(actor, work)
    if report.refused:
        report.created = report.updated = report.unchanged = 0


def _refuse(report: ImportReport, problems: Spool, session: Session) -> None:
    refuse_whole(session, report.batch or 0, report.rows, report.refused, map(unpack_problems, problems))
