"""Reader of spreadsheets and delimited texts in a sandbox: hostile, damaged or odd files end in a clear message.

The type is detected by content, the file is parsed in a child process with limits, and rows arrive in chunks of
columns. Text stays exactly as it is ("007" stays "007"), whole numbers are ``int``, dates are ISO text, and a row lost
on the way refuses the file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from core.errors import InvalidInput
from core.kinds.kind import Cell, CellDate, CellError
from core.settings import settings
from importers.reading._process import ReaderProcess
from importers.reading.error_texts import TEXTS
from importers.reading.errors import FileError
from importers.reading.file_types import identify
from importers.reading.tables import unpack_columns

SHOWN_LENGTH_MAX = 200  # characters of a name in a sentence

WorkbookKind = Literal["xlsx", "xls", "xlsb", "ods", "csv"]


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """One sheet as an inspection describes it.

    Attributes:
        name: "" for a delimited text.
        row_count: Number of the last row that holds a value, as Excel counts; 0 if the sheet is blank.
        column_count: Number of the last column that holds a value.
        is_counted: Whether ``row_count`` was counted; otherwise it is an estimate for a very large sheet.
        hidden: Whether the sheet is hidden from people.
        header_row: Number of the row that looks like headings; 0 if the sheet is blank.
        headings: Its texts, "" where blank.
        samples: The first rows below, at most 5.
    """

    name: str
    row_count: int
    column_count: int
    is_counted: bool
    hidden: bool
    header_row: int
    headings: tuple[str, ...]
    samples: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Inspection:
    """Result of inspecting a file. ``encoding`` and ``delimiter`` are of delimited texts only."""

    kind: WorkbookKind
    encoding: str | None
    delimiter: str | None
    sheets: tuple[SheetInfo, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some consecutive rows, by columns.

    Attributes:
        first_row: Number of the first row, as Excel counts; position i is row ``first_row + i``.
        columns: Equally long; at least as many as there are headings, more where a row is longer than these. Blank
            rows between others are kept, so that numbers stay true.
        errors: (position, column) of each cell that is a ``CellError``: an error value such as #N/A, or a formula
            ("=A1*2") whose value no program has stored.
    """

    first_row: int
    columns: list[list[Cell]]
    errors: tuple[tuple[int, int], ...] = ()

    @property
    def row_count(self) -> int:
        """Return how many rows the chunk has."""
        return len(self.columns[0]) if self.columns else 0


@dataclass(frozen=True, slots=True)
class SheetReader:
    """A sheet being read; iterate once. ``headings`` are texts, "" where blank, none blank at the end."""

    sheet: str
    header_row: int
    headings: list[str]
    _chunks: Iterator[Chunk]

    def __iter__(self) -> Iterator[Chunk]:
        return self._chunks


def inspect_file(path: Path, name: str) -> Inspection:
    """Inspect a file, within ``inspect_s_max`` seconds whatever the file.

    Args:
        path: Where it lies.
        name: What its owner calls it; named in refusals.

    Raises:
        InvalidInput: ``imports.…``: one sentence naming file, place, reason and cure.
    """
    with _translated_errors(name):
        seconds_max = settings().inspect_s_max
        request = _request(path, name, "inspect") | {"count_s_max": seconds_max / 3}
        with ReaderProcess(request, seconds_max - 1) as process:
            _, kind, encoding, delimiter, sheets = next(process.frames())
            return Inspection(kind, encoding, delimiter, tuple(_sheet_info(sheet) for sheet in sheets))


@contextmanager
def read_sheet(
    path: Path, name: str, *, sheet: str | None = None, header_row: int | None = None
) -> Iterator[SheetReader]:
    """Open one sheet of a file and read the rows below its headings in chunks of up to 10,000.

    Args:
        path: Where the file lies.
        name: What its owner calls it; named in refusals.
        sheet: Name of the sheet; None = the first visible one that is not blank.
        header_row: Number of the row of headings, as Excel counts; None = guess it.

    Raises:
        InvalidInput: ``imports.…``, here or while iterating: one sentence naming file, place, reason and cure.
    """
    with _translated_errors(name):
        request = _request(path, name, "read") | {"sheet": sheet, "header_row": header_row}
        with ReaderProcess(request) as process:
            frames = process.frames()
            _, sheet_name, row, headings = next(frames)
            yield SheetReader(sheet_name, row, headings, _chunks(frames, name))


def _request(path: Path, name: str, task: str) -> dict[str, Any]:
    limits = settings()
    return {
        "task": task,
        "path": str(path.resolve()),
        "name": name,
        "kind": identify(path, limits.upload_bytes_max, limits.unpacked_bytes_max),
        "size": path.stat().st_size,
        "rows_max": limits.import_rows_max,
        "memory_bytes_max": limits.reader_memory_bytes_max,
    }


def _chunks(frames: Iterator[tuple[Any, ...]], name: str) -> Iterator[Chunk]:
    with _translated_errors(name):
        for _, first_row, columns, errors, dated in frames:
            unpack_columns(columns, dated, CellDate)
            for position, column in errors:
                columns[column][position] = CellError(columns[column][position])
            yield Chunk(first_row, columns, tuple(errors))


def _sheet_info(described: tuple[Any, ...]) -> SheetInfo:
    name, hidden, row_count, column_count, is_counted, header_row, headings, samples, errors = described
    for position, column in errors:
        samples[position][column] = CellError(samples[position][column])
    rows = tuple(tuple(cast(list[Cell], sample)) for sample in samples)
    return SheetInfo(name, row_count, column_count, is_counted, hidden, header_row, tuple(headings), rows)


@contextmanager
def _translated_errors(name: str) -> Iterator[None]:
    try:
        yield
    except FileError as refusal:
        key = refusal.code
        if refusal.values.get("sheet") == "" and f"{key}/text" in TEXTS:
            key = f"{key}/text"
        shown: dict[str, Any] = {"file": _printable(name)}
        for place, value in refusal.values.items():
            shown[place] = _printable(value) if isinstance(value, str) else value
        raise InvalidInput(f"imports.{refusal.code}", TEXTS[key], **shown) from refusal


def _printable(text: str) -> str:
    """Return a name out of a foreign file as a sentence may show it: short, and without signs that are not seen."""
    seen = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return seen if len(seen) <= SHOWN_LENGTH_MAX else seen[: SHOWN_LENGTH_MAX - 1] + "…"
