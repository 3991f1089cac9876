"""Error workbooks: the person's workbook with red cells, comments, and a last column with all reasons.

A workbook of moderate size is the person's own, formats kept. For larger ones and for other kinds of file it is a new
one with the refused rows only. Either can be corrected and uploaded as it is. Neither holds a formula: formulas of
the person's own workbook become the values they showed, because those are what was read.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from core.i18n import N_, _, both_languages
from importers.writing.cell_values import Marked, SheetColumn, legible
from importers.writing.workbook_parts import MARKED_FILL
from importers.writing.xlsx import write_xlsx

OWN_ROWS_MAX = 5_000  # openpyxl takes two seconds for them
OWN_BYTES_MAX = 48 * 1024 * 1024  # unpacked, all sheets; openpyxl takes about ten times that in memory
ERRORS_HEADING = N_("Errors in this row")
ERRORS_WIDTH = 60
SIGNATURE = "[Qudao] "  # what follows it in a comment is ours

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MarkedCell:
    """An error in a row or cell.

    Attributes:
        row: As the source counts, from 1.
        column: From 1; None for the whole row.
        text: The reason, without the name of the column, in the language of who will read it.
    """

    row: int
    column: int | None
    text: str


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row of the source: its number there, from 1, and its cells as text."""

    row: int
    cells: Sequence[str]


def write_errors_workbook(
    source: Path,
    source_kind: str,
    target: Path,
    *,
    sheet: str,
    header_row: int,
    errors: Sequence[MarkedCell],
    headings: Sequence[str],
    refused: Iterable[RefusedRow],
    row_count: int,
) -> None:
    """Write to ``target`` an xlsx workbook that shows ``errors`` where they are.

    Args:
        source: A file that the guarded reader accepted; openpyxl must not meet any other.
        source_kind: "xlsx", "xls", "xlsb", "ods" or "csv"; only the first can be handed back itself.
        target: Replaced if it exists.
        sheet: The sheet that was read.
        header_row: Row of the headings in it, from 1.
        errors: In any order.
        headings: The headings, from the first column on.
        refused: Every row that ``errors`` speaks of, in order; read only where a new workbook is written.
        row_count: Rows in ``sheet``.
    """
    if source_kind == "xlsx" and row_count <= OWN_ROWS_MAX and not is_too_large(source):
        workbook = _own_workbook(source, sheet)
        if workbook is not None:
            _mark_sheet(workbook[sheet], header_row, headings, errors)
            workbook.save(target)
            return
    columns = [
        *(SheetColumn(legible(heading)) for heading in headings),
        SheetColumn(_(ERRORS_HEADING), width=ERRORS_WIDTH),
        SheetColumn(_("Row in your file"), "integer"),
    ]
    with target.open("wb") as file:
        write_xlsx(file, sheet, columns, _refused_rows(headings, refused, _by_row(errors)))


def is_too_large(source: Path) -> bool:
    """Return whether an xlsx workbook has too much in it for openpyxl."""
    with ZipFile(source) as archive:
        return sum(part.file_size for part in archive.infolist()) > OWN_BYTES_MAX


def _own_workbook(source: Path, sheet: str) -> Workbook | None:
    """Return the person's workbook with ``sheet`` in front and nothing in it that runs; None if it cannot be kept."""
    try:
        with source.open("rb") as file:
            workbook = load_workbook(file, data_only=True, keep_links=False)
    except Exception:  # openpyxl raises whatever a part that it does not expect leads to
        _log.info("openpyxl cannot keep this workbook; the refused rows are written to a new one", exc_info=True)
        return None
    if sheet not in {worksheet.title for worksheet in workbook.worksheets}:
        return None
    workbook.active = workbook.sheetnames.index(sheet)
    for worksheet in workbook.worksheets:  # sheets left selected together would all be edited together
        worksheet.sheet_view.tabSelected = worksheet.title == sheet
    return workbook


