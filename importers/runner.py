"""Importing rows of any resource: read, check, match, save. The preview is the import, rolled back.

Rows go slice by slice: read and checked without holding any lock, then saved in one short unit of work together with
how far the import is. A resource whose rows refer to each other (partners and their upstream) is saved in one piece.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from core.access import Actor, Permission
from core.database import transact, unit_of_work
from core.drafts import Drafts, draft_rows
from core.errors import CellProblem, InvalidInput, Problem
from core.i18n import N_, _
from core.kinds import Cell, CellError
from core.resource import Resource
from importers.mapping import Columns, match_headings, stated_fields
from importers.orders import import_orders
from importers.reading import Chunk, read_sheet
from importers.row_changes import stated_changes
from importers.text_writing import unguard
from resources.orders import ORDER_LINES
from services.imports import bring_forward
from services.saving import Saved, SaveOptions

Progress = Callable[[Session, "ImportReport", int], None]
Note = Callable[["ImportReport", "Slice", Saved], None]
OnRead = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A worksheet and how it is to be read.

    Attributes:
        path: Where the file lies. name: what its owner calls it.
        kind: As ``importers.reading.Inspection``. sheet: None = first visible one. header_row: None = guessed.
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
    """What an import did, or would do.

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
    columns: Columns = field(default_factory=lambda: Columns({}))
    sheet: str = ""
    header_row: int = 0
    refused_cells: dict[int, list[str]] = field(default_factory=dict)

    def count(self, slice_: "Slice", saved: Saved) -> None:
        """Add what became of a slice."""
        self.created += saved.created
        self.updated += saved.updated
        self.unchanged += saved.unchanged
        self.refused += len({problem.row for problem in saved.problems})
        if self.keeps_rows:
            self.problems += saved.problems
            _keep_refused_cells(self, slice_, saved.problems)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows as they were read: numbers, checked drafts of the good ones, problems and cells of the others."""

    rows: list[int]
    drafts: Drafts
    problems: list[CellProblem]
    cells: dict[str, Sequence[Cell]]
    chunk: Chunk


TOTALS = frozenset({"合计", "总计", "小计", "共计", "累计", "汇总", "本页合计", "total", "subtotal", "grand total"})
"""Words that name a sum, where a row is named."""
WORKSHEETS = {ORDER_LINES.name: import_orders}
"""Resources whose worksheet rows are no rows of theirs one by one → who saves such a worksheet."""


class _RolledBack(Exception):
    pass


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
        saved = Saved()
        with suppress(_RolledBack), unit_of_work(actor) as session:
            saved = save_slice(session, resource, slice_, SaveOptions(source.match))
            if note is not None:  # what a reference leads to may be gone with the rest
                saved.changes = stated_changes(session, resource, saved.changes)
            raise _RolledBack
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
    """Save every row that can be saved, slice by slice.

    Args:
        resource: What the rows are.
        source: Where they are.
        actor: Who imports.
        batch_id: The import as a row; brought forward in each slice's own transaction.
        progress: Called in each slice's transaction with the report and the number of the slice's last row.
        on_read: As ``read_slices``.
        after_row: Rows up to this number were dealt with before a stop; they are read again and not saved.
        keeps_rows: As ``ImportReport``.

    Raises:
        InvalidInput, NotPermitted: As ``preview_import``.
    """
    report = ImportReport(resource.name, batch_id, keeps_rows=keeps_rows)
    for slice_ in read_slices(resource, source, actor, report, on_read):
        if slice_.rows and slice_.rows[-1] <= after_row:
            continue
        options = SaveOptions(source.match, batch_id)

        def work(session: Session, slice_: Slice = slice_, options: SaveOptions = options) -> Saved:
            saved = save_slice(session, resource, slice_, options)
            batch = bring_forward(session, batch_id, saved, slice_.rows)
            if progress is not None:
                progress(session, report, batch.last_row)
            return saved

        report.count(slice_, transact(actor, work))
        report.applied = True
    report.applied = report.applied and report.created + report.updated + report.unchanged > 0
    return report


def apply_whole_import(resource: Resource, source: Source, actor: Actor, *, batch_id: int) -> ImportReport:
    """Save all rows in one unit of work, or none if any has a problem. Raises as ``preview_import``.

    Every row is read and checked before the unit of work begins, so that others wait for the saving only.
    """
    report = ImportReport(resource.name, batch_id)
    slices = list(read_slices(resource, source, actor, report))
    problems = [problem for slice_ in slices for problem in slice_.problems]
    if not problems:
        with suppress(_RolledBack), unit_of_work(actor) as session:
            for slice_ in slices:
                saved = save_slice(session, resource, slice_, SaveOptions(source.match, batch_id))
                report.count(slice_, saved)
                bring_forward(session, batch_id, saved, slice_.rows)
            if report.problems:
                problems = report.problems
                raise _RolledBack
            report.applied = True
    if problems:
        report.created = report.updated = report.unchanged = 0
        report.problems, report.refused = problems, len({problem.row for problem in problems})
    for slice_ in slices:
        _keep_refused_cells(report, slice_, report.problems)
    return report


def read_slices(
    resource: Resource, source: Source, actor: Actor, report: ImportReport, on_read: OnRead | None = None
) -> Iterator[Slice]:
    """Yield a worksheet's rows checked cell by cell; bring headings, columns and counts into ``report``.

    ``on_read`` is called with the number of the last row read, where rows are read long before they are yielded.

    Raises:
        InvalidInput: The file cannot be read, or its columns do not make the resource's fields.
        NotPermitted: The actor may not edit the resource.
    """
    require_importable(resource, actor)
    seen: dict[Any, int] = {}
    with read_sheet(source.path, source.name, sheet=source.sheet, header_row=source.header_row) as sheet:
        columns = match_headings(
            resource, actor, sheet.headings, mapping=source.mapping, constants=source.constants, match=source.match
        )
        report.headings, report.columns, report.ignored = sheet.headings, columns, columns.ignored
        report.sheet, report.header_row = sheet.sheet, sheet.header_row
        slices = (_check(resource, actor, source, columns, chunk, seen) for chunk in sheet)
        for slice_ in [_joined(list(_told(slices, on_read)))] if is_one_piece(resource) else slices:
            report.rows += len(slice_.rows)
            yield slice_


def require_importable(resource: Resource, actor: Actor) -> Permission:
    """Go on only with a resource that can be imported, and by this actor; return the permission it takes.

    Raises:
        InvalidInput: ``imports.not_importable``.
        NotPermitted: ``access.denied``.
    """
    if resource.edit is None or resource.save is None:
        raise InvalidInput("imports.not_importable", N_("{resource} cannot be imported."), resource=_(resource.label))
    actor.require(resource.edit)
    return resource.edit


def is_one_piece(resource: Resource) -> bool:
    """Return whether all rows of a worksheet must be saved together: they refer to each other, or make up orders."""
    references = [field.kind.reference for field in resource.fields if field.kind.reference]
    return resource.name in WORKSHEETS or any(reference.resource == resource.name for reference in references)


def save_slice(session: Session, resource: Resource, slice_: Slice, options: SaveOptions) -> Saved:
    """Save the good rows of a slice; return what became of all its rows."""
    if resource.name in WORKSHEETS:
        return WORKSHEETS[resource.name](session, slice_.rows, slice_.cells, options)
    saved = Saved()
    if resource.save is not None and len(slice_.drafts):
        saved = resource.save(session, slice_.drafts, options)
    saved.problems = sorted([*slice_.problems, *saved.problems], key=lambda problem: problem.row)
    return saved


def _told(slices: Iterable[Slice], on_read: OnRead | None) -> Iterator[Slice]:
    for slice_ in slices:
        if on_read is not None and slice_.rows:
            on_read(slice_.rows[-1])
        yield slice_


def _check(
    resource: Resource, actor: Actor, source: Source, columns: Columns, chunk: Chunk, seen: dict[Any, int]
) -> Slice:
    errors = set(chunk.errors)
    cells = {
        name: _cells(chunk, position, errors, is_text=source.kind == "csv")
        for name, position in columns.positions.items()
    }
    used = _rows_with_content(cells, chunk.row_count)
    rows = [chunk.first_row + index for index in used]
    if len(used) < chunk.row_count:
        cells = {name: [values[index] for index in used] for name, values in cells.items()}
    cells |= {name: [value] * len(rows) for name, value in columns.constants.items()}
    drafts, problems = draft_rows(stated_fields(resource, actor), rows, cells)
    totals = _totals(resource, drafts)
    drafts = drafts.without({one.row for one in totals})
    repeated = _repeats(resource, source, drafts, seen)
    return Slice(rows, drafts.without({one.row for one in repeated}), [*problems, *totals, *repeated], cells, chunk)


def _cells(chunk: Chunk, position: int, errors: set[tuple[int, int]], *, is_text: bool) -> Sequence[Cell]:
    values: Sequence[Cell] = chunk.columns[position]
    if is_text:  # a text file of ours has guarded what a spreadsheet program would take for a formula
        values = [unguard(value) if value.__class__ is str and value[:1] == "'" else value for value in values]
    if errors:
        values = [CellError(value) if (index, position) in errors else value for index, value in enumerate(values)]
    return values


def _rows_with_content(cells: dict[str, Sequence[Cell]], count: int) -> list[int]:
    """Return the positions of rows in which some mapped column holds something."""
    if not cells:
        return []
    return [
        index for index, row in enumerate(zip(*cells.values(), strict=True)) if any(c not in (None, "") for c in row)
    ]


def _totals(resource: Resource, drafts: Drafts) -> list[CellProblem]:
    """Return a problem for each row whose key is a word for a sum: it stands below a table and is no row of it."""
    looks = N_("looks like a row of totals, so it is left out")
    problem = Problem("imports.total_row", looks)
    return [
        CellProblem(row, name, value, problem)
        for name in resource.keys
        for row, value in zip(drafts.rows, drafts.columns.get(name, ()), strict=False)
        if value.__class__ is str and value.strip(":： ").lower() in TOTALS
    ]


def _repeats(resource: Resource, source: Source, drafts: Drafts, seen: dict[Any, int]) -> list[CellProblem]:
    names = (source.match,) if source.match else resource.keys
    if not set(names) <= drafts.columns.keys():  # part of the key is given by us, so no two rows can have the same
        return []
    keys = list(zip(*(drafts.columns[name] for name in names), strict=True))
    problems = []
    for row, key in zip(drafts.rows, keys, strict=True):
        first = seen.setdefault(key, row)
        if first != row and None not in key:
            repeated = N_("is already in row {row}")
            shown = "~".join(str(part) for part in key)
            problems.append(
                CellProblem(row, names[0], shown, Problem("imports.repeated_key", repeated, {"row": first}))
            )
    return problems


def _joined(slices: list[Slice]) -> Slice:
    """Return slices as one, for rows that refer to each other."""
    names = slices[0].drafts.columns if slices else {}
    drafts = Drafts(
        [row for one in slices for row in one.drafts.rows],
        {name: [value for one in slices for value in one.drafts.columns[name]] for name in names},
    )
    cells = {name: [cell for one in slices for cell in one.cells[name]] for name in (slices[0].cells if slices else {})}
    width = max((len(one.chunk.columns) for one in slices), default=0)
    columns: list[list[Cell]] = [[] for _ in range(width)]
    for one in slices:
        for index, column in enumerate(columns):
            blank: list[Cell] = [None] * one.chunk.row_count
            column += one.chunk.columns[index] if index < len(one.chunk.columns) else blank
    chunk = Chunk(slices[0].chunk.first_row if slices else 1, columns)
    problems = [problem for one in slices for problem in one.problems]
    return Slice([row for one in slices for row in one.rows], drafts, problems, dict(cells), chunk)


def _keep_refused_cells(report: ImportReport, slice_: Slice, problems: Iterable[CellProblem]) -> None:
    """Keep the original cells of refused rows, to hand them back."""
    chunk = slice_.chunk
    for row in {problem.row for problem in problems}:
        index = row - chunk.first_row
        if 0 <= index < chunk.row_count:
            cells = (column[index] for column in chunk.columns)
            report.refused_cells[row] = ["" if cell is None else str(cell) for cell in cells]
