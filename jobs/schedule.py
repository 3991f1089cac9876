"""Everything that recurs, in one table."""

from datetime import timedelta

from core.jobs import Recurring

SCHEDULE = (
    Recurring("housekeeping.forget", timedelta(days=1)),
    Recurring("applications.carry_on", timedelta(minutes=15)),
)
