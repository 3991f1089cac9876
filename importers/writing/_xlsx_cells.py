"""Worksheet cells as XML: a batch of rows becomes one text, column by column.

Rows are formatted by columns because one test can tell whether a whole column is plain: one type, nothing to
escape, nothing Excel would round. Then its cells are the values themselves between constant texts, and one ``join``
writes the batch. Only columns that are not plain are looked at cell by cell.

No cell is ever a formula: text is an inline string, whatever it begins with.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, repeat
from math import isfinite
from typing import cast

from core.kinds.kind import Style
from core.limits import CELL_LENGTH_MAX
from importers.writing.cell_values import (
    DAY_ZERO,
    EXACT_DIGITS_MAX,
    FIRST_DAY,
    Marked,
    SheetColumn,
    fixed_point_text,
    number_text,
    plain_text,
    refuse_unwritable,
    writable,
)

STYLES: tuple[Style, ...] = ("text", "integer", "money", "unit_price", "decimal", "date", "datetime")
HEADING_STYLE = 1  # number 0 is a cell without style
STYLE_NUMBERS = {style: number for number, style in enumerate(STYLES, start=2)}
BOLD_OFFSET = len(STYLES)  # from a style's number to the number of its bold twin
MARKED_STYLE = 2 + 2 * len(STYLES)

_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # Excel reads _x0041_ in a text as A
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_TEXT = ' t="inlineStr"><is><t>'
_EXACT_TEXT = ' t="inlineStr"><is><t xml:space="preserve">'
_TEXT_END = "</t></is></c>"
_NUMBER = "><v>"
_NUMBER_END = "</v></c>"


def rows_xml(
    columns: Sequence[SheetColumn], rows: Sequence[Sequence[object]], first_row: int, *, bold: bool = False
) -> str:
    """Return ``rows`` as XML, numbered from ``first_row``.

    Raises:
        InvalidInput: ``text.illegal_character``, ``text.too_long_for_cell``, with row and column.
    """
    if not rows:
        return ""
    numbers = [str(number) for number in range(first_row, first_row + len(rows))]
    parts: list[Iterable[str]] = [repeat('<row r="'), numbers]
    between = '">'
    for index, (column, stored) in enumerate(zip(columns, zip(*rows, strict=True), strict=True)):
        values = writable(column, stored)
        careful = _check_texts(column, values, numbers)
        style_number = STYLE_NUMBERS[column.style] + (BOLD_OFFSET if bold else 0)
        start = f'<c r="{column_letters(index)}'
        present = [value for value in values if value is not None and value != ""]
        uniform = _uniform_contents(column.style, present, careful)
        if uniform is None:
            parts += [repeat(between), _mixed_cells(start, column.style, style_number, values, numbers)]
            between = ""
            continue
        opening, contents, closing = uniform
        opening = f'" s="{style_number}"{opening}'
        if len(present) == len(values):
            parts += [repeat(between + start), numbers, repeat(opening), contents]
            between = closing
        else:
            parts += [repeat(between), _spaced_cells(start, opening, contents, closing, values, numbers)]
            between = ""
    parts.append(repeat(between + "</row>"))
    return "".join(chain.from_iterable(zip(*parts, strict=False)))  # constant texts repeat without end


def heading_xml(columns: Sequence[SheetColumn]) -> str:
    """Return the first row."""
    for column in columns:
        refuse_unwritable(column.heading, row="1", column=column.heading)
    cells = (
        f'<c r="{column_letters(index)}1" s="{HEADING_STYLE}"{_EXACT_TEXT}{text_xml(column.heading)}{_TEXT_END}'
        for index, column in enumerate(columns)
    )
    return f'<row r="1">{"".join(cells)}</row>'


def column_letters(index: int) -> str:
    """Return the letters of a column counted from 0: 0 is A, 25 is Z, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def text_xml(text: str) -> str:
    """Return ``text`` as XML content that every reader turns back into exactly ``text``."""
    return _LOOKS_ESCAPED.sub("_x005F_", text).translate(_ENTITIES)


