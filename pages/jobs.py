"""Background jobs: lists by status, stop, retry, progress."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from core.clock import now
from core.i18n import N_, _
from core.jobs.queueing import job_label
from core.jobs.rows import STATUS_LABELS, Job, JobStatus
from core.permissions import Permission
from pages.components.base.assets import add_style
from pages.components.base.buttons import button, text_link
from pages.components.base.elements import Tag
from pages.components.base.navigation import load_again
from pages.components.layout.content import chip, empty_state, page_header, panel
from pages.components.layout.progress import Progress, live_progress
from pages.components.layout.records import Cell, LineColumn, instant_text, line_table
from pages.components.layout.views import View, view_tabs
from pages.resources.value_texts import tone_named, who_text
from pages.shell.calls import call, page
from pages.shell.clock_notice import draw_clock_notice
from pages.shell.navigation import Place, staff_shell
from pages.shell.reading import read
from pages.web.identity import current_actor
from services.imports.batches import visible_imports
from services.jobs.control import may_retry, may_stop, retry_job, stop_job
from services.jobs.queries import find_job, job_counts, latest_jobs

SHOWN_MAX = 100
PLACES = (
    Place(
        name="jobs",
        label=N_("Jobs"),
        href="/jobs",
        icon="jobs",
        group="data",
        rank=2,
    ),
)
VIEWS: dict[str, tuple[str, tuple[JobStatus, ...]]] = {
    "": (N_("All"), tuple(JobStatus)),
    "running": (N_("Waiting and running"), (JobStatus.WAITING, JobStatus.RUNNING)),
    "failed": (N_("Failed"), (JobStatus.FAILED,)),
    "done": (N_("Done"), (JobStatus.DONE, JobStatus.CANCELLED)),
}


@dataclass(frozen=True, slots=True)
class _Found:
    """Jobs of a view.

    Attributes:
        counts: Of all jobs, by status.
        permitted: Numbers of those that the actor may stop or retry.
        imports: Numbers of the imports among them that the actor may open.
    """

    jobs: list[Job]
    counts: dict[str, int]
    permitted: set[int]
    imports: set[int]


def register_jobs() -> None:
    """Register ``/jobs``: users see the jobs they started; with the permission to see all, all of them."""

    @page("/jobs", title=N_("Jobs"))
    async def draw(view: str = "") -> None:
        await jobs_page(view if view in VIEWS else "")


async def jobs_page(view: str) -> None:
    """Draw the jobs of one view as the whole page."""
    async with staff_shell(_("Jobs"), current="jobs") as actor:
        found = await read(actor, _find, view)
        with page_header(_("Jobs"), _("{count} in all", count=f"{sum(found.counts.values()):,}")):
            button(_("Reload"), load_again, testid="action-reload")
        await draw_clock_notice(actor)
        failed = found.counts.get(JobStatus.FAILED, 0)
        tabs = [
            View(name, _(label), count=failed if name == "failed" and failed else None)
            for name, (label, _s) in VIEWS.items()
        ]
        view_tabs(tabs, current=view)
        if not found.jobs:
            with (
                panel(),
                empty_state(_("No jobs here"), _("What takes longer than a click, such as a large import, runs here.")),
            ):
                if actor.can(Permission.IMPORT_VIEW):
                    text_link(_("Go to the imports"), "/imports")
            return
        add_style("jobs.css")
        with panel(), Tag("div", css="qd-jobs"):
            line_table(
                _columns(),
                [_row(job, found) for job in found.jobs],
                caption=_("Jobs"),
                testid="jobs",
            )


def find_jobs(session: Session, view: str) -> tuple[list[Job], dict[str, int]]:
    """Return the last jobs of a view, and how many there are by status."""
    wanted = [status.value for status in VIEWS[view][1]]
    return latest_jobs(session, wanted, SHOWN_MAX), job_counts(session)


def _find(session: Session, view: str) -> _Found:
    jobs, counts = find_jobs(session, view)
    permitted = {job.id for job in jobs if (may_stop if _is_open(job) else may_retry)(session, job)}
    batch_ids = {int(job.arguments["batch_id"]) for job in jobs if job.arguments.get("batch_id")}
    return _Found(jobs, counts, permitted, visible_imports(session, batch_ids))


def job_name(job: Job) -> str:
    """Return what a job does, as people read it."""
    return _(job_label(job.name))


def _columns() -> list[LineColumn]:
    return [
        LineColumn("what", _("Job")),
        LineColumn("status", _("Status")),
        LineColumn("progress", _("Progress")),
        LineColumn("who", _("Asked for by")),
        LineColumn("at", _("Asked for at")),
        LineColumn("action", _("Action")),
    ]


def _row(job: Job, found: _Found) -> dict[str, str | Cell]:
    label, tone = STATUS_LABELS[JobStatus(job.status)]
    batch = job.arguments.get("batch_id")
    what = f"{job_name(job)} #{batch}" if batch else job_name(job)
    return {
        "what": Cell(
            what,
            href=f"/imports/{batch}" if batch in found.imports else "",
            note=_problem(job),
            tone="danger" if job.error else "",
        ),
        "status": Cell(draw=partial(chip, _(label), tone_named(tone) or "draft")),
        "progress": Cell(draw=partial(_follow, job.id)) if _is_open(job) else _counts(job),
        "who": who_text(str(job.on_behalf.get("name", ""))),
        "at": instant_text(job.created_at),
        "action": Cell(draw=draw) if job.id in found.permitted and (draw := _action(job)) else "",
    }


def _problem(job: Job) -> str:
    return " · ".join(filter(None, (job.error, job.reference)))


def _counts(job: Job) -> str:
    if not job.done_count:
        return ""
    return f"{job.done_count:,} / {job.total_count:,}" if job.total_count else f"{job.done_count:,}"


def _is_open(job: Job) -> bool:
    return job.status in {JobStatus.WAITING, JobStatus.RUNNING}


def _action(job: Job) -> Callable[[], Any] | None:
    if _is_open(job):
        if job.cancel_asked:
            return None  # the page reloads when the job has ended
        return lambda: button(_("Stop"), partial(call, stop_job, job.id), testid=f"action-cancel-{job.id}")
    if job.status in {JobStatus.FAILED, JobStatus.CANCELLED}:
        return lambda: button(_("Try again"), partial(_try_again, job.id), testid=f"action-retry-{job.id}")
    return None


async def _try_again(job_id: int) -> None:
    if await call(retry_job, job_id) is not None:
        load_again()


def _follow(job_id: int) -> None:
    async def where() -> Progress | None:
        job = await read(await current_actor(), find_job, job_id)
        return None if job is None else _progress(job)

    async def ended(_last: Progress) -> None:
        load_again()

    live_progress(where, on_done=ended)


def _progress(job: Job) -> Progress:
    label = _(STATUS_LABELS[JobStatus(job.status)][0])
    total = job.total_count or 0
    eta_s = None
    if job.status == JobStatus.RUNNING and job.started_at is not None and total and job.done_count:
        elapsed_s = (now() - job.started_at).total_seconds()
        eta_s = round(elapsed_s * (total - job.done_count) / job.done_count)
    return Progress(label, job.done_count, total, eta_s, "running" if _is_open(job) else "done")
