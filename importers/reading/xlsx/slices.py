"""Cutting the sheets of an .xlsx into slices of few rows, so that any sheet is read in little memory.

A spreadsheet reader fills a rectangle from the first to the last cell of a sheet: one stray cell at XFD1048576 asks
for 500 GB, and 500,000 honest rows for 650 MB. So the sheet's XML is cut at its rows into slices, each a small
worksheet of a second workbook, and these are read one after the other. On the way rows are counted, rows that are
only formatted fall out, and cells whose value would get lost in reading are marked: errors such as #N/A and formulas
that no program has calculated.

Runs in the child process: nothing but the standard library may be imported here.
"""

import itertools
import operator
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from importers.reading.errors import COLUMNS_MAX, ROW_MAX, FileError

ROWS_MAX = 10_000  # from the first to the last row of a slice
BYTES_MAX = 16 * 1024 * 1024
CELLS_MAX = 2_000_000  # of the rectangle that a slice spans
ROW_BYTES_MAX = 64 * 1024 * 1024
MARK = f"\ue000{secrets.token_hex(6)}\ue000"  # prefix of the stand-in for a value that would get lost


VALUE_ENDS = (b"</v></c>", b"</is></c>")

# Names under a prefix of their own: elements that could stand between plain ones and would be passed over.
_OWN_NAMES = re.compile(rb"<[^<>]*\sxmlns[\s:=]")
_PREFIXED = re.compile(
    rb"xmlns:[^<>\s=]{1,100}\s*+=\s*+[\"']http://(?:schemas\.openxmlformats\.org|purl\.oclc\.org/ooxml)"
    rb"/spreadsheetml/(?:2006/)?main[\"']"
)
_SHEET = re.compile(rb"<sheetData[^<>]*>")
_ROW_NUMBER = re.compile(rb'\sr\s*+=\s*+"(\d+)"')
_ROW_STARTS = re.compile(rb'^<row r="(\d+)"', re.MULTILINE)
_LETTERS = re.compile(rb"[A-Za-z]*")
# Between "<" and ">" of a cell stand a few short attributes; the limits keep a hostile sheet from costing more.
_ERROR = re.compile(rb'<c([^<>]{0,200}?)\st="e"([^<>]{0,200})>(?:(?!</c>|<c[\s>]).)*?<v>([^<]*)</v>', re.DOTALL)
_UNCALCULATED = re.compile(
    rb'<c(?![^<>]{0,200}\st="str")([^<>]{0,200})>\s*+<f[^<>/]{0,200}>([^<]*)</f>\s*+(?:(?:<v></v>|<v ?/>)\s*+)?</c>'
)
_TYPE = re.compile(rb'\st="\w{1,20}"')


class Irregular(Exception):
    """Legal XML that cannot be cut at plain ``</row>``: prefixes, comments, other quotes. It is rewritten first."""


@dataclass(slots=True)
class RowRange:
    """Rows ``first_row`` to ``last_row`` of a sheet (inclusive, as Excel counts), ``row_count`` with a value."""

    first_row: int
    last_row: int
    row_count: int
    is_marked: bool


Write = Callable[[bytes, RowRange], None]


@dataclass(slots=True)
class Scan:
    """Result of scanning a sheet. ``last_row`` and ``last_column`` count only cells with a value; 0 if there is none.

    ``is_complete``: whether it was gone through to its end, or only as far as ``bytes_read``.
    """

    row_count: int = 0
    last_row: int = 0
    last_column: int = 0
    is_complete: bool = True
    bytes_read: int = 0


