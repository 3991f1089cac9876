"""Path keys: the place of a partner in the channel tree, as text that sorts in tree order (materialized path).

A path is one fixed-width segment per ancestor, from the top down to the partner itself, so that "this partner and
everyone below" is one index range on both databases. Rows that belong to a partner carry a copy of its path.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_

from core.access import Actor
from core.database.sessions import EVERYONE, NOBODY

SEGMENT_WIDTH = 6
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
AFTER_EVERYTHING = "~"  # sorts after every digit, byte by byte


def segment(partner_id: int) -> str:
    """Return the segment of a partner: its id to base 36, ``SEGMENT_WIDTH`` digits.

    Raises:
        ValueError: The id needs more digits (36 ** 6 is over two thousand million).
    """
    digits, rest = "", partner_id
    while rest:
        rest, digit = divmod(rest, 36)
        digits = DIGITS[digit] + digits
    if len(digits) > SEGMENT_WIDTH or partner_id < 1:
        raise ValueError(f"no path segment for partner {partner_id}")
    return digits.rjust(SEGMENT_WIDTH, "0")


def ancestor_ids(path: str) -> list[int]:
    """Return the ids along a path, from the top down to the partner itself."""
    return [int(path[start : start + SEGMENT_WIDTH], 36) for start in range(0, len(path), SEGMENT_WIDTH)]


def depth(path: str) -> int:
    """Return the number of ancestors: 0 at the top."""
    return len(path) // SEGMENT_WIDTH - 1


def within(column: Any, path: str) -> ColumnElement[bool]:
    """Return the condition that ``column`` is ``path`` or below it."""
    return and_(column >= path, column < path + AFTER_EVERYTHING)


def visible_within(column: Any, actor: Actor) -> ColumnElement[bool]:
    """Return the row filter of tables with a path: brand staff see all rows, a partner its own branch, others none."""
    if actor.is_brand:
        return EVERYONE
    return within(column, actor.partner_path) if actor.partner_path else NOBODY
