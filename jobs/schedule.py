"""Everything that recurs, in one table."""

from datetime import timedelta

from core.events.delivery import has_pending
from core.jobs.recurring import Recurring

SCHEDULE = (
    Recurring("housekeeping.forget", at="02:00"),
    Recurring("housekeeping.sweep", every=timedelta(hours=1)),
    Recurring("applications.carry_on", every=timedelta(minutes=15)),
    Recurring("outbox.deliver", every=timedelta(seconds=30), is_needed=has_pending),
)
