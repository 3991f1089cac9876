"""The commands ``jobs …`` of the machine itself: for days on which the Jobs page cannot be reached."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.i18n import _
from core.jobs.rows import Job, JobStatus
from core.process.terminal import As, Json, exit_on_expected_error, print_outcome
from services.installation.maintenance import acting
from services.jobs.clock_confirmation import confirm_clock
from services.jobs.control import retry_job, stop_job

SHOWN_MAX = 100

jobs_app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Jobs.")


@jobs_app.command("list")
def list_jobs(
    status: Annotated[JobStatus | None, typer.Option(help="Only those in this state.")] = None,
    as_json: Json = False,
    as_: As = "",
) -> None:
    """List the newest jobs."""
    with exit_on_expected_error(as_json):
        with acting(as_) as session:
            query = select(Job).order_by(Job.id.desc()).limit(SHOWN_MAX)
            rows = session.scalars(query if status is None else query.where(Job.status == status.value)).all()
            found = [job_facts(row) for row in rows]
        lines = [f"{one['id']}  {one['status']}  {one['name']}  {one['owner']}  {one['error'] or ''}" for one in found]
        print_outcome(
            {"jobs": found}, as_json=as_json, sentence="" if as_json else "\n".join(lines) or _("No jobs here")
        )


@jobs_app.command("retry")
def retry_one(number: int, as_json: Json = False, as_: As = "") -> None:
    """Let a job that failed or was stopped go on, with the rights its owner has now."""
    _change(retry_job, number, as_json, as_)


@jobs_app.command("cancel")
def cancel_one(number: int, as_json: Json = False, as_: As = "") -> None:
    """Stop a job at its next checkpoint."""
    _change(stop_job, number, as_json, as_)


@jobs_app.command("confirm-clock")
def confirm_the_clock(as_json: Json = False, as_: As = "") -> None:
    """Say that the clock of this machine is right, so that jobs that act on dates run again."""
    with exit_on_expected_error(as_json):
        with acting(as_) as session:
            doubt = confirm_clock(session)
        facts = {
            "was_in_doubt": doubt is not None,
            "seen_at": doubt and doubt.seen_at.isoformat(),
            "doubted_at": doubt and doubt.doubted_at.isoformat(),
        }
        done = _("The clock counts as right; jobs that act on dates run again.")
        print_outcome(facts, as_json=as_json, sentence=done if doubt else _("The clock was not in doubt."))


def job_facts(row: Job) -> dict[str, Any]:
    """Return a job as the commands show it."""
    return {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "lane": row.lane,
        "owner": row.on_behalf.get("name", ""),
        "attempts": row.attempts,
        "done": row.done_count,
        "total": row.total_count,
        "created_at": row.created_at.isoformat(),
        "error": row.error,
        "reference": row.reference,
    }


def _change(change: Callable[[Session, int], Job], number: int, as_json: bool, as_: str) -> None:
    with exit_on_expected_error(as_json):
        with acting(as_) as session:
            facts = job_facts(change(session, number))
        print_outcome(
            facts, as_json=as_json, sentence=_("Job {number}: {status}", number=number, status=facts["status"])
        )


commands = typer.main.get_command(jobs_app)
