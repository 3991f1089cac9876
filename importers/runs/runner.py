"""Import of rows of any resource: read, check, match, save. The preview is the import, rolled back.

Rows go slice by slice: read and checked without holding any lock, then saved in one short unit of work together with
how far the import is; the last slice's unit of work ends the import. Lines of an order are in one slice. A resource
whose rows refer to each other (partners and their upstream) is saved in one piece.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import private_copy, reading, transact, unit_of_work
from core.errors import CellProblem, InvalidInput
from core.i18n import N_, _
from core.permissions import Permission
from core.resource import Resource
from importers.reading.workbooks import read_sheet
from importers.runs._groups import group_keys, save_groups
from importers.runs._row_changes import readable_changes
from importers.runs._slices import CheckedSlice, Checker, joined, whole_groups
from importers.runs.mapping import ColumnMapping, match_headings
from services.accounts.denials import note_refused_rights
from services.imports.batches import end_by_counts, get_import, problems_of, record_progress
from services.saving.plans import Saved, SaveOptions

Progress = Callable[[Session, "ImportReport", int], None]
Note = Callable[["ImportReport", CheckedSlice, Saved], None]
OnRead = Callable[[int], None]

COPY_ROWS_MIN = 5_000
"""Rows in one piece from which a preview works on a copy of the database: below, others wait shorter than it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A worksheet with its column mapping.

    Attributes:
        path: Where the file lies. name: what its owner calls it.
        kind: As ``workbooks.Inspection``. sheet: None = first visible one. header_row: None = guessed.
        mapping: Heading → field name, "" leaves a column out. constants: field name → what every row states.
        match: Field that existing rows are found by; "" for the key.
    """

    path: Path
    name: str
    kind: str = ""
    sheet: str | None = None
    header_row: int | None = None
    mapping: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    match: str = ""


@dataclass(slots=True)
class ImportReport:
    """Report of an import or a preview.

    Attributes:
        rows: Rows that are not blank. applied: whether anything was committed.
        refused: Rows with a problem. ignored: headings of columns left out.
        keeps_rows: Whether ``problems`` and ``refused_cells`` are wanted; otherwise they are kept elsewhere, because
            there may be a million of them.
        refused_cells: Row number → its cells as text, for handing them back.
    """

    resource: str
    batch: int | None = None
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    applied: bool = False
    keeps_rows: bool = True
    ignored: list[str] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    columns: ColumnMapping = field(default_factory=lambda: ColumnMapping({}))
    sheet: str = ""
    header_row: int = 0
    refused_cells: dict[int, list[str]] = field(default_factory=dict)

    @property
    def saved_count(self) -> int:
        """Return how many rows are stored as the worksheet states them."""
        return self.created + self.updated + self.unchanged

    def count(self, slice_: CheckedSlice, saved: Saved) -> None:
        """Add the outcome of a slice."""
        self.created += saved.created
        self.updated += saved.updated
        self.unchanged += saved.unchanged
        rows = {problem.row for problem in saved.problems}
        self.refused += len(rows)
        if self.keeps_rows:
            self.problems += saved.problems
            self.refused_cells |= {row: slice_.texts(row) for row in rows}

    def begin_again(self) -> None:
        """Reset the counts."""
        self.created = self.updated = self.unchanged = self.refused = 0
        self.problems, self.refused_cells = [], {}


class RolledBack(Exception):
    """Raised to roll a unit of work back."""


def preview_import(
    resource: Resource,
    source: Source,
    actor: Actor,
    *,
    note: Note | None = None,
    on_read: OnRead | None = None,
    after_row: int = 0,
) -> ImportReport:
    """Return what ``apply_import`` would do; store nothing.

    Args:
        resource: What the rows are.
        source: Where they are.
        actor: Who would import.
        note: Called behind each slice, when its rows are gone again, with the report, the slice and what would have
            become of it: changes by field name, as people outside name values. The report then keeps no rows.
        on_read: As ``read_slices``.
        after_row: Rows up to this number were checked before a stop; they are read again and not counted.

    Raises:
        InvalidInput: The file cannot be taken at all.
        NotPermitted: The actor may not edit the resource.
    """
    report = ImportReport(resource.name, keeps_rows=note is None)
    for slice_ in read_slices(resource, source, actor, report, on_read):
        if slice_.rows and slice_.rows[-1] <= after_row:
            continue
        saved = _tried(resource, slice_, actor, source.match, is_noted=note is not None)
        report.count(slice_, saved)
        if note is not None:
            note(report, slice_, saved)
    return report


def apply_import(
    resource: Resource,
    source: Source,
    actor: Actor,
    *,
    batch_id: int,
    progress: Progress | None = None,
    on_read: OnRead | None = None,
    after_row: int = 0,
    keeps_rows: bool = True,
) -> ImportReport:
    """Save every row that can be saved, slice by slice, and end the import with the last of them.

    Args:
        resource: What the rows are.
        source: Where they are.
        actor: Who imports.
        batch_id: The import as a row; its progress is stored in each slice's own transaction, ended in the last one.
        progress: Called in each slice's transaction with the report and the number of the slice's last row.
        on_read: As ``read_slices``.
        after_row: Rows up to this number were dealt with before a stop; they are read again and not saved. The report
            counts them as they came out then.
        keeps_rows: As ``ImportReport``.

    Raises:
        InvalidInput, NotPermitted: As ``preview_import``.
        Conflict: ``imports.runs_elsewhere``.
    """
    report = ImportReport(resource.name, batch_id, keeps_rows=keeps_rows)
    options = SaveOptions(source.match, batch_id)
    reached, is_ended = after_row, False
    if after_row:
        _recall(report, actor, batch_id)
    refused_before = {problem.row for problem in report.problems}
    for slice_, is_last in _with_end(read_slices(resource, source, actor, report, on_read)):
        if slice_.rows and slice_.rows[-1] <= after_row:
            report.refused_cells |= {row: slice_.texts(row) for row in refused_before.intersection(slice_.rows)}
            continue

        def work(
            session: Session, slice_: CheckedSlice = slice_, reached: int = reached, is_last: bool = is_last
        ) -> Saved:
            saved = save_slice(session, resource, slice_, options)
            batch = record_progress(session, batch_id, saved, slice_.rows, reached)
            if progress is not None:
                progress(session, report, batch.last_row)
            if is_last:
                end_by_counts(session, batch_id)
            return saved

        saved = transact(actor, work)
        note_refused_rights(actor, saved.problems, f"/{resource.name}/import")
        report.count(slice_, saved)
        reached, is_ended = slice_.rows[-1] if slice_.rows else reached, is_last
    if not is_ended:
        transact(actor, lambda session: end_by_counts(session, batch_id))
    report.applied = report.saved_count > 0
    return report


def read_slices(
    resource: Resource, source: Source, actor: Actor, report: ImportReport, on_read: OnRead | None = None
) -> Iterator[CheckedSlice]:
    """Yield a worksheet's rows checked cell by cell; bring headings, columns and counts into ``report``.

    ``on_read`` is called with the number of the last row read, where rows are read long before they are yielded.

    Raises:
        InvalidInput: The file cannot be read, or its columns do not make the resource's fields.
        NotPermitted: The actor may not edit the resource.
    """
    require_importable(resource, actor)
    with read_sheet(source.path, source.name, sheet=source.sheet, header_row=source.header_row) as sheet:
        columns = match_headings(
            resource, actor, sheet.headings, mapping=source.mapping, constants=source.constants, match=source.match
        )
        report.headings, report.columns, report.ignored = sheet.headings, columns, columns.ignored
        report.sheet, report.header_row = sheet.sheet, sheet.header_row
        is_text, keeps_columns = source.kind == "csv", report.keeps_rows
        checker = Checker(resource, actor, columns, match=source.match, is_text=is_text, keeps_columns=keeps_columns)
        slices: Iterator[CheckedSlice] = (checker.check(chunk) for chunk in sheet)
        if resource.row_groups is not None:
            slices = whole_groups(slices, partial(group_keys, resource, resource.row_groups))
        elif is_one_piece(resource):
            slices = iter([joined(list(_reported(slices, on_read)))])
        for slice_ in slices:
            report.rows += len(slice_.rows)
            yield slice_


def require_importable(resource: Resource, actor: Actor) -> Permission:
    """Require a resource that this actor can import; return the permission needed.

    Raises:
        InvalidInput: ``imports.not_importable``.
        NotPermitted: ``access.denied``.
    """
    if resource.edit is None or resource.save is None:
        raise InvalidInput("imports.not_importable", N_("{resource} cannot be imported."), resource=_(resource.label))
    actor.require(resource.edit)
    return resource.edit


def is_one_piece(resource: Resource) -> bool:
    """Return whether all rows of a worksheet must be saved together, because they refer to each other."""
    references = [field.kind.reference for field in resource.fields if field.kind.reference]
    return any(reference.resource == resource.name for reference in references)


def save_slice(session: Session, resource: Resource, slice_: CheckedSlice, options: SaveOptions) -> Saved:
    """Save the good rows of a slice; return what became of all its rows."""
    if resource.row_groups is not None:
        return save_groups(session, resource, slice_.rows, slice_.cells, options)
    saved = Saved()
    if resource.save is not None and len(slice_.drafts):
        saved = resource.save(session, slice_.drafts, options)
    saved.problems = sorted([*slice_.problems, *saved.problems], key=lambda problem: problem.row)
    return saved


def _tried(resource: Resource, slice_: CheckedSlice, actor: Actor, match: str, *, is_noted: bool) -> Saved:
    """Return the outcome that saving a slice would have, and store nothing.

    On SQLite a writer blocks all other writers, also if it is rolled back. A slice has few rows; a large
    worksheet is tried on a copy of the database instead.
    """
    saved = Saved()
    is_large = is_one_piece(resource) and len(slice_.rows) >= COPY_ROWS_MIN
    with (
        private_copy() if is_large else nullcontext() as connection,
        suppress(RolledBack),
        unit_of_work(actor, connection=connection) as session,
    ):
        saved = save_slice(session, resource, slice_, SaveOptions(match))
        if is_noted:  # what a reference leads to may be gone with the rest
            saved.changes = readable_changes(session, resource, saved.changes)
        raise RolledBack
    return saved


def _recall(report: ImportReport, actor: Actor, batch_id: int) -> None:
    """Add to a report the outcomes of rows that were handled before the import was stopped."""
    with reading(actor) as session:
        batch = get_import(session, batch_id)
        report.created, report.updated = batch.created_count, batch.updated_count
        report.unchanged, report.refused = batch.unchanged_count, batch.refused_count
        if report.keeps_rows:
            report.problems = problems_of(session, batch_id)


def _with_end(slices: Iterable[CheckedSlice]) -> Iterator[tuple[CheckedSlice, bool]]:
    """Yield each slice, and whether it is the last."""
    before: CheckedSlice | None = None
    for slice_ in slices:
        if before is not None:
            yield before, False
        before = slice_
    if before is not None:
        yield before, True


def _reported(slices: Iterable[CheckedSlice], on_read: OnRead | None) -> Iterator[CheckedSlice]:
    for slice_ in slices:
        if on_read is not None and slice_.rows:
            on_read(slice_.rows[-1])
        yield slice_
