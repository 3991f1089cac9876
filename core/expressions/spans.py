"""Days, moments and relative dates as the span of time that they cover, in the brand's zone and business day."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

from core.clock import BRAND_ZONE, today
from core.expressions.nodes import Day, DayAway, Literal, Moment, Period, Unit
from core.expressions.value_types import Family

Dated = Day | Moment | Period | DayAway
_MONTHS = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}


def days_of(literal: Day | Period | DayAway, day: date) -> tuple[date, date]:
    """Return the first day of a literal, and the first one after it.

    Raises:
        OverflowError, ValueError: The calendar ends before.
    """
    match literal:
        case Day():
            return _one(literal.day)
        case DayAway(unit=Unit.DAY | Unit.WEEK):
            return _one(day + timedelta(days=literal.distance * (7 if literal.unit is Unit.WEEK else 1)))
        case DayAway():
            return _one(_months_later(day, literal.distance * _MONTHS[literal.unit]))
        case Period(unit=Unit.DAY):
            return _one(day + timedelta(days=literal.distance))
        case Period(unit=Unit.WEEK):
            monday = day - timedelta(days=day.weekday()) + timedelta(weeks=literal.distance)
            return monday, monday + timedelta(weeks=1)
    length = _MONTHS[literal.unit]
    begun = date(day.year, (day.month - 1) // length * length + 1, 1)
    first = _months_later(begun, literal.distance * length)
    return first, _months_later(first, length)


def instants_of(literal: Dated, day: date) -> tuple[datetime, datetime]:
    """Return the first instant of a literal, and the first one after it; raises as ``days_of``."""
    if isinstance(literal, Moment):
        width = timedelta(microseconds=1) if literal.is_microsecond else timedelta(seconds=1)
        return literal.start, literal.start + width
    first, after = days_of(literal, day)
    return _midnight(first), _midnight(after)


def span_of(literal: Literal, family: Family) -> tuple[date, date]:
    """Return the first day, or of instants the first instant, of a literal, and the first one after it, as of now."""
    match literal:
        case Day() | Period() | DayAway() if family is Family.DAY:
            return days_of(literal, today())
        case Day() | Moment() | Period() | DayAway():
            return instants_of(literal, today())
    raise TypeError(f"{literal} is no time")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BRAND_ZONE).astimezone(UTC)


def _one(day: date) -> tuple[date, date]:
    return day, day + timedelta(days=1)


def _months_later(day: date, months: int) -> date:
    """Return the same day some months later, or the last one of a month that is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    if not 1 <= year <= 9999:
        raise OverflowError("outside the calendar")
    return date(year, month, min(day.day, monthrange(year, month)[1]))
