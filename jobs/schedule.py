"""Everything that recurs, in one table."""

from datetime import timedelta

from core.jobs.rows import QUICK_WEIGHT_MAX
from core.jobs.schedule import Recurring

SCHEDULE = (
    Recurring("housekeeping.forget", timedelta(days=1), weight=QUICK_WEIGHT_MAX + 1),
    Recurring("housekeeping.sweep", timedelta(hours=1), weight=QUICK_WEIGHT_MAX + 1),
    Recurring("applications.carry_on", timedelta(minutes=15)),
)
