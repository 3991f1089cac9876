"""Types of operands: what a value is, which follows from the kind of its field, and how numbers are scaled.

Numbers and money are whole numbers at a scale: a quantity at 1, cents at 100 to the yuan, a unit price at 10,000, a
share at 1,000,000. Money and plain numbers are never added or compared with each other.
"""

from dataclasses import dataclass
from enum import StrEnum

from core.expressions.nodes import MILLION
from core.kinds.kind import Kind, Reference
from core.kinds.standard import PPM, UNIT_PRICE_SCALE


class Family(StrEnum):
    """What kind of thing a value is."""

    TEXT = "text"
    CHOICE = "choice"
    REFERENCE = "reference"
    REGION = "region"
    TAGS = "tags"
    NUMBER = "number"
    MONEY = "money"
    MEASURE = "measure"  # a float: a degree of latitude, an accuracy
    DAY = "day"
    INSTANT = "instant"


NUMERIC = frozenset({Family.NUMBER, Family.MONEY})
ORDERED = NUMERIC | {Family.MEASURE, Family.DAY, Family.INSTANT}
TEXTUAL = frozenset({Family.TEXT, Family.CHOICE, Family.REFERENCE, Family.REGION, Family.TAGS})
SEARCHED = frozenset({Family.TEXT, Family.REFERENCE, Family.REGION, Family.TAGS})
"""Families in which a part can be looked for."""
DATED = frozenset({Family.DAY, Family.INSTANT})


@dataclass(frozen=True, slots=True)
class Type:
    """The type of an operand.

    Attributes:
        scale: How many of its whole numbers make one; 1 for what is no number.
        kind: Of the field, if the operand is one.
        is_literal: Whether it is a plain number that also may mean yuan.
        roundings: How many products and quotients stand within each other.
    """

    family: Family
    scale: int = 1
    kind: Kind | None = None
    is_literal: bool = False
    roundings: int = 0

    @property
    def reference(self) -> Reference | None:
        """Return what a reference leads to."""
        return None if self.kind is None else self.kind.reference


def type_of_kind(kind: Kind) -> Type:
    """Return the type of the values of a kind."""
    if kind.reference is not None:
        return Type(Family.REFERENCE, kind=kind)
    if kind.choices:
        return Type(Family.CHOICE, kind=kind)
    if kind.name in {"region", "tags"}:
        return Type(Family(kind.name), kind=kind)
    match kind.style:
        case "integer":
            return Type(Family.NUMBER, 1, kind)
        case "money":
            return Type(Family.MONEY, 100, kind)
        case "unit_price":
            return Type(Family.MONEY, UNIT_PRICE_SCALE, kind)
        case "decimal":
            return Type(Family.NUMBER, PPM, kind) if kind.name == "rate" else Type(Family.MEASURE, kind=kind)
        case "date":
            return Type(Family.DAY, kind=kind)
        case "datetime":
            return Type(Family.INSTANT, kind=kind)
    return Type(Family.TEXT, kind=kind)


def scale_of_literal(millionths: int) -> int:
    """Return the smallest scale at which a number literal is whole."""
    return next(scale for scale in (1, 100, UNIT_PRICE_SCALE, MILLION) if millionths % (MILLION // scale) == 0)


def at_scale(millionths: int, scale: int) -> int:
    """Return a number literal at a scale at which it is whole."""
    return millionths * scale // MILLION