def _check_texts(column: SheetColumn, values: Sequence[object], numbers: Sequence[str]) -> bool:
    """Return whether some text of a column needs escaping or its outer spaces kept; refuse what cannot be written."""
    texts = [value for value in values if isinstance(value, str)]
    if not texts:
        return False
    joined = "|".join(texts)
    if _is_plain(joined) and len(max(texts, key=len)) <= CELL_LENGTH_MAX // 2:
        return False
    for number, value in zip(numbers, values, strict=True):
        if isinstance(value, str):
            refuse_unwritable(value, row=number, column=column.heading)
    return True


def _is_plain(joined: str) -> bool:
    """Return whether texts joined by "|" are certain to need no escaping. May have false negatives."""
    return (
        joined.isprintable()
        and "&" not in joined
        and "<" not in joined
        and ">" not in joined
        and "_x" not in joined
        and " |" not in joined
        and "| " not in joined
        and joined[:1] != " "
        and joined[-1:] != " "
    )


def _uniform_contents(style: Style, values: Sequence[object], careful: bool) -> tuple[str, Iterable[str], str] | None:
    """Return how a cell opens, the content of each cell and how it closes; None if the cells are not all alike."""
    types = set(map(type, values))
    if types == {str}:
        if style != "text":
            return None
        texts = cast("Sequence[str]", values)
        return (_EXACT_TEXT, map(text_xml, texts), _TEXT_END) if careful else (_TEXT, texts, _TEXT_END)
    contents = _uniform_numbers(style, types, values)
    return None if contents is None else (_NUMBER, contents, _NUMBER_END)


def _uniform_numbers(style: Style, types: set[type], values: Sequence[object]) -> Iterable[str] | None:
    if types == {int} and style in {"integer", "money", "unit_price", "decimal"}:
        wholes = cast("Sequence[int]", values)
        if not -(10**EXACT_DIGITS_MAX) < min(wholes) <= max(wholes) < 10**EXACT_DIGITS_MAX:
            return None
        if style == "money":
            return [fixed_point_text(whole, 2) for whole in wholes] if min(wholes) < 0 else _cents_texts(wholes)
        return [fixed_point_text(whole, 4) for whole in wholes] if style == "unit_price" else map(str, wholes)
    if types == {float} and style == "decimal":
        floats = cast("Sequence[float]", values)
        return map(repr, floats) if all(map(isfinite, floats)) else None
    if types == {date} and style == "date":
        days = cast("Sequence[date]", values)
        return [str(day.toordinal() - DAY_ZERO) for day in days] if min(days) >= FIRST_DAY else None
    if types in ({datetime}, {Decimal}):
        # the rows of one import have one instant; equal decimals may be written differently
        known = {value: number_text(style, value) for value in set(values)} if types == {datetime} else {}
        texts = [known[value] if known else number_text(style, value) for value in values]
        return None if None in texts else cast("list[str]", texts)
    return None


def _cents_texts(values: Sequence[int]) -> list[str]:
    return [f"{cents // 100}.{cents % 100:02d}" for cents in values]


def _spaced_cells(
    start: str,
    opening: str,
    contents: Iterable[str],
    closing: str,
    values: Sequence[object],
    numbers: Sequence[str],
) -> list[str]:
    """Return cells that are all alike where there is a value, and nothing where there is none."""
    each = iter(contents)
    return [
        "" if value is None or value == "" else f"{start}{number}{opening}{next(each)}{closing}"
        for number, value in zip(numbers, values, strict=True)
    ]


def _mixed_cells(
    start: str, style: Style, style_number: int, values: Sequence[object], numbers: Sequence[str]
) -> list[str]:
    """Return cells one by one, for a column of several types or of values that Excel would not keep."""
    cells = []
    for number, value in zip(numbers, values, strict=True):
        shown = MARKED_STYLE if isinstance(value, Marked) else style_number
        if value is None or value == "":
            cells.append("")
        elif isinstance(value, bool):
            cells.append(f'{start}{number}" s="{shown}" t="b"><v>{value:d}</v></c>')
        elif (content := number_text(style, value)) is not None:
            cells.append(f'{start}{number}" s="{shown}"{_NUMBER}{content}{_NUMBER_END}')
        else:
            cells.append(f'{start}{number}" s="{shown}"{_EXACT_TEXT}{text_xml(plain_text(style, value))}{_TEXT_END}')
    return cells
