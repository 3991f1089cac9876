"""Fourth step of an import: the result of the check, with counts and every problem, before anything is stored."""

from functools import partial

from sqlalchemy.orm import Session

from core.errors import DomainError
from core.i18n import _, ngettext
from core.jobs.rows import Job, JobStatus
from core.resource import Resource
from importers.runs.drafts import editor_of
from importers.runs.notices import import_notices
from models.imports import ALL_OR_NOTHING, ImportBatch
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.base.navigation import go_to, load_again
from pages.components.layout.content import columns, notice, panel, paragraph, row
from pages.components.layout.progress import Progress, live_progress
from pages.imports._rows import draw_rows
from pages.imports._wizard import draw_fact_panel, job_progress, step_path
from pages.shell.calls import call, show_refusal
from pages.shell.reading import read
from pages.web.identity import current_actor, page_actor
from services.imports.batches import start_check, start_import, stop_check
from services.imports.rows import RowOutcome

CHECK_EVERY_S = 0.3


async def draw_check(resource: Resource, batch: ImportBatch) -> None:
    """Draw the result of the check, or its progress while it runs."""
    if batch.checked is None:
        await _draw_waiting(resource, batch)
        return
    await _draw_result(resource, batch)


async def job_of(batch: ImportBatch) -> Job | None:
    """Return the job that checks or applies an import, as it stands; for events of a page."""
    if batch.job_id is None:
        return None
    return await read(await current_actor(), _job, batch.job_id)


async def _draw_waiting(resource: Resource, batch: ImportBatch) -> None:
    job = None if batch.job_id is None else await read(page_actor(), _job, batch.job_id)
    if job is None or job.status in {JobStatus.FAILED, JobStatus.CANCELLED}:
        _draw_unchecked(resource, batch, job)
        return
    with panel(_("Checking the rows")):
        live_progress(partial(_progress, batch), every_s=CHECK_EVERY_S, on_done=_reload)
        paragraph(_("Nothing is stored yet. You may leave this page: it will be here when you come back."))
        if not job.cancel_asked:
            with row() as place:
                button(_("Stop"), partial(_stop, resource, batch, place), testid="action-stop-check")


def _draw_unchecked(resource: Resource, batch: ImportBatch, job: Job | None) -> None:
    if job is not None and job.status == JobStatus.CANCELLED:
        notice(_("The check was stopped. Nothing is stored."), "warning", testid="import-stopped")
    else:
        sentence = job.error if job is not None and job.error else _("The rows were not checked.")
        notice(sentence, "danger", testid="import-refused")
    with row():
        button(_("Check again"), partial(_check_again, resource, batch), testid="action-check")
        _columns_link(resource, batch)


async def _progress(batch: ImportBatch) -> Progress | None:
    try:
        job = await job_of(batch)
    except DomainError as error:
        show_refusal(error)
        return None
    total = sum(sheet["rows"] for sheet in batch.sheets if sheet["name"] == batch.sheet) - batch.header_row
    if job is None:
        return Progress(_("Done"), 0, 0, state="done")
    return job_progress(job, _("Checking"), max(total, 0))


async def _reload(_progress: Progress) -> None:
    load_again()


async def _check_again(resource: Resource, batch: ImportBatch) -> None:
    if await call(start_check, editor_of(resource), batch.id) is not None:
        load_again()


async def _stop(resource: Resource, batch: ImportBatch, place: Tag) -> None:
    """Stop the check; the page reloads once it has ended, as for every viewer."""
    if await call(stop_check, editor_of(resource), batch.id) is not None:
        place.visible = False


async def _apply(resource: Resource, batch: ImportBatch) -> None:
    if await call(start_import, editor_of(resource), batch.id) is not None:
        go_to(step_path(resource, batch, "done"))


async def _draw_result(resource: Resource, batch: ImportBatch) -> None:
    counts = {name: int((batch.checked or {})[name]) for name in ("created", "updated", "unchanged", "refused")}
    with columns() as (content, rail):
        with content:
            _draw_summary(resource, batch, counts)
            await draw_rows(resource, batch, {outcome: counts[outcome.name.lower()] for outcome in RowOutcome})
        with rail:
            draw_fact_panel(_("How the file is read"), _facts(resource, batch))
            _columns_link(resource, batch)


def _draw_summary(resource: Resource, batch: ImportBatch, counts: dict[str, int]) -> None:
    """Draw what the button will do in one sentence; without anything to import there is no button."""
    good_count = counts["created"] + counts["updated"]
    if not sum(counts.values()):
        notice(_("There are no rows below the headings."), "warning")
        return
    if batch.mode == ALL_OR_NOTHING and counts["refused"]:
        sentence = ngettext(
            "{count} row is wrong, so nothing will be imported, as you chose. Correct it, or let the good rows in.",
            "{count} rows are wrong, so nothing will be imported, as you chose. Correct them, or let the good rows in.",
            counts["refused"],
        )
        notice(sentence, "warning", testid="import-verdict")
        return
    if not good_count:
        words = (
            _("Every row is as it is in the system already: there is nothing to import.")
            if not counts["refused"]
            else _("No row can be imported: {parts}.", parts=_parts_text(counts))
        )
        notice(words, "warning" if counts["refused"] else "ok", testid="import-verdict")
        return
    for sentence in import_notices(resource.name, counts["created"], page_actor()):
        notice(sentence, "info", testid="import-notice")
    with panel(), row():
        paragraph(_("{parts}.", parts=_parts_text(counts))).style("flex:1 1 260px;font-size:16px;line-height:24px")
        label = ngettext("Import {count} row", "Import {count} rows", good_count)
        button(label, partial(_apply, resource, batch), look="primary", testid="import-apply")


def _parts_text(counts: dict[str, int]) -> str:
    created, updated, unchanged, refused = (counts[name] for name in ("created", "updated", "unchanged", "refused"))
    parts = [
        (created, ngettext("{count} new row will be added", "{count} new rows will be added", created)),
        (updated, ngettext("{count} known row will be changed", "{count} known rows will be changed", updated)),
        (unchanged, ngettext("{count} is the same and stays", "{count} are the same and stay", unchanged)),
        (refused, ngettext("{count} is wrong and is left out", "{count} are wrong and are left out", refused)),
    ]
    return _("; ").join(part for count, part in parts if count)


def _facts(resource: Resource, batch: ImportBatch) -> dict[str, str]:
    fields = {field.name: field for field in resource.fields}
    used = [heading for heading in batch.headings if batch.mapping.get(heading)]
    ignored = [str(heading) for heading in (batch.checked or {}).get("ignored", [])]
    keys = [batch.match] if batch.match else resource.keys
    facts = {
        _("Sheet"): _("{name}, headings in row {row}", name=batch.sheet or batch.file_name, row=batch.header_row),
        _("Columns imported"): _(", ").join(dict.fromkeys(used)) or "—",
        _("Columns left out"): _(", ").join(ignored) or _("none"),
        _("Known rows are found by"): _(" and ").join(_(fields[name].label) for name in keys if name in fields),
    }
    if batch.constants:
        facts[_("The same for every row")] = _(", ").join(
            f"{_(fields[name].label) if name in fields else name} = {value}" for name, value in batch.constants.items()
        )
    return facts


def _columns_link(resource: Resource, batch: ImportBatch) -> None:
    link_button(_("Change columns"), step_path(resource, batch, "columns"), testid="action-columns")


def _job(session: Session, job_id: int) -> Job | None:
    return session.get(Job, job_id)
