"""Applications and changes of upstream that time moves on: nobody waits in silence."""

from core.database.sessions import reading, unit_of_work
from core.i18n import N_
from core.jobs.queueing import job
from core.jobs.worker import JobRun
from core.permissions import Permission
from services.applications.approval import overdue_numbers, pass_on
from services.partners.affiliation_requests import carry_on, requests_to_carry_on


@job(
    "applications.carry_on",
    label=N_("Passing on what was not answered in time"),
    needs=Permission.APPLICATION_DECIDE,
    acts_on_time=True,
    keep_days=30,
)
def carry_applications_on(run: JobRun) -> None:
    """Pass on what was not answered in time, move partners whose day has come. Safe to repeat."""
    with reading(run.actor) as session:
        applications, requests = overdue_numbers(session), requests_to_carry_on(session)
    for number in applications:
        with unit_of_work(run.actor) as session:
            pass_on(session, number)
    for number in requests:
        with unit_of_work(run.actor) as session:
            carry_on(session, number)
