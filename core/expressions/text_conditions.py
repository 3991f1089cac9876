"""How texts are looked for, alike on both databases: ASCII letters in either case, all others as they are."""

import re
from typing import Any

from sqlalchemy import ColumnElement, and_, collate
from sqlalchemy.orm import Session

from core.database.sessions import is_sqlite
from core.kinds.standard import half_width

_ZEROS_OF_CODE = re.compile("(?:0000|00)$")


def contains(session: Session, column: Any, part: str) -> ColumnElement[bool]:
    """Return the condition that ``part`` occurs in a text column, ASCII letters in either case."""
    return _like(session, column, f"%{_escaped(part)}%")


def starts_with(session: Session, column: Any, part: str) -> ColumnElement[bool]:
    """Return the condition that a text column begins with ``part``, ASCII letters in either case."""
    return _like(session, column, f"{_escaped(part)}%")


def spellings(part: str) -> tuple[str, ...]:
    """Return a part as it was typed, and with full-width letters, digits and signs made plain."""
    return tuple(dict.fromkeys([part, half_width(part) or part]))


def region_codes(adcode: str) -> tuple[str, str]:
    """Return the first code of a region and of all regions in it, and what comes after the last: 31, 31~ of 310000."""
    stem = _ZEROS_OF_CODE.sub("", adcode)
    return (adcode, adcode) if stem == adcode else (stem, stem + "~")


def within_region(column: Any, adcode: str) -> ColumnElement[bool]:
    """Return the condition of a region or anything in it: 310000 is a province, 310100 a city."""
    first, after = region_codes(adcode)
    return column == adcode if first == after else and_(column >= first, column < after)


def _escaped(part: str) -> str:
    return part.replace("/", "//").replace("%", "/%").replace("_", "/_")


def _like(session: Session, column: Any, pattern: str) -> ColumnElement[bool]:
    if is_sqlite(session):
        return column.like(pattern, escape="/")  # type: ignore[no-any-return]
    return collate(column, "C").ilike(pattern, escape="/")
