"""Values in files: columns, exact numbers or texts, and texts that no cell can hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isfinite

from core.clock import BRAND_ZONE
from core.errors import InvalidInput
from core.i18n import N_
from core.kinds.kind import Style
from core.kinds.standard import XML_CHARACTERS
from core.limits import CELL_LENGTH_MAX
from importers.reading.tables import utf16_units

EXACT_DIGITS_MAX = 15  # an Excel number keeps 15 digits
FIRST_DAY = date(1900, 3, 1)  # Excel counts a 29 February 1900 that never was, so earlier days have no safe number
DAY_ZERO = date(1899, 12, 30).toordinal()
DAY_MICROSECONDS = 86_400_000_000

_ILLEGAL = re.compile(f"[^{XML_CHARACTERS}]")


class Marked(str):
    """A text whose cell is coloured red."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a written file.

    Attributes:
        heading: What stands in the first row; the name of the member in a JSON file.
        style: How its values are typed and shown. Money is whole cents, unit prices are whole at 4 decimals.
        width: In characters of the usual size.
        replaces: Whether a character that no worksheet carries is written as U+FFFD, not refused: for texts that
            nobody can correct, of files that are not imported again.
    """

    heading: str
    style: Style = "text"
    width: int = 16
    replaces: bool = False


def number_text(style: Style, value: object) -> str | None:
    """Return what a number cell of ``style`` holds for ``value``; None if only a text cell keeps it exactly."""
    if isinstance(value, str) or style == "text":
        return None
    if isinstance(value, date):
        return _day_number(style, value)
    if isinstance(value, float) and style not in {"money", "unit_price"}:
        return repr(value) if isfinite(value) else None
    text = plain_text(style, value)
    digits = (text.rstrip("0") if "." in text else text).replace(".", "").lstrip("-0")
    return text if len(digits) <= EXACT_DIGITS_MAX and (digits.isdecimal() or not digits) else None


def _day_number(style: Style, value: date) -> str | None:
    if style not in {"date", "datetime"}:
        return None
    local = in_brand_zone(value) if isinstance(value, datetime) else value
    day = local.toordinal() - DAY_ZERO
    if day < FIRST_DAY.toordinal() - DAY_ZERO:
        return None
    if not isinstance(local, datetime):
        return str(day)
    seconds = (local.hour * 60 + local.minute) * 60 + local.second
    return repr(day + (seconds * 1_000_000 + local.microsecond) / DAY_MICROSECONDS)


def plain_text(style: Style, value: object) -> str:
    """Return ``value`` as text that needs no style: money "12.30", unit prices "0.1250", days and instants ISO,
    to the second.

    Raises:
        TypeError: Money that is not whole cents, or a value of a type that no file carries.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if style in {"money", "unit_price"}:
        if not isinstance(value, int):
            raise TypeError(f"{style} must be a whole number of its smallest unit, not {value!r}")
        return fixed_point_text(value, 2 if style == "money" else 4)
    if isinstance(value, datetime):
        return in_brand_zone(value).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int | float):
        return str(value)
    raise TypeError(f"no file carries a value of type {type(value).__name__}")


def fixed_point_text(value: int, decimals: int) -> str:
    """Return a whole number of the smallest unit as decimal text: 1230 at 2 decimals is "12.30"."""
    whole, rest = divmod(abs(value), 10**decimals)
    return f"{'-' if value < 0 else ''}{whole}.{rest:0{decimals}d}"


def in_brand_zone(value: datetime) -> datetime:
    """Return the wall clock of the brand at ``value``, without zone; a value without zone is one already."""
    return value if value.tzinfo is None else value.astimezone(BRAND_ZONE).replace(tzinfo=None)


def refuse_unwritable(text: str, *, row: str, column: str) -> None:
    """Refuse a text that no worksheet cell can hold.

    Raises:
        InvalidInput: ``text.illegal_character`` or ``text.too_long_for_cell``.
    """
    refuse_illegal_character(text, row=row, column=column)
    if len(text) > CELL_LENGTH_MAX // 2 and utf16_units(text) > CELL_LENGTH_MAX:
        raise InvalidInput(
            "text.too_long_for_cell",
            N_(
                "Row {row}, column “{column}” holds {length} characters, and a worksheet cell takes 32,767. "
                "Shorten the text, or export as CSV."
            ),
            row=row,
            column=legible(column),
            length=f"{len(text):,}",
        )


def refuse_illegal_character(text: str, *, row: str, column: str) -> None:
    """Refuse a text that XML cannot carry.

    Raises:
        InvalidInput: ``text.illegal_character``.
    """
    illegal = _ILLEGAL.search(text)
    if illegal:
        raise InvalidInput(
            "text.illegal_character",
            N_(
                "Row {row}, column “{column}” holds the character U+{number}, which no worksheet can carry. "
                "Remove it from the record and export again."
            ),
            row=row,
            column=legible(column),
            number=f"{ord(illegal[0]):04X}",
        )


def legible(text: str) -> str:
    """Return ``text`` as a worksheet cell can show it: what cannot be written becomes U+FFFD, the rest is cut off."""
    return replace_illegal(text)[: CELL_LENGTH_MAX // 2]


def replace_illegal(text: str) -> str:
    """Return ``text`` with U+FFFD for each character that XML cannot carry."""
    return _ILLEGAL.sub("\ufffd", text)


def writable(column: SheetColumn, values: Sequence[object]) -> Sequence[object]:
    """Return the values of a column as a file can carry them, see ``SheetColumn.replaces``."""
    if not column.replaces or not _ILLEGAL.search("".join(value for value in values if isinstance(value, str))):
        return values
    return [replace_illegal(value) if isinstance(value, str) else value for value in values]
