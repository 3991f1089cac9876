"""When work recurs: at fixed intervals, or on days of the calendar at a time of the brand's day. Pure functions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core.clock import BRAND_ZONE

DAYS_BACK_MAX = 40
"""Days within which every calendar rule has an occurrence; the longest month and what a change of offset may shift."""


@dataclass(frozen=True, slots=True)
class Recurring:
    """A job that recurs, one run for each occurrence, by whichever worker is free.

    Attributes:
        name: Of the job.
        every: Interval, counted from 1970-01-01 00:00 UTC; None for a rule of the calendar.
        at: "HH:MM" of the brand's day. A time that clocks skip comes as much later; one that they show twice counts
            once, the first time.
        weekday: Only on this day of the week, Monday is 0. day: only on this day of the month, 1 to 31; a month
            that is shorter has it on its last day, so 31 is the end of every month.
        is_needed: Whether there is work now; an occurrence without work is skipped. None: there always is.

    Raises:
        ValueError: It states neither or both of ``every`` and ``at``, or a day that does not exist.
    """

    name: str
    every: timedelta | None = None
    at: str = ""
    weekday: int | None = None
    day: int | None = None
    is_needed: Callable[[Session], bool] | None = None

    def __post_init__(self) -> None:
        """Refuse what no rule can mean."""
        if (self.every is None) == (not self.at) or (self.every is not None and self.every <= timedelta(0)):
            raise ValueError(f"{self.name} states one of an interval and a time of the day")
        if self.weekday is not None and self.day is not None:
            raise ValueError(f"{self.name} states one of a day of the week and a day of the month")
        if not self.at and (self.weekday, self.day) != (None, None):
            raise ValueError(f"{self.name} states a day without a time")
        if self.at:
            time.fromisoformat(self.at)
        if self.weekday not in {None, *range(7)} or self.day not in {None, *range(1, 32)}:
            raise ValueError(f"{self.name} states a day that does not exist")

    def last_occurrence(self, instant: datetime, zone: ZoneInfo = BRAND_ZONE) -> tuple[datetime, str]:
        """Return the last occurrence at or before ``instant``: when, in UTC, and a text that names no other.

        Args:
            instant: With zone.
            zone: Of the calendar; intervals have none.
        """
        if self.every is not None:
            number = int(instant.timestamp() // self.every.total_seconds())
            return datetime.fromtimestamp(0, UTC) + number * self.every, f"{self.name}@{number}"
        at = time.fromisoformat(self.at)
        for day in _days_back(instant.astimezone(zone).date()):
            begins_at = datetime.combine(day, at, zone).astimezone(UTC)
            if begins_at <= instant and self._is_on(day):
                return begins_at, f"{self.name}@{day}T{self.at}"
        raise AssertionError(f"{self.name} has no occurrence in {DAYS_BACK_MAX} days")

    def _is_on(self, day: date) -> bool:
        if self.weekday is not None:
            return day.weekday() == self.weekday
        is_last = (day + timedelta(days=1)).day == 1
        return self.day is None or day.day == self.day or (is_last and day.day < self.day)


def _days_back(today: date) -> Iterator[date]:
    """Yield the days back from the next one: where clocks go back over midnight, its occurrence may have been."""
    return (today - timedelta(days=back) for back in range(-1, DAYS_BACK_MAX))
