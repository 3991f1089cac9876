"""Blocks of rows and columns that the readers of all file formats share.

Runs in the child process: nothing but the standard library may be imported here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from typing import Any

from core.limits import CELL_LENGTH_MAX
from importers.reading.xlsx.slices import MARK

EXACT_MAX = 1e15  # whole numbers below arrive as int; above, a worksheet has lost digits
Plain = str | float | int | bool | None


class DateText(str):
    """A date or time of day as ISO text; a type of its own, so that texts that look alike stay texts."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class SheetName:
    """A sheet and whether people see it."""

    name: str
    hidden: bool


@dataclass(slots=True)
class RawBlock:
    """Rows as a reader delivers them.

    Attributes:
        first_row: Number of the first, as Excel counts.
        rows: Equally long or not.
        left: How many blank columns stand before the first one given.
        is_marked: Whether some texts begin with ``MARK``.
        errors: (row, column), both from 0 in the sheet, to the error that stands there.
    """

    first_row: int
    rows: Sequence[Sequence[object]]
    left: int = 0
    is_marked: bool = False
    errors: dict[tuple[int, int], str] = field(default_factory=dict)


@dataclass(slots=True)
class SheetOverview:
    """Size of a sheet (0 if it is blank), whether that was counted to the end, and its first rows."""

    last_row: int
    last_column: int
    is_counted: bool
    head: RawBlock | None


@dataclass(slots=True)
class ColumnBlock:
    """A block by columns; ``errors`` holds (row, column), from 0 in this block."""

    first_row: int
    columns: list[list[Plain]]
    errors: list[tuple[int, int]]

    @property
    def row_count(self) -> int:
        """Return how many rows the block has."""
        return len(self.columns[0]) if self.columns else 0

    def row(self, position: int) -> list[Plain]:
        """Return one row, counted from 0."""
        return [column[position] for column in self.columns]

    def after(self, row: int) -> "ColumnBlock":
        """Return the part of the block below sheet row ``row``."""
        cut = max(0, row + 1 - self.first_row)
        errors = [(i - cut, j) for i, j in self.errors if i >= cut]
        return ColumnBlock(self.first_row + cut, [column[cut:] for column in self.columns], errors)

    def trimmed(self, width: int) -> "ColumnBlock":
        """Return the block without blank rows at its end and blank columns beyond ``width``, but at least so wide."""
        columns = list(self.columns)
        count = self.row_count
        while len(columns) > width and not any(cell is not None for cell in columns[-1]):
            columns.pop()
        kept = count
        while kept and all(column[kept - 1] is None for column in columns):
            kept -= 1
        if kept < count:
            columns = [column[:kept] for column in columns]
        columns += [[None] * kept for _ in range(width - len(columns))]
        return ColumnBlock(self.first_row, columns, self.errors)


def block_by_columns(block: RawBlock) -> ColumnBlock:
    """Return the block by columns, every cell as plain text, number, truth value or None."""
    count = len(block.rows)
    columns: list[list[Plain]] = [[None] * count for _ in range(block.left)]
    columns += [plain_column(cells) for cells in zip_longest(*block.rows, fillvalue="")]
    errors: list[tuple[int, int]] = []
    if block.is_marked:
        errors = _unmark(columns)
    for (row, column), text in block.errors.items():
        position = row + 1 - block.first_row
        if 0 <= position < count:
            columns += [[None] * count for _ in range(column + 1 - len(columns))]
            columns[column][position] = text
            errors.append((position, column))
    return ColumnBlock(block.first_row, columns, errors)


def plain_column(cells: Sequence[Any]) -> list[Plain]:
    """Return cells as plain values: "" as None, whole numbers as int, dates and times as ``DateText``."""
    kinds = set(map(type, cells))
    if kinds == {str}:
        return [cell or None for cell in cells] if "" in cells else list(cells)
    if kinds == {float}:
        return [_number(cell) for cell in cells]
    texts = {cell: DateText(_WORDING[type(cell)](cell)) for cell in _distinct(cells, kinds)}
    return [_plain(cell, texts) for cell in cells]


def pack_columns(columns: list[list[Plain]]) -> tuple[list[list[Any]], list[int]]:
    """Return columns as marshal can carry them, each ``DateText`` as bytes, and the positions of those that have some.

    ``unpack_columns`` is the way back.
    """
    dated = [position for position, column in enumerate(columns) if DateText in set(map(type, column))]
    carried: list[list[Any]] = list(columns)
    for position in dated:
        carried[position] = [cell.encode() if isinstance(cell, DateText) else cell for cell in columns[position]]
    return carried, dated


def unpack_columns(columns: list[list[Any]], dated: Iterable[int], date_type: Callable[[str], Any]) -> None:
    """Make each date of packed columns a ``date_type``, in place."""
    for position in dated:
        column = columns[position]
        known = {cell: date_type(cell.decode()) for cell in set(column) if cell.__class__ is bytes}
        columns[position] = [known[cell] if cell.__class__ is bytes else cell for cell in column]


def long_cell(columns: Sequence[Sequence[Plain]]) -> tuple[int, int] | None:
    """Return (row, column), from 0, of a cell that is longer than ``CELL_LENGTH_MAX``; None if there is none."""
    for position, column in enumerate(columns):
        for row, cell in enumerate(column):
            if isinstance(cell, str) and len(cell) > CELL_LENGTH_MAX // 2 and utf16_units(cell) > CELL_LENGTH_MAX:
                return row, position
    return None


def utf16_units(text: str) -> int:
    """Return how long Excel takes a text to be."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _plain(cell: Any, texts: dict[object, DateText]) -> Plain:
    kind = cell.__class__
    if kind is str:
        return cell or None
    if kind is float:
        return _number(cell)
    return texts[cell] if kind in _WORDING else cell


def _distinct(cells: Iterable[object], kinds: set[type]) -> set[object]:
    return {cell for cell in cells if cell.__class__ in _WORDING} if kinds & _WORDING.keys() else set()


def _number(cell: float) -> float | int:
    return int(cell) if cell.is_integer() and -EXACT_MAX < cell < EXACT_MAX else cell


def _unmark(columns: list[list[Plain]]) -> list[tuple[int, int]]:
    errors = []
    for j, column in enumerate(columns):
        for i, cell in enumerate(column):
            if isinstance(cell, str) and cell.startswith(MARK):
                column[i] = cell[len(MARK) :]
                errors.append((i, j))
    return errors


def _instant_text(cell: datetime) -> str:
    """Return ISO text, without the time at midnight: worksheets do not tell a date from a midnight."""
    if not (cell.hour or cell.minute or cell.second or cell.microsecond):
        return cell.date().isoformat()
    return cell.isoformat(" ", "milliseconds" if cell.microsecond else "seconds")


def duration_text(cell: timedelta) -> str:
    """Return hours, minutes and seconds, e.g. "255:10:10"; hours may exceed a day."""
    seconds = abs(cell) // timedelta(seconds=1)
    sign = "-" if cell < timedelta(0) else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_WORDING: dict[type, Callable[..., str]] = {
    datetime: _instant_text,
    date: date.isoformat,
    time: lambda cell: cell.isoformat("milliseconds" if cell.microsecond else "seconds"),
    timedelta: duration_text,
}
