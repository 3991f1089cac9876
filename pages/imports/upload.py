"""Importing a worksheet into any resource, step by step: file, sheet, columns, check, done; each with an address."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.i18n import N_, _
from core.resource import Resource
from core.settings import MIB, settings
from importers.runs.drafts import editor_of
from models.imports import ImportBatch
from pages.components.base.buttons import link_button
from pages.components.base.navigation import go_to
from pages.components.forms.file_drop import file_drop
from pages.components.layout.content import columns, panel, paragraph
from pages.components.layout.records import Cell, LineColumn, instant_text, line_table
from pages.imports._check import draw_check
from pages.imports._columns import draw_columns
from pages.imports._done import draw_done
from pages.imports._downloads import register_results, register_template
from pages.imports._sheet import draw_sheet
from pages.imports._upload_endpoint import register_upload
from pages.imports._wizard import draw_fact_panel, draw_import_status, import_frame, step_to_show
from pages.shell.calls import page
from pages.shell.reading import read
from pages.web.addresses import RowId
from pages.web.identity import page_actor
from resources import ALL, SHEETS
from services.imports.batches import get_import, last_imports

ACCEPTED = ".xlsx,.xlsm,.xls,.xlsb,.ods,.csv,.tsv,.txt"
RECENT_MAX = 5


def register_importing(app: FastAPI) -> None:
    """Register the steps of importing and their files for every resource that can be imported; before the records."""
    register_results(app)

    for resource in ALL:
        if resource.edit is not None and SHEETS[resource.name].save is not None:
            _register(app, resource)


def _register(app: FastAPI, resource: Resource) -> None:
    register_upload(app, resource)
    register_template(app, resource)

    @page(f"/{resource.name}/import", permission=editor_of(resource), title=resource.label)
    async def file_step() -> None:
        async with import_frame(resource, "file"):
            await draw_file(resource)

    @page(f"/{resource.name}/import/{{batch_id:int}}", permission=editor_of(resource), title=resource.label)
    async def batch_step(batch_id: RowId, step: str = "") -> None:
        actor = page_actor()
        batch = await read(actor, _own, resource, batch_id)
        current = step_to_show(batch, step)
        async with import_frame(resource, current, batch):
            await _DRAW[current](resource, batch)


_DRAW: dict[str, Any] = {"sheet": draw_sheet, "columns": draw_columns, "check": draw_check, "done": draw_done}


async def draw_file(resource: Resource) -> None:
    """Draw the first step: upload, template, and recent imports."""
    megabytes = settings().upload_bytes_max // MIB
    recent = await read(page_actor(), last_imports, resource.name, limit=RECENT_MAX)
    with columns() as (content, rail):
        with content:
            file_drop(
                f"/{resource.name}/import/file",
                title=_("Drop your file here, or choose it"),
                hint=_("Excel, WPS or CSV, up to {size} MB. Columns may be called what you like.", size=megabytes),
                accept=ACCEPTED,
                bytes_max=settings().upload_bytes_max,
                on_done=lambda answer: _open(resource, answer),
            )
            if recent:
                _draw_recent(resource, recent)
        with rail:
            draw_fact_panel(_("What happens next"), _next_facts(resource))
            with panel(_("No list yet?")):
                paragraph(_("Fill in the template: every column says what belongs there."))
                link_button(
                    _("Download the template"),
                    f"/{resource.name}/template.xlsx",
                    icon="file",
                    testid="action-template",
                )


def _own(session: Session, resource: Resource, batch_id: int) -> ImportBatch:
    """Return an import of the session's person into this resource; another's is not found."""
    batch = get_import(session, batch_id)
    if batch.resource != resource.name:
        raise NotFound("imports.not_found", N_("There is no such import."))
    return batch


def _open(resource: Resource, answer: dict[str, Any]) -> None:
    if isinstance(answer.get("batch"), int):
        go_to(f"/{resource.name}/import/{answer['batch']}")


def _next_facts(resource: Resource) -> dict[str, str]:
    keys = [resource.field(name) for name in resource.keys]
    names = _(" and ").join(_(field.label) for field in keys)
    return {
        _("First you see what would happen"): _("Nothing is stored before you press “Import”."),
        _("Wrong rows do not stop the others"): _("Each is named with its reason, and you get them back in Excel."),
        _("Nothing is doubled"): _("A row whose {keys} is known already changes that one; others are new.", keys=names),
    }


def _draw_recent(resource: Resource, recent: Sequence[ImportBatch]) -> None:
    with panel(_("Your last imports")):
        line_table(
            [
                LineColumn("file", _("File")),
                LineColumn("status", _("Status")),
                LineColumn("rows", _("Rows"), "right"),
            ],
            [
                {
                    "file": Cell(
                        batch.file_name,
                        note=instant_text(batch.created_at),
                        href=f"/{resource.name}/import/{batch.id}",
                    ),
                    "status": Cell(draw=partial(draw_import_status, batch)),
                    "rows": f"{batch.row_count or (batch.checked or {}).get('rows', 0):,}",
                }
                for batch in recent
            ],
            caption=_("Your last imports"),
            testid="import-recent",
        )
