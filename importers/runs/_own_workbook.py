"""Annotation of a person's own workbook with openpyxl, which takes 40 ms to load: see ``core.process.late_imports``."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from core.i18n import _, both_languages
from importers.runs.annotating import ERRORS_HEADING, ERRORS_WIDTH, MarkedCell, reasons_text
from importers.writing.cell_values import legible
from importers.writing.workbook_parts import MARKED_FILL

SIGNATURE = "[Qudao] "  # what follows it in a comment is ours

_log = logging.getLogger(__name__)


def annotate(
    source: Path,
    target: Path,
    sheet: str,
    header_row: int,
    headings: Sequence[str],
    errors: Mapping[int, Sequence[MarkedCell]],
) -> bool:
    """Write the person's workbook with the errors of each row to ``target``; return False if it cannot be kept.

    Arguments as ``write_errors_workbook``.
    """
    workbook = _kept_workbook(source, sheet)
    if workbook is None:
        return False
    _mark_sheet(workbook[sheet], header_row, headings, errors)
    workbook.save(target)
    return True


def _kept_workbook(source: Path, sheet: str) -> Workbook | None:
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


def _mark_sheet(
    worksheet: Worksheet, header_row: int, headings: Sequence[str], errors: Mapping[int, Sequence[MarkedCell]]
) -> None:
    errors_column = _remove_marks(worksheet, header_row)
    heading = _visible_cell(worksheet, header_row, errors_column)
    _put(heading, _(ERRORS_HEADING))
    heading.font = Font(bold=True, color="FF9C0006")
    worksheet.column_dimensions[get_column_letter(errors_column)].width = ERRORS_WIDTH
    for row, marks in errors.items():
        reasons = _visible_cell(worksheet, row, errors_column)
        _put(reasons, reasons_text(marks, headings))
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
