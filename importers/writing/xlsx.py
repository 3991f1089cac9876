"""Streaming writer of xlsx workbooks: constant memory, typed cells, the same bytes for the same rows.

Formatting and compressing run side by side in two threads, because zlib lets go of the interpreter while it works.
Parts carry no date, and strings stand in their cells (no shared table), so nothing has to be known in advance.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import chain, islice
from typing import IO, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from importers.writing import workbook_parts
from importers.writing._xlsx_cells import STYLE_NUMBERS, column_letters, heading_xml, rows_xml
from importers.writing.cell_values import SheetColumn

__all__ = ["SheetColumn", "write_xlsx"]

SHEET_ROWS_MAX = 1_048_575  # data rows below the headings
BATCH_ROWS = 2_325  # rows formatted at once; 451 batches fill a sheet to the last row
SHEET_BYTES_MAX = 1_900_000_000  # of XML; zip parts of more than 2 GiB need a form that some programs cannot read
SHEET_NAME_LENGTH_MAX = 31
DEFLATE_LEVEL = 1

_NOT_IN_NAMES = re.compile(r"[^\x20-\ud7ff\ue000-\ufffd]|[\[\]:*?/\\]")


def write_xlsx(
    target: BinaryIO,
    sheet: str,
    columns: Sequence[SheetColumn],
    rows: Iterable[Sequence[object]],
    *,
    totals: Sequence[object] | None = None,
) -> int:
    """Write ``rows`` below their headings and return how many there were.

    Rows beyond a sheet's end continue on "``sheet`` 2", "``sheet`` 3" and so on, each with the headings.

    Args:
        target: Written from another thread, never from two at once; need not be seekable.
        sheet: Name of the first sheet; what Excel does not take in a name is left out.
        columns: At least one.
        rows: One value for each column: str, int, Decimal, float, date, datetime, bool or None. Whatever a number
            cell would not keep exactly (more than 15 digits, days before 1900-03-01) is written as text.
        totals: Values (never formulas) of one last row in bold. Read after the last of ``rows``, so that it may be a
            list filled on the way.

    Raises:
        InvalidInput: ``text.illegal_character``, ``text.too_long_for_cell``, with row and column. What was written to
            ``target`` by then is no workbook.
    """
    iterator = iter(rows)
    batches = iter(lambda: list(islice(iterator, BATCH_ROWS)), [])
    sheets: list[_Sheet] = []
    waiting: list[Sequence[object]] | None = next(batches, [])
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=DEFLATE_LEVEL) as archive:
        _write_part(archive, "_rels/.rels", workbook_parts.package_relations())
        _write_part(archive, "xl/styles.xml", workbook_parts.styles())
        while waiting is not None:
            part = _Sheet(_sheet_name(sheet, len(sheets) + 1), columns, chain([waiting], batches))
            sheets.append(part)
            with archive.open(f"xl/worksheets/sheet{len(sheets)}.xml", "w") as file:
                _write_behind(file, part.xml(totals))
            waiting = part.left_over
        _write_part(archive, "xl/workbook.xml", workbook_parts.workbook([(s.name, s.filtered("$")) for s in sheets]))
        _write_part(archive, "xl/_rels/workbook.xml.rels", workbook_parts.workbook_relations(len(sheets)))
        _write_part(archive, "[Content_Types].xml", workbook_parts.content_types(len(sheets)))
    return sum(part.row_count for part in sheets)


class _Sheet:
    """One sheet while it is written.

    Attributes:
        row_count: Data rows written so far.
        left_over: After writing, the first batch of the next sheet; None if this was the last.
    """

    def __init__(self, name: str, columns: Sequence[SheetColumn], batches: Iterator[list[Sequence[object]]]) -> None:
        self.name = name
        self.columns = columns
        self.row_count = 0
        self.left_over: list[Sequence[object]] | None = None
        self._batches = batches

    def xml(self, totals: Sequence[object] | None) -> Iterator[bytes]:
        """Yield the sheet in chunks; ``totals`` follow the rows if no other sheet does."""
        byte_count = 0
        yield self._head()
        for batch in self._batches:
            if self.row_count + len(batch) > SHEET_ROWS_MAX or byte_count > SHEET_BYTES_MAX:
                self.left_over = batch
                break
            chunk = rows_xml(self.columns, batch, self.row_count + 2).encode()
            self.row_count += len(batch)
            byte_count += len(chunk)
            yield chunk
        if totals is not None and self.left_over is None:
            if self.row_count == SHEET_ROWS_MAX:
                self.left_over = []
            else:
                yield rows_xml(self.columns, [totals], self.row_count + 2, bold=True).encode()
        yield f'</sheetData><autoFilter ref="{self.filtered()}"/></worksheet>'.encode()

    def filtered(self, mark: str = "") -> str:
        """Return the range of headings and rows: A1:M10, or with the mark "$" $A$1:$M$10."""
        last = column_letters(len(self.columns) - 1)
        return f"{mark}A{mark}1:{mark}{last}{mark}{self.row_count + 1}"

    def _head(self) -> bytes:
        widths = "".join(
            f'<col min="{n}" max="{n}" width="{column.width}" style="{STYLE_NUMBERS[column.style]}" customWidth="1"/>'
            for n, column in enumerate(self.columns, start=1)
        )
        return (
            f'{workbook_parts.XML}<worksheet xmlns="{workbook_parts.MAIN}"><sheetViews><sheetView workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
            f"<cols>{widths}</cols><sheetData>{heading_xml(self.columns)}"
        ).encode()


def _write_behind(file: IO[bytes], chunks: Iterator[bytes]) -> None:
    """Write ``chunks`` in a second thread, each while the next one is being made."""
    pending: Future[int] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="deflate") as thread:
        try:
            for chunk in chunks:
                if pending:
                    pending.result()
                pending = thread.submit(file.write, chunk)
        finally:
            if pending:
                wait([pending])
    if pending:
        pending.result()


def _write_part(archive: ZipFile, name: str, xml: str) -> None:
    with archive.open(name, "w") as file:  # by name, so that the part carries the fixed date 1980-01-01
        file.write((workbook_parts.XML + xml).encode())


def _sheet_name(name: str, number: int) -> str:
    """Return ``name`` as Excel takes it, with a number from the second sheet on."""
    suffix = "" if number == 1 else f" {number}"
    allowed = _NOT_IN_NAMES.sub(" ", name)[: SHEET_NAME_LENGTH_MAX - len(suffix)].strip(" '")
    if not allowed or allowed.lower() == "history":  # Excel keeps this name for itself
        allowed = "Sheet"
    return allowed + suffix