def _mark_sheet(worksheet: Worksheet, header_row: int, headings: Sequence[str], errors: Sequence[MarkedCell]) -> None:
    errors_column = _remove_marks(worksheet, header_row)
    heading = _visible_cell(worksheet, header_row, errors_column)
    _put(heading, _(ERRORS_HEADING))
    heading.font = Font(bold=True, color="FF9C0006")
    worksheet.column_dimensions[get_column_letter(errors_column)].width = ERRORS_WIDTH
    for row, marks in _by_row(errors).items():
        reasons = _visible_cell(worksheet, row, errors_column)
        _put(reasons, _reasons(marks, headings))
        _redden(reasons)
        worksheet.row_dimensions[row].hidden = False
        for mark in marks:
            if mark.column is not None:
                _comment(_visible_cell(worksheet, row, mark.column), legible(mark.text))


def _remove_marks(worksheet: Worksheet, header_row: int) -> int:
    """Remove the marks of an earlier error workbook and return the column for the reasons of this one."""
    filled = [cell for cell in _cells(worksheet) if cell.value is not None or cell.comment]
    last = max((cell.column for cell in filled if cell.value is not None), default=0)
    ours = last > 0 and worksheet.cell(header_row, last).value in both_languages(ERRORS_HEADING)
    for cell in filled:
        if ours and cell.column == last and cell.row > header_row:
            cell.value = None
            cell.fill = PatternFill()
        elif cell.comment and SIGNATURE in cell.comment.text:
            own = cell.comment.text.partition(SIGNATURE)[0].rstrip("\n")
            cell.comment = Comment(own, cell.comment.author) if own else None
            cell.fill = PatternFill()
    if ours:
        return last
    for area in worksheet.merged_cells.ranges:
        if area.max_row >= header_row:
            last = max(last, int(area.max_col))
    return last + 1


def _cells(worksheet: Worksheet) -> list[Cell]:
    """Return the cells there are. The public iterators make all that could be, up to the last row and column."""
    return [cell for cell in worksheet._cells.values() if isinstance(cell, Cell)]


def _visible_cell(worksheet: Worksheet, row: int, column: int) -> Cell:
    """Return a cell, or the one that is shown in its place where cells are merged."""
    cell = worksheet.cell(row, column)
    if isinstance(cell, Cell):
        return cell
    area = next(area for area in worksheet.merged_cells.ranges if cell.coordinate in area)
    return _visible_cell(worksheet, area.min_row, area.min_col)


def _comment(cell: Cell, reason: str) -> None:
    """Colour ``cell`` and add ``reason`` to its comment, below what the person has written there."""
    there = f"{cell.comment.text}\n" if cell.comment else ""
    text = there + ("" if SIGNATURE in there else SIGNATURE) + reason
    comment = Comment(text, cell.comment.author if cell.comment else SIGNATURE.strip(" []"))
    comment.width, comment.height = 320, 60 + 20 * (len(text) // 20)
    cell.comment = comment
    _redden(cell)


def _redden(cell: Cell) -> None:
    cell.fill = PatternFill("solid", fgColor=MARKED_FILL)


def _put(cell: Cell, text: str) -> None:
    """Store ``text`` as text: openpyxl would make a formula of what begins with "="."""
    cell.value = legible(text)
    cell.data_type = "s"


def _by_row(errors: Iterable[MarkedCell]) -> dict[int, list[MarkedCell]]:
    rows: defaultdict[int, list[MarkedCell]] = defaultdict(list)
    for error in errors:
        rows[error.row].append(error)
    return dict(rows)


def _reasons(marks: Iterable[MarkedCell], headings: Sequence[str]) -> str:
    """Return all reasons of a row in one text, each behind the heading of its column."""
    texts = []
    for mark in marks:
        if mark.column is None or mark.column > len(headings) or not headings[mark.column - 1]:
            texts.append(mark.text)
        else:
            texts.append(_("{column}: {reason}", column=headings[mark.column - 1], reason=mark.text))
    return "\n".join(texts)


def _refused_rows(
    headings: Sequence[str], refused: Iterable[RefusedRow], marks: Mapping[int, Sequence[MarkedCell]]
) -> Iterator[list[object]]:
    for row in refused:
        here = marks.get(row.row, ())
        cells = [legible(text) for text in row.cells[: len(headings)]]
        cells += [""] * (len(headings) - len(cells))
        for mark in here:
            if mark.column is not None and mark.column <= len(cells):
                cells[mark.column - 1] = Marked(cells[mark.column - 1])
        yield [*cells, legible(_reasons(here, headings)), row.row]
