"""Forgetting what nobody needs any more."""

from core.database import unit_of_work
from core.jobs import JobRun, job
from services.attempts import forget_old_attempts
from services.idempotency import forget_old_answers
from services.imports import forget_old_checks
from services.sessions import forget_old_sessions


@job("housekeeping.forget")
def forget(run: JobRun) -> None:
    """Drop sessions, counts of attempts and stored answers that have ended, and checks of imports nobody made.

    Safe to repeat.
    """
    with unit_of_work(run.actor) as session:
        forget_old_sessions(session)
        forget_old_attempts(session)
        forget_old_answers(session)
        forget_old_checks(session)
