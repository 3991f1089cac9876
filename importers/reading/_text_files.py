"""Delimited text: which encoding, which delimiter, and its records, streamed. Every cell is text; nothing is guessed.

Runs in the child process: nothing but the standard library may be imported here.
"""

import codecs
import csv
import io
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from importers.reading.errors import COLUMNS_MAX, FileError

SAMPLE_BYTES = 128 * 1024
BLOCK_BYTES = 1 << 20
BLOCK_ROWS = 10_000
BLOCK_CHARACTERS = 16_000_000
CELL_CHARACTERS_MAX = 1_000_000  # an Excel cell holds 32,767; far beyond it a quotation mark was never closed
DELIMITERS = (",", "\t", ";", "|", "，")
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FIELD_LENGTH_MAX = 4 * 1024 * 1024
"""Characters up to which a cell is measured and named; what is longer is a quotation mark that was never closed."""


class TextTable:
    """One delimited text file.

    Args:
        path: The file.
        name: What its owner calls it: the ending ``.prn`` promises columns of fixed width.

    Attributes:
        encoding, delimiter: What was found; None for a single column.
        bytes_read: How far ``blocks`` has come, to estimate what follows.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self.encoding = detect_encoding(path)
        self.bytes_read = 0
        self.delimiter: str | None = None
        with path.open("rb") as file, self._text_of(file) as text:
            sample = text.read(SAMPLE_BYTES)
        self._skipped = 0
        if sample[:4].lower() == "sep=" and sample[5:6] in ("\r", "\n"):  # Excel's own hint, no row of the table
            self.delimiter, self._skipped = sample[4], 1
        else:
            self.delimiter = detect_delimiter(sample)
        if self.delimiter is None and name.lower().endswith(".prn"):
            raise FileError("legacy_format", found="PRN")

    def blocks(self, deadline: float | None = None) -> Iterator[tuple[int, list[list[str]]]]:
        """Yield the number of the first record (from 1) and up to 10,000 records, blank ones included.

        Args:
            deadline: Monotonic time after which no further block is read; None = all are.

        Raises:
            FileError: ``quote`` for a quotation mark out of place, ``too_many_columns``, naming the row.
        """
        csv.field_size_limit(CELL_CHARACTERS_MAX)
        with self._path.open("rb") as file, self._text_of(file) as text:
            for _ in range(self._skipped):
                text.readline()
            number, rows, characters = 1, list[list[str]](), 0
            for row in self._records(text):
                if len(row) > COLUMNS_MAX:
                    raise FileError("too_many_columns", sheet="", row=number + len(rows), limit=COLUMNS_MAX)
                rows.append(row)
                characters += sum(map(len, row))
                if len(rows) >= BLOCK_ROWS or characters > BLOCK_CHARACTERS:
                    yield number, rows
                    number, rows, characters = number + len(rows), [], 0
                    self.bytes_read = file.tell()
                    if deadline is not None and time.monotonic() > deadline:
                        return
            if rows:
                yield number, rows
        self.bytes_read = self._path.stat().st_size

    def _records(self, text: io.TextIOWrapper) -> Iterator[list[str]]:
        number = 1
        csv.field_size_limit(FIELD_LENGTH_MAX)
        try:
            for row in csv.reader(text, delimiter=self.delimiter or "\x1f", strict=True):
                yield row
                number += 1
        except csv.Error as error:
            raise FileError("quote", row=number) from error

    def _text_of(self, file: BinaryIO) -> io.TextIOWrapper:
        return io.TextIOWrapper(file, encoding=self.encoding, errors="strict", newline="")


def detect_encoding(path: Path) -> str:
    """Return the encoding: byte order mark, strict UTF-8, UTF-16 by its zero bytes, strict GB18030, in this order.

    Raises:
        FileError: ``encoding`` if none fits, ``unknown_content`` if it is no text at all.
    """
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    for mark, encoding in MARKS:
        if head.startswith(mark):
            if not decodes(path, encoding):
                raise FileError("encoding")
            return encoding
    even, odd = head[0::2].count(0), head[1::2].count(0)
    zeros = even + odd
    if zeros * 20 >= len(head) and min(even, odd) * 20 <= zeros:
        encoding = "utf-16-le" if odd > even else "utf-16-be"
        if decodes(path, encoding):
            return encoding
    controls = sum(head.count(bytes([code])) for code in (*range(9), *range(14, 27), 28, 29, 30))
    if controls * 50 > len(head):
        raise FileError("unknown_content")
    for encoding in ("utf-8", "gb18030"):
        if decodes(path, encoding):
            return encoding
    raise FileError("encoding")


def decodes(path: Path, encoding: str) -> bool:
    """Return whether the whole file is valid in ``encoding``."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                decoder.decode(block)
        decoder.decode(b"", True)
    except UnicodeError:
        return False
    return True


def detect_delimiter(sample: str) -> str | None:
    """Return the delimiter that gives the most even table of two columns or more; None if there is none."""
    best: tuple[float, int, str | None] = (0.0, 0, None)
    for delimiter in DELIMITERS:
        widths = _widths(sample, delimiter)
        if not widths:
            continue
        usual = statistics.mode(widths)
        evenness = widths.count(usual) / len(widths)
        # Rows under the headings may be ragged; what counts is that most agree, then that they have many columns.
        if usual > 1 and (round(evenness, 1), usual) > best[:2]:
            best = (round(evenness, 1), usual, delimiter)
    if best[2] is None:
        first = sample.split("\n", 1)[0]
        return max((d for d in DELIMITERS[:4] if d in first), key=first.count, default=None)
    return best[2]


def _widths(sample: str, delimiter: str) -> list[int]:
    widths: list[int] = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            if row:
                widths.append(len(row))
            if len(widths) == 100:
                break
    except csv.Error:
        pass  # the sample ends where it ends
    # The last record of the sample may be cut short.
    return widths[:-1] if 1 < len(widths) < 100 and len(sample) >= SAMPLE_BYTES else widths
