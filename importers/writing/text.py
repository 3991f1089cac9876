"""Streaming writers of CSV and JSON lines.

A spreadsheet program takes a CSV text that begins with = + - or @ for a formula. Such texts get an apostrophe in
front; ``unguard`` takes exactly that apostrophe off again, so that an exported file imports as it was.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import BinaryIO

from core.clock import BRAND_ZONE
from core.kinds.kind import Style
from importers.writing.cell_values import SheetColumn, plain_text, refuse_illegal_character, writable

BATCH_ROWS = 2_000
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # without it Excel takes UTF-8 for the system's old encoding

# Tabs and line ends at the start, and spaces, are skipped by programs before they look for a formula. The full-width
# signs are read as the plain ones by East Asian editions. Apostrophes count, so that unguarding is unambiguous.
_DANGEROUS = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")


def guard(text: str) -> str:
    """Return ``text`` with an apostrophe in front if a spreadsheet program could take it for a formula."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def unguard(text: str) -> str:
    """Undo ``guard``: ``unguard(guard(text)) == text`` for every text."""
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text, 1) else text


def write_csv(target: BinaryIO, columns: Sequence[SheetColumn], rows: Iterable[Sequence[object]]) -> int:
    """Write ``rows`` below their headings as CSV (UTF-8 with mark, CRLF) and return how many there were.

    Texts are guarded and in quotes, which no separator of another country cuts in two; numbers, money and days are
    neither, and are written in full.

    Raises:
        InvalidInput: ``text.illegal_character``, with row and column.
    """
    row_count = 0
    for column in columns:
        refuse_illegal_character(column.heading, row="1", column=column.heading)
    headings = ",".join(_quoted(column.heading) for column in columns)
    target.write(BYTE_ORDER_MARK + f"{headings}\r\n".encode())
    for batch in _batches(rows):
        cells = [
            _csv_cells(column, writable(column, values), row_count + 2)
            for column, values in zip(columns, zip(*batch, strict=True), strict=True)
        ]
        if len(cells) == 1:  # a blank line is no row
            cells = [[cell or '""' for cell in cells[0]]]
        target.write("".join(f"{','.join(line)}\r\n" for line in zip(*cells, strict=True)).encode())
        row_count += len(batch)
    return row_count


def write_jsonl(target: BinaryIO, columns: Sequence[SheetColumn], rows: Iterable[Sequence[object]]) -> int:
    """Write each row as one JSON object on a line of its own and return how many there were.

    Members are named by ``columns``' headings. Money, unit prices and decimals are strings, so that no reader makes
    binary fractions of them; days are ISO 8601, instants ISO 8601 with zone. Every text is carried, even those no
    worksheet takes.
    """
    row_count = 0
    names = [column.heading for column in columns]
    members = [_json_member(column.style) for column in columns]
    for batch in _batches(rows):
        values = [
            [None if value is None else member(value) for value in values]
            for member, values in zip(members, zip(*batch, strict=True), strict=True)
        ]
        lines = (_json_line(dict(zip(names, row, strict=True))) for row in zip(*values, strict=True))
        target.write(b"".join(lines))
        row_count += len(batch)
    return row_count


def _batches(rows: Iterable[Sequence[object]]) -> Iterable[list[Sequence[object]]]:
    iterator = iter(rows)
    return iter(lambda: list(islice(iterator, BATCH_ROWS)), [])


def _csv_cells(column: SheetColumn, values: Sequence[object], first_row: int) -> list[str]:
    if not "".join(value for value in values if isinstance(value, str)).isprintable():
        for row, value in enumerate(values, start=first_row):
            if isinstance(value, str):
                refuse_illegal_character(value, row=str(row), column=column.heading)
    return [_csv_cell(column.style, value) for value in values]


def _csv_cell(style: Style, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _quoted(value)
    return plain_text(style, value)


def _quoted(text: str) -> str:
    escaped = guard(text).replace('"', '""')
    return f'"{escaped}"'


def _json_member(style: Style) -> Callable[[object], object]:
    """Return the function that converts a value that is not None to JSON."""

    def member(value: object) -> object:
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=BRAND_ZONE)).isoformat()
        if isinstance(value, Decimal | date) or (
            style in {"money", "unit_price"} and not isinstance(value, str | bool)
        ):
            return plain_text(style, value)
        return value

    return member


def _json_line(members: dict[str, object]) -> bytes:
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return f"{text}\n".encode()
    except UnicodeEncodeError:  # half a surrogate pair has no UTF-8, but JSON has an escape for it
        return json.dumps(members, separators=(",", ":")).encode() + b"\n"
