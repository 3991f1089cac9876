"""Last step of an import: its progress, then its counts. Leaving the page does not stop it."""

from functools import partial

from core.errors import DomainError
from core.i18n import _, ngettext
from core.jobs.rows import Job, JobStatus
from core.resource import Resource
from importers.runs.drafts import editor_of
from models.imports import ALL_OR_NOTHING, ImportBatch, ImportStatus
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.base.navigation import load_again
from pages.components.forms.dialogs import confirm
from pages.components.layout.content import NoticeTone, notice, panel, paragraph, row, stat_tile, tiles
from pages.components.layout.progress import Progress, live_progress
from pages.imports._check import job_of
from pages.imports._problems import draw_problems
from pages.imports._wizard import job_progress
from pages.shell.calls import call, show_refusal
from services.imports.batches import continue_import, stop_import

POLL_S = 0.5


async def draw_done(resource: Resource, batch: ImportBatch) -> None:
    """Draw the progress of an import, or its result."""
    job = await job_of(batch)
    if batch.status == ImportStatus.RUNNING and not (job and job.finished_at):
        _draw_running(resource, batch)
        return
    _draw_outcome(batch, job)
    if batch.row_count:
        _draw_counts(resource, batch)
    with row():
        if batch.status in {ImportStatus.CANCELLED, ImportStatus.RUNNING}:
            button(_("Go on"), partial(_go_on, resource, batch), look="primary", testid="action-continue")
        link_button(_("Open the list"), f"/{resource.name}", testid="action-list")
        link_button(_("Import another file"), f"/{resource.name}/import", testid="action-another")
    if batch.refused_count:
        with panel(_("What was not imported")):
            await draw_problems(resource, batch)


def _draw_running(resource: Resource, batch: ImportBatch) -> None:
    with panel(_("Importing")):
        live_progress(partial(_look, batch), every_s=POLL_S, on_done=_reload)
        paragraph(_("You may leave this page: the import goes on."))
        with row():
            if batch.mode != ALL_OR_NOTHING:  # all or nothing cannot be stopped half-way
                with row() as place:
                    button(_("Stop"), partial(_stop, resource, batch, place), look="danger", testid="action-stop")
            link_button(_("Open the list"), f"/{resource.name}", testid="action-list")


async def _look(batch: ImportBatch) -> Progress | None:
    try:
        job = await job_of(batch)
    except DomainError as error:
        show_refusal(error)
        return None
    if job is None:
        return Progress(_("Done"), 1, 1, state="done")
    return job_progress(job, _("Importing"), int((batch.checked or {}).get("rows", 0)))


async def _reload(_progress: Progress) -> None:
    load_again()


async def _stop(resource: Resource, batch: ImportBatch, place: Tag) -> None:
    """Stop the import; the page reloads once it has ended, as for every viewer."""
    sentence = _("The rows imported so far stay. You can go on with the others later.")
    if await confirm(_("Stop this import?"), sentence, yes=_("Stop"), danger=True) is None:
        return
    if await call(stop_import, editor_of(resource), batch.id) is not None:
        place.visible = False


async def _go_on(resource: Resource, batch: ImportBatch) -> None:
    if await call(continue_import, editor_of(resource), batch.id) is not None:
        load_again()


def _draw_outcome(batch: ImportBatch, job: Job | None) -> None:
    done_count = batch.created_count + batch.updated_count
    tone: NoticeTone = "ok"
    if job is not None and job.status == JobStatus.FAILED:  # the import is stopped then, too
        tone, sentence = "danger", job.error or _("The import could not go on.")
    elif batch.status == ImportStatus.CANCELLED:
        tone = "warning"
        sentence = ngettext(
            "Stopped. {count} row was imported; the others were not.",
            "Stopped. {count} rows were imported; the others were not.",
            done_count,
        )
    elif batch.status == ImportStatus.REFUSED:
        tone, sentence = "danger", _("Nothing was imported.")
    elif batch.refused_count:
        sentence = ngettext(
            "{count} row was imported; wrong and left out: {refused}.",
            "{count} rows were imported; wrong and left out: {refused}.",
            done_count,
            refused=f"{batch.refused_count:,}",
        )
        tone = "warning"
    elif done_count:
        sentence = ngettext("Done: {count} row was imported.", "Done: {count} rows were imported.", done_count)
    else:
        sentence = _("Done: every row was the same already, nothing had to be written.")
    notice(sentence, tone, testid="import-outcome")


def _draw_counts(resource: Resource, batch: ImportBatch) -> None:
    dates = [field.name for field in resource.fields if field.name in {"created_at", "updated_at"}]
    newest = f"/{resource.name}?sort=-created_at" if "created_at" in dates else f"/{resource.name}"
    changed = f"/{resource.name}?sort=-updated_at" if "updated_at" in dates else f"/{resource.name}"
    with tiles():
        stat_tile(_("New rows"), batch.created_count, href=newest, testid="count-created")
        stat_tile(_("Changed rows"), batch.updated_count, href=changed, testid="count-updated")
        stat_tile(_("Same rows"), batch.unchanged_count, testid="count-unchanged")
        stat_tile(_("Wrong rows"), batch.refused_count, testid="count-refused")
