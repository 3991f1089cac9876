"""Shared parts of the import wizard: the line of steps, navigation between them, and progress of jobs."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Concatenate, Literal, ParamSpec, TypeVar

from core.access import Actor
from core.clock import now
from core.errors import DomainError
from core.i18n import N_, _, ngettext
from core.jobs.rows import Job, JobStatus
from core.resource import Resource
from core.throttling.capacity import WORKBOOKS
from importers.runs.drafts import editor_of
from models.imports import STATUS_LABELS, ImportBatch, ImportStatus
from pages.components.base.buttons import link_button
from pages.components.base.design_tokens import Tone
from pages.components.base.elements import Tag
from pages.components.base.focus import focus_on
from pages.components.layout.content import Step, chip, page_header, panel, steps
from pages.components.layout.progress import Progress
from pages.shell.calls import permitted_actor, show_refusal
from pages.shell.navigation import staff_shell
from pages.web.heavy_work import caller_of, run_heavy

StepName = Literal["file", "sheet", "columns", "check", "done"]

T = TypeVar("T")
P = ParamSpec("P")

STEPS: dict[StepName, str] = {
    "file": N_("File"),
    "sheet": N_("Sheet"),
    "columns": N_("Match columns"),
    "check": N_("Check"),
    "done": N_("Finish"),
}
_TONES: Mapping[str, Tone] = {"progress": "running", "approved": "approved", "rejected": "rejected", "done": "done"}
WHOLE_WORDS = "word-break:keep-all"  # a narrow table scrolls; its headings are not set sign under sign


def step_path(resource: Resource, batch: ImportBatch, step: StepName) -> str:
    """Return the address of a step of an import."""
    return f"/{resource.name}/import/{batch.id}?step={step}"


def step_to_show(batch: ImportBatch, wanted: str) -> StepName:
    """Return the step to show: ``wanted`` if the import has come so far, else where it is."""
    if batch.status != ImportStatus.DRAFT:
        return "done"
    if not batch.header_row or wanted == "sheet":
        return "sheet"
    return "columns" if not batch.mapping or wanted == "columns" else "check"


@asynccontextmanager
async def import_frame(resource: Resource, current: StepName, batch: ImportBatch | None = None) -> AsyncIterator[Actor]:
    """Draw the frame of one step: the title, the file, and the line of steps; what is drawn inside is the step."""
    title = _("Import: {resource}", resource=_(resource.label))
    async with staff_shell(title, current=resource.name) as actor:
        crumbs = {_(resource.label): f"/{resource.name}"}
        with page_header(title, batch.file_name if batch else "", crumbs=crumbs) as heading:
            if batch and current != "done":
                link_button(_("Take another file"), f"/{resource.name}/import", testid="action-another")
        if batch:
            focus_on(heading)  # keyboard users continue here after the previous step, not in the navigation
        is_refused = batch is not None and batch.status == ImportStatus.REFUSED
        steps(_way(current, is_refused=is_refused), label=_("Steps of the import"))
        yield actor


async def attempt(
    resource: Resource, function: Callable[Concatenate[Actor, P], T], *args: P.args, **kwargs: P.kwargs
) -> T | None:
    """Run ``function(actor, …)`` off the event loop as the user of the current event, if they may edit the resource.

    For what must not hold a transaction while it reads a file. An expected error is shown; the answer is then None.
    """
    actor = await permitted_actor(editor_of(resource))
    if actor is None:
        return None
    try:
        return await run_heavy(WORKBOOKS, caller_of(actor), lambda: function(actor, *args, **kwargs))
    except DomainError as error:
        show_refusal(error)
        return None


def job_progress(job: Job, words: str, total: int = 0) -> Progress:
    """Return the progress of a job of an import, with its speed since it was last begun.

    Args:
        job: As it stands; its checkpoints tell "since" when and from which count on this attempt runs.
        words: What it does, to be said while it runs.
        total: How many rows there are, as long as the job has not said so.
    """
    total = job.total_count or total
    if job.status == JobStatus.WAITING:
        return Progress(_("Waiting for its turn"), job.done_count, total)
    if job.finished_at is not None:
        return Progress(_("Done"), total, total, state="done")
    since, since_count = job.state.get("since"), int(job.state.get("since_count", 0))
    if not since or job.done_count <= since_count:
        return Progress(words, job.done_count, total)
    seconds = max((now() - datetime.fromisoformat(since)).total_seconds(), 0.001)
    rate = (job.done_count - since_count) / seconds
    label = ngettext("{words}, {count} row a second", "{words}, {count} rows a second", round(rate), words=words)
    return Progress(label, job.done_count, total, round(max(total - job.done_count, 0) / rate))


def draw_import_status(batch: ImportBatch) -> Tag:
    """Draw the status of an import."""
    label, tone = STATUS_LABELS[ImportStatus(batch.status)]
    return chip(_(label), _TONES.get(tone, "draft"))


def draw_fact_panel(title: str, facts: Mapping[str, str]) -> None:
    """Draw a panel of short sentences, each under a small heading."""
    with panel(title), Tag("dl", css="qd-stack"):
        for heading, words in facts.items():
            with Tag("div"):
                Tag("dt", heading).style("font-weight:500")
                Tag("dd", words).style("color:var(--text-2);overflow-wrap:anywhere")


def _way(current: StepName, *, is_refused: bool) -> list[Step]:
    names = list(STEPS)
    at = names.index(current)
    way = []
    for index, name in enumerate(names):
        state: Literal["done", "current", "failed", "open"] = "done" if index < at else "open"
        if index == at:
            state = "failed" if is_refused else "current"
        way.append(Step(_(STEPS[name]), state=state))
    return way
