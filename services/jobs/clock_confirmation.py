"""Confirmation of the system clock, after it jumped and jobs that act on dates were stopped."""

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import actor_of
from core.events.log import EventDraft, record
from core.jobs.clock_guard import ClockDoubt, clock_doubt, trust_clock
from core.jobs.rows import Job, JobStatus
from core.permissions import Permission

FURTHEST_DUE = timedelta(hours=2)  # no job waits longer by itself; later ones were added while the clock was ahead


def confirm_clock(session: Session) -> ClockDoubt | None:
    """Confirm the current time, so that jobs that act on dates run again; return the doubt there was.

    Jobs that were added while the clock was ahead become due now.

    Raises:
        NotPermitted: ``access.denied``.
    """
    actor_of(session).require(Permission.SYSTEM_OPERATE)
    doubt = clock_doubt(session)
    if doubt is None:
        return None
    trust_clock(session)
    late = update(Job).where(Job.status == JobStatus.WAITING.value, Job.due_at > now() + FURTHEST_DUE)
    session.execute(late.values(due_at=now()), execution_options={"synchronize_session": False})
    stuck = update(Job).where(Job.status == JobStatus.RUNNING.value, Job.lease_until > now() + FURTHEST_DUE)
    session.execute(stuck.values(lease_until=now()), execution_options={"synchronize_session": False})
    facts = {"seen_at": doubt.seen_at.isoformat(), "doubted_at": doubt.doubted_at.isoformat()}
    record(session, "clock.confirmed", "clock", [EventDraft("clock", data=facts)])
    return doubt
