"""Delivery of the outbox, see ``core.events.delivery``."""

from core.database.sessions import unit_of_work
from core.events.delivery import deliver_pending
from core.i18n import N_
from core.jobs.queueing import job
from core.jobs.worker import JobRun
from core.permissions import Permission
from resources import current

CHECKPOINT_EVENTS = 100


@job("outbox.deliver", label=N_("Delivering events"), needs=Permission.SYSTEM_OPERATE, keep_days=7)
def deliver(run: JobRun) -> None:
    """Hand pending events to their consumers. Safe to repeat; the next run tries again what a consumer refused."""

    def note(count: int) -> None:
        if count % CHECKPOINT_EVENTS == 0:
            with unit_of_work(run.actor) as session:
                run.checkpoint(session, {}, done_count=count)

    deliver_pending(run.actor, current, note)