class Slicer:
    """Cuts one sheet into slices.

    Args:
        sheet: Its name, for refusals.
        write: Takes the rows of each slice as XML.
        after_row: Rows up to this one are passed over; for going on after ``Irregular``.
        head_rows: Write only so many rows and merely count the rest; None = write all.
        deadline: Monotonic time at which counting the rest may stop; None = never.
    """

    def __init__(
        self,
        sheet: str,
        write: Write,
        after_row: int = 0,
        head_rows: int | None = None,
        deadline: float | None = None,
    ) -> None:
        self.scan = Scan()
        self._after_row = after_row
        self._sheet = sheet
        self._write = write
        self._head_rows = head_rows
        self._deadline = deadline
        self._rows: list[bytes] = []
        self._first = self._last = 0
        self._width = 0
        self._bytes = 0
        self._columns: dict[bytes, int] = {}
        self._has_formulas = False

    def cut(self, blocks: Iterator[bytes]) -> Scan:
        """Return what the sheet holds, after writing its slices. Raises ``Irregular`` and ``FileError``."""
        rest = self._skip_to_rows(blocks)
        while rest is not None:
            done, _, tail = rest.partition(b"</sheetData")
            if b"<!" in done or b"<?" in done or (b"xmlns" in done and _OWN_NAMES.search(done)):
                raise Irregular
            self.scan.bytes_read += len(done)
            *rows, unfinished = done.split(b"</row>")
            if rows and not self._take_plain(rows, done.count(b"<row") - unfinished.count(b"<row")):
                for row in rows:
                    self._take(row)
            if tail:
                if b"<c" in unfinished:
                    raise Irregular
                break
            if self._deadline is not None and time.monotonic() > self._deadline:
                self.scan.is_complete = False
                return self._finished()
            if len(unfinished) > ROW_BYTES_MAX:
                raise Irregular
            block = next(blocks, None)
            if block is None:
                raise FileError("sheet_damaged", sheet=self._sheet, row=self.scan.last_row + 1)
            self.scan.bytes_read -= len(unfinished)
            rest = unfinished + block
        self._read_to_end((rest or b"").partition(b"</sheetData")[2], blocks)
        return self._finished()

    def _read_to_end(self, behind: bytes, blocks: Iterator[bytes]) -> None:
        """Read on behind the rows, to where the checksum of the part is compared; there must be no second rows."""
        for block in itertools.chain([b""], blocks):
            behind += block
            if b"sheetData" in behind:
                raise Irregular
            behind = behind[-len(b"sheetData") :]

    def _finished(self) -> Scan:
        if self._rows:
            self._flush()
        return self.scan

    def _skip_to_rows(self, blocks: Iterator[bytes]) -> bytes | None:
        head = b""
        for block in blocks:
            head += block
            if found := _SHEET.search(head):
                if b"<!" in head[: found.start()] or b"&" in head[: found.end()] or _PREFIXED.search(head):
                    raise Irregular
                if not found[0].endswith(b"/>"):
                    return head[found.end() :]
                self._read_to_end(head[found.end() :], blocks)
                return None
            if len(head) > ROW_BYTES_MAX:
                break
        raise Irregular

    def _take_plain(self, rows: list[bytes], row_count: int) -> bool:
        """Take many rows at once, if they are as most programs write them. ``_take`` one by one does the same."""
        numbers = list(map(int, _ROW_STARTS.findall(b"\n".join([row[:32] for row in rows]))))
        if len(numbers) != len(rows) or row_count != len(rows) or self._after_row or self._is_in_head():
            return False
        if any(not row.endswith(VALUE_ENDS) and not _has_value(row) for row in rows):
            return False
        # The letters of the last cell of each row, and up to two signs more: few different ones.
        lasts = {row[at + 6 : at + 9] for row in rows for at in (row.rfind(b'<c r="'),) if at >= 0}
        width = max((column_number(_LETTERS.match(last)[0]) for last in lasts), default=COLUMNS_MAX + 1)  # type: ignore[index]
        first, last = numbers[0], numbers[-1]
        rises = all(map(operator.lt, numbers, numbers[1:])) and self.scan.last_row < first and last <= ROW_MAX
        if not rises or width > COLUMNS_MAX or (last - first + 1) * width > CELLS_MAX or last - first >= ROWS_MAX:
            return False
        if self._head_rows is None:
            self._make_room(last, width)
            if not self._rows:
                self._first, self._width = first, width
            self._last = last
            self._rows += rows
            self._bytes += sum(map(len, rows))
        self.scan.row_count += len(rows)
        self.scan.last_row = last
        self.scan.last_column = max(self.scan.last_column, width)
        return True

    def _is_in_head(self) -> bool:
        return self._head_rows is not None and self.scan.row_count < self._head_rows

    def _make_room(self, row: int, width: int) -> None:
        """Begin a new slice if one that reached to ``row`` would be too large."""
        self._width = max(self._width, width)
        span = row - self._first + 1
        if self._rows and (span > ROWS_MAX or self._bytes > BYTES_MAX or span * self._width > CELLS_MAX):
            self._flush()

    def _take(self, row: bytes) -> None:
        value_at = max(row.rfind(b"<v"), row.rfind(b"<is"))
        if value_at < 0:
            value_at = row.rfind(b"<f")
            if value_at < 0:
                return
        start, number = self._row_start(row)
        if number <= self._after_row:
            return
        column = self._column(row, value_at, number)
        self._count(number, column)
        if self._head_rows is not None and self.scan.row_count > self._head_rows:
            return
        self._make_room(number, column)
        if not self._rows:
            self._first, self._width = number, column
        self._last = number
        self._rows.append(row[start:] if start else row)
        self._bytes += len(row)

    def _count(self, number: int, column: int) -> None:
        scan = self.scan
        if number <= scan.last_row:
            raise FileError("row_twice", sheet=self._sheet, row=number)
        if number > ROW_MAX:
            raise FileError("sheet_damaged", sheet=self._sheet, row=number)
        scan.row_count += 1
        scan.last_row = number
        scan.last_column = max(scan.last_column, column)

    def _row_start(self, row: bytes) -> tuple[int, int]:
        """Return where the row itself begins, after blank rows closed at once, and its number."""
        start, end = row.find(b"<row"), -1
        while start >= 0:
            if row[end + 1 : start].strip():
                raise Irregular
            end = row.find(b">", start)
            if row[end - 1 : end] != b"/":
                break
            start = row.find(b"<row", end)
        number = _ROW_NUMBER.search(row, start, end) if start >= 0 else None
        if number is None or b"<row" in row[end:]:
            raise Irregular
        return start, int(number[1])

    def _column(self, row: bytes, value_at: int, number: int) -> int:
        cell_at = row.rfind(b"<c ", 0, value_at)
        name_at = row.find(b' r="', cell_at, value_at) + 4
        if cell_at < 0 or name_at < 4:
            raise Irregular
        letters = row[name_at : row.find(b'"', name_at)].rstrip(b"0123456789")
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = column_number(letters)
            if column > COLUMNS_MAX:
                cell = f"{letters.decode('ascii', 'replace')[:8]}{number}"
                raise FileError("too_many_columns", sheet=self._sheet, cell=cell, limit=COLUMNS_MAX)
        return column

    def _flush(self) -> None:
        xml = b"</row>".join(self._rows) + b"</row>"
        errors = formulas = 0
        if b't="e"' in xml:
            xml, errors = _ERROR.subn(_as_marked_error, xml)
        # A formula that only refers to a shared one has no text; the shared one stands above it in the same sheet.
        self._has_formulas = self._has_formulas or b"</f>" in xml
        if self._has_formulas:
            xml, formulas = _UNCALCULATED.subn(_as_marked_formula, xml)
        self._write(xml, RowRange(self._first, self._last, len(self._rows), errors + formulas > 0))
        self._rows, self._bytes = [], 0


def _has_value(row: bytes) -> bool:
    return b"<v" in row or b"<is" in row or b"<f" in row


def column_number(letters: bytes) -> int:
    """Return the number of a column, A = 1; more than any sheet has if ``letters`` are none."""
    number = 0
    for letter in letters.upper():
        if not 65 <= letter <= 90 or len(letters) > 3:
            return COLUMNS_MAX + 1
        number = number * 26 + letter - 64
    return number or COLUMNS_MAX + 1


def _as_marked_error(cell: re.Match[bytes]) -> bytes:
    return b'<c%s t="str"%s><v>%s%s</v>' % (cell[1], cell[2], MARK.encode(), cell[3])


def _as_marked_formula(cell: re.Match[bytes]) -> bytes:
    return b'<c%s t="str"><v>%s=%s</v></c>' % (_TYPE.sub(b"", cell[1]), MARK.encode(), cell[2])
