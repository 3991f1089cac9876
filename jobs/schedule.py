"""Everything that recurs, in one table."""

from datetime import timedelta

from core.events.delivery import has_pending
from core.jobs.recurring import Recurring
from jobs.backups import has_backup
from services.backups.status import MAKE, PROVE, WATCH

SCHEDULE = (
    Recurring("housekeeping.forget", at="02:00"),
    Recurring(MAKE, at="03:30"),
    Recurring(PROVE, at="05:00", weekday=6, is_needed=has_backup),
    Recurring(WATCH, at="09:00"),
    Recurring("housekeeping.sweep", every=timedelta(hours=1)),
    Recurring("applications.carry_on", every=timedelta(minutes=15)),
    Recurring("outbox.deliver", every=timedelta(seconds=30), is_needed=has_pending),
)
