"""Retention of scheduled backups: which of them stay, by their names alone. Pure functions.

Days, weeks and months are those that have a backup, not those before today. So a machine that was off keeps what it
had, and a clock that jumps removes nothing by itself.
"""

import re
from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from core.clock import BRAND_ZONE

RULES: tuple[tuple[int, Callable[[date], Hashable]], ...] = (
    (7, lambda day: day),
    (4, lambda day: day.isocalendar()[:2]),
    (12, lambda day: (day.year, day.month)),
)
"""How many, and the period that a day belongs to: the newest backup of each of the last 7 days, 4 weeks, 12 months."""
_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"qudao-([0-9]{8}T[0-9]{6}Z)\.qudao")


def file_name(at: datetime) -> str:
    """Return the name of the scheduled backup that is made at an instant: ``qudao-20261201T193000Z.qudao``."""
    return f"qudao-{at.astimezone(UTC):{_STAMP}}.qudao"


def instant_of(name: str) -> datetime | None:
    """Return when a scheduled backup was made, by its name; None for a file of another name."""
    found = _NAME.fullmatch(name)
    try:
        return None if found is None else datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:  # a 32nd of a month
        return None


def names_to_remove(names: Iterable[str], at: datetime, *, newest: str, zone: ZoneInfo = BRAND_ZONE) -> list[str]:
    """Return which files are not to be kept any longer, the oldest first.

    Args:
        names: Of the files of a folder. Those of other names and those made after ``at`` stay, and do not count.
        at: The clock.
        newest: Name of the backup that was just made; stays in any case.
        zone: Of the calendar.
    """
    made = {name: instant for name in names if (instant := instant_of(name)) is not None and instant <= at}
    old_to_new = sorted(made, key=lambda name: made[name])
    kept = {newest}
    for count, period_of in RULES:
        newest_of_period = {period_of(made[name].astimezone(zone).date()): name for name in old_to_new}
        kept |= set(sorted(newest_of_period.values(), key=lambda name: made[name])[-count:])
    return [name for name in old_to_new if name not in kept]
