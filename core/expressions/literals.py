"""Literals as the field beside them means them: a text becomes a day, a number or the code of a choice."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.clock import BRAND_ZONE
from core.errors import InvalidInput, Problem
from core.expressions._calculation import LIMIT
from core.expressions.nodes import MILLION, SHIFT_MAX, Day, DayAway, Literal, Moment, Number, Period, Text, Unit
from core.expressions.problems import refusal
from core.expressions.spans import span_of
from core.expressions.value_types import DATED, NUMERIC, TEXTUAL, Family, Type, at_scale, scale_of_literal
from core.i18n import N_
from core.kinds.kind import Kind, Refused, shown_value
from core.kinds.standard import DAY, refuse_early, refuse_illegal, scaled_text
from core.limits import FILTER_VALUE_LENGTH_MAX

_FRACTION = re.compile(r"\d{1,2}:\d{2}:\d{2}\.\d")
_NO_DATE = Problem("date.invalid", N_("is not a date: write it like 2026-11-22"))
_TOO_LONG = N_("A value may have at most {length} characters.")


def literal_of(literal: Literal, type_: Type) -> Literal:
    """Return a literal in the form in which it is compared with values of a type.

    Raises:
        InvalidInput: ``expressions.invalid_value``, ``expressions.other_kind``.
    """
    family = type_.family
    if family in TEXTUAL and isinstance(literal, Text):
        return _text(literal, type_)
    if family in DATED and isinstance(literal, Text):
        return _dated(dated_literal(literal.value, family, at=literal.at), family)
    if family in DATED and not isinstance(literal, Text | Number):
        return _dated(literal, family)
    if family in NUMERIC and isinstance(literal, Text) and type_.kind is not None:
        return replace(number_of(literal.value, type_.kind, type_.scale, at=literal.at), at=literal.at)
    if family in NUMERIC and isinstance(literal, Number):
        return _number(literal, type_)
    if family is Family.MEASURE and isinstance(literal, Text | Number) and type_.kind is not None:
        text = literal.value if isinstance(literal, Text) else scaled_text(literal.millionths, MILLION)
        _parsed(type_.kind, text, literal.at)
        return Text(text, literal.at)
    raise wrong_literal(literal, family)


def wrong_literal(literal: Literal, family: Family) -> InvalidInput:
    """Return the refusal of a literal beside a value of another family."""
    expected = {
        Family.DAY: N_("A day is expected here, such as 2026-11-22 or today."),
        Family.INSTANT: N_("A day or a time is expected here, such as 2026-11-22 or today."),
        Family.NUMBER: N_("A number is expected here, such as 12 or 13%."),
        Family.MONEY: N_("An amount in yuan is expected here, such as 1234.50."),
        Family.MEASURE: N_("A number is expected here, such as 12 or 13%."),
    }
    message = expected.get(family, N_("A text is expected here: put it in quotation marks."))
    return refusal("other_kind", message, literal.at)


def number_of(text: str, kind: Kind, scale: int, *, at: int = -1) -> Number:
    """Return the number that a stated text is to a kind, ``13`` of a share as 13 %."""
    return Number(int(_parsed(kind, text, at)) * (MILLION // scale))


def dated_literal(text: str, family: Family, *, at: int = -1) -> Day | Moment:
    """Return the day, or of instants the moment, that a stated text means.

    Raises:
        InvalidInput: ``expressions.invalid_value``.
    """
    try:
        return read_dated(legal_text(text, at), family, at=at)
    except Refused as refused:
        raise invalid(refused, text, at) from refused


def read_dated(text: str, family: Family, *, at: int = -1) -> Day | Moment:
    """Return what ``dated_literal`` does. Raises ``Refused``."""
    try:
        found: Day | Moment = Day(DAY.parse(text), at) if family is Family.DAY or "T" not in text else _moment(text, at)
        span_of(found, Family.INSTANT)
    except (OverflowError, ValueError):
        raise Refused(_NO_DATE.code, _NO_DATE.message) from None
    return found


def _moment(text: str, at: int) -> Moment:
    instant = datetime.fromisoformat(text)
    refuse_early(instant)
    start = (instant if instant.tzinfo else instant.replace(tzinfo=BRAND_ZONE)).astimezone(UTC)
    return Moment(start, _FRACTION.search(text) is not None, at)


def invalid(refused: Refused, text: str, at: int) -> InvalidInput:
    """Return the refusal of a value that its kind refuses."""
    return refusal(
        "invalid_value", N_("“{value}”: {problem}"), at, value=shown_value(text), problem=refused.problem.text
    )


def _text(literal: Text, type_: Type) -> Text:
    text, kind = legal_text(literal.value, literal.at), type_.kind
    if kind is None or type_.family is Family.REFERENCE or kind.names_rows:
        return literal  # keys are compared as they are read, and exactly: see ``keys_of``
    value = _parsed(kind, text, literal.at)
    return replace(literal, value=value if isinstance(value, str) else text)


def legal_text(text: str, at: int = -1) -> str:
    """Return a text that may be compared with.

    Raises:
        InvalidInput: ``expressions.invalid_value``.
    """
    if len(text) > FILTER_VALUE_LENGTH_MAX:
        raise refusal("invalid_value", _TOO_LONG, at, length=FILTER_VALUE_LENGTH_MAX)
    try:
        return refuse_illegal(text)
    except Refused as refused:
        raise invalid(refused, "", at) from refused


def keys_of(kind: Kind, text: str) -> list[str]:
    """Return the keys a text may mean: as keys are read, and exactly: older rows may have signs that are left out."""
    try:
        read = kind.parse(text)
    except Refused:
        read = None
    return [key for key in dict.fromkeys([read, text]) if key is not None]


def _dated(literal: Day | Moment | Period | DayAway, family: Family) -> Literal:
    if family is Family.DAY and isinstance(literal, Moment):
        raise wrong_literal(literal, family)
    if isinstance(literal, Moment) and literal.start.microsecond:
        literal = replace(literal, is_microsecond=True)
    if isinstance(literal, DayAway) and literal.unit is Unit.DAY:
        literal = Period(Unit.DAY, literal.distance, literal.at)
    if isinstance(literal, Period | DayAway) and not _is_near(literal):
        raise refusal(
            "invalid_value", N_("Periods are this, last and next, days up to {count} ago or ahead."), literal.at,
            count=SHIFT_MAX,
        )  # fmt: skip
    try:
        if isinstance(literal, Day | Moment):
            refuse_early(literal.day if isinstance(literal, Day) else literal.start.date())
        span_of(literal, family)
    except Refused as refused:
        raise invalid(refused, _shown(literal), literal.at) from refused
    except (OverflowError, ValueError):
        raise invalid(Refused(_NO_DATE.code, _NO_DATE.message), _shown(literal), literal.at) from None
    return literal


def _is_near(literal: Period | DayAway) -> bool:
    if isinstance(literal, Period) and literal.unit is not Unit.DAY:
        return abs(literal.distance) <= 1
    return literal.unit is not Unit.QUARTER and abs(literal.distance) <= SHIFT_MAX


def _shown(literal: Day | Moment | Period | DayAway) -> str:
    match literal:
        case Day():
            return literal.day.isoformat()
        case Moment():
            return literal.start.isoformat()
    return f"{literal.distance} {literal.unit.value}"


def _number(literal: Number, type_: Type) -> Number:
    """Return a number literal that can stand beside a number of a type.

    A field that holds shares refuses 13 for 13 %, and any field more decimals than it has.
    """
    kind = type_.kind
    require_magnitude(literal, type_.scale)
    if kind is None:
        return literal
    if kind.name == "rate" and not literal.is_percent and abs(literal.millionths) > MILLION:
        raise refusal("invalid_value", N_("A share is expected here: write 13% or 0.13."), literal.at)
    if at_scale(literal.millionths, type_.scale) * (MILLION // type_.scale) != literal.millionths:
        decimals = len(str(type_.scale)) - 1
        problem = Problem("number.decimals", N_("has more than {decimals} decimals"), {"decimals": decimals})
        value = scaled_text(literal.millionths, MILLION)
        raise refusal("invalid_value", N_("“{value}”: {problem}"), literal.at, value=value, problem=problem.text)
    return literal


def require_magnitude(literal: Number, scale: int = 1) -> None:
    """Go on only with a number that fits into 64 bits at a scale. Raises ``InvalidInput``."""
    if abs(at_scale(literal.millionths, max(scale, scale_of_literal(literal.millionths)))) >= LIMIT:
        raise refusal("invalid_value", N_("This number is too large."), literal.at)


def _parsed(kind: Kind, text: str, at: int) -> Any:
    try:
        return kind.parse(legal_text(text, at))
    except Refused as refused:
        raise invalid(refused, text, at) from refused
