"""Error workbooks: the person's workbook with red cells, comments, and a last column with all reasons.

A workbook of moderate size is the person's own, formats kept. For larger ones and for other kinds of file it is a new
one with the refused rows only. Either can be corrected and uploaded as it is. Neither holds a formula: formulas of
the person's own workbook become the values they showed, because those are what was read.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from core.i18n import N_, _
from core.process.late_imports import late_import
from importers.writing.cell_values import Marked, SheetColumn, legible
from importers.writing.xlsx import write_xlsx

OWN_ROWS_MAX = 5_000  # openpyxl takes two seconds for them
OWN_BYTES_MAX = 48 * 1024 * 1024  # unpacked, all sheets; openpyxl takes about ten times that in memory
ERRORS_HEADING = N_("Errors in this row")
ERRORS_WIDTH = 60


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
        own = late_import("importers.runs._own_workbook")
        if own.annotate(source, target, sheet, header_row, headings, rows_with_errors(errors)):
            return
    columns = [
        *(SheetColumn(legible(heading)) for heading in headings),
        SheetColumn(_(ERRORS_HEADING), width=ERRORS_WIDTH),
        SheetColumn(_("Row in your file"), "integer"),
    ]
    with target.open("wb") as file:
        write_xlsx(file, sheet, columns, _refused_rows(headings, refused, rows_with_errors(errors)))


def is_too_large(source: Path) -> bool:
    """Return whether an xlsx workbook has too much in it for openpyxl."""
    with ZipFile(source) as archive:
        return sum(part.file_size for part in archive.infolist()) > OWN_BYTES_MAX


def rows_with_errors(errors: Iterable[MarkedCell]) -> dict[int, list[MarkedCell]]:
    """Return row → its errors."""
    rows: defaultdict[int, list[MarkedCell]] = defaultdict(list)
    for error in errors:
        rows[error.row].append(error)
    return dict(rows)


def reasons_text(marks: Iterable[MarkedCell], headings: Sequence[str]) -> str:
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
        yield [*cells, legible(reasons_text(here, headings)), row.row]
