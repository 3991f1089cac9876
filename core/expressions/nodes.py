"""Expressions as data: what is compared, with what, and how conditions are combined.

Nodes are immutable and compared by what they mean; ``at`` is where a node began in the text it was read from, for
messages, and does not count. Text literals are codes of choices, keys of references, adcodes of regions or plain texts:
which of them is said by the field that they are compared with.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

TEXT_LENGTH_MAX = 4_000  # characters of an expression
NODES_MAX = 500  # conditions, combinations and calculations of one expression
VALUES_MAX = 1_000  # literals of one expression
DEPTH_MAX = 12  # levels from the outermost node to the innermost; the parser of SQLite has a small stack
HOPS_MAX = 3  # references that a field can be reached through
ROUNDINGS_MAX = 4  # products and quotients within each other: SQL states each of them twice
SHIFT_MAX = 5_000  # units of "ago" and "ahead" from today
MILLION = 1_000_000


class Comparison(StrEnum):
    """How two operands are compared."""

    IS = "="
    IS_NOT = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class Sign(StrEnum):
    """An operation of arithmetic."""

    PLUS = "+"
    MINUS = "-"
    TIMES = "*"
    OVER = "/"


class Unit(StrEnum):
    """A unit of the calendar."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


def _position() -> int:
    return field(default=-1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A field of the row, or through references one of a row above: ``("buyer", "tier")``."""

    names: tuple[str, ...]
    at: int = _position()

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Text:
    """A text literal."""

    value: str
    at: int = _position()


@dataclass(frozen=True, slots=True)
class Number:
    """A number literal in millionths: ``12.5`` is 12,500,000, ``13%`` is 130,000; yuan where money stands beside."""

    millionths: int
    is_percent: bool = False
    at: int = _position()


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the brand."""

    day: date
    at: int = _position()


@dataclass(frozen=True, slots=True)
class Moment:
    """A second, or a microsecond, that begins at ``start`` (UTC)."""

    start: datetime
    is_microsecond: bool = False
    at: int = _position()


@dataclass(frozen=True, slots=True)
class Period:
    """A whole unit of the calendar, by distance from the current one: yesterday is ``Period(Unit.DAY, -1)``.

    Of what is longer than a day there is the current one, the one before and the one after.
    """

    unit: Unit
    distance: int = 0
    at: int = _position()


@dataclass(frozen=True, slots=True)
class DayAway:
    """The day that lies some weeks, months or years from today."""

    unit: Unit
    distance: int
    at: int = _position()


Literal = Text | Number | Day | Moment | Period | DayAway


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A calculation with two operands."""

    left: "Operand"
    sign: Sign
    right: "Operand"
    at: int = _position()


@dataclass(frozen=True, slots=True)
class Negative:
    """An operand with its sign changed."""

    operand: "Operand"
    at: int = _position()


Operand = FieldPath | Literal | Arithmetic | Negative


@dataclass(frozen=True, slots=True)
class Compare:
    """Two operands compared; the left one is no literal."""

    left: Operand
    comparison: Comparison
    right: Operand
    at: int = _position()


@dataclass(frozen=True, slots=True)
class In:
    """An operand that is one of at least one literal."""

    operand: Operand
    values: tuple[Literal, ...]
    at: int = _position()


@dataclass(frozen=True, slots=True)
class Between:
    """An operand from ``least`` to ``most``, both included, a period to its last day."""

    operand: Operand
    least: Operand
    most: Operand
    at: int = _position()


@dataclass(frozen=True, slots=True)
class Contains:
    """A field in which ``part`` occurs, ASCII letters in either case; of a reference, in its key or title."""

    field: FieldPath
    part: str
    at: int = _position()


@dataclass(frozen=True, slots=True)
class StartsWith:
    """A field that begins with ``part``, as ``Contains``."""

    field: FieldPath
    part: str
    at: int = _position()


@dataclass(frozen=True, slots=True)
class IsEmpty:
    """An operand that has no value."""

    operand: Operand
    at: int = _position()


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts hold."""

    parts: tuple["Condition", ...]
    at: int = _position()


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the parts holds."""

    parts: tuple["Condition", ...]
    at: int = _position()


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; of a part that is unknown, because a value is empty, neither is known."""

    part: "Condition"
    at: int = _position()


Condition = And | Or | Not | Compare | In | Between | Contains | StartsWith | IsEmpty
Node = Condition | Operand

CONDITIONS = (And, Or, Not, Compare, In, Between, Contains, StartsWith, IsEmpty)
LITERALS = (Text, Number, Day, Moment, Period, DayAway)


def children_of(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly below a node."""
    match node:
        case And() | Or():
            return node.parts
        case Not():
            return (node.part,)
        case Compare() | Arithmetic():
            return (node.left, node.right)
        case In():
            return (node.operand, *node.values)
        case Between():
            return (node.operand, node.least, node.most)
        case Contains() | StartsWith():
            return (node.field,)
        case IsEmpty() | Negative():
            return (node.operand,)
    return ()
