"""Downloads of imports: templates and error workbooks."""

import tempfile
from pathlib import Path
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from starlette.background import BackgroundTask

from core.access import Actor
from core.database.sessions import reading
from core.i18n import _
from core.resource import Resource
from core.throttling.capacity import WORKBOOKS
from importers.exporting import template_for
from importers.runs.drafts import editor_of
from importers.runs.error_workbooks import is_made_at_once, write_batch_errors
from pages.web.addresses import RowId
from pages.web.heavy_work import caller_of, limit_downloads_of_person, run_heavy
from pages.web.identity import require_actor
from pages.web.policies import SIGNED_IN, permitted
from resources import SHEETS
from services.imports.batches import get_import
from services.imports.workbooks import workbook_file

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def register_results(app: FastAPI) -> None:
    """Register ``/imports/ID`` and ``/imports/ID/errors.xlsx``."""

    @app.get("/imports/{batch_id:int}", dependencies=[Depends(SIGNED_IN)], include_in_schema=False)
    def import_record(batch_id: RowId, request: Request) -> Response:
        with reading(require_actor(request)) as session:
            batch = get_import(session, batch_id)
        return RedirectResponse(f"/{batch.resource}/import/{batch.id}", 303)

    @app.get(
        "/imports/{batch_id:int}/errors.xlsx",
        dependencies=[Depends(SIGNED_IN), Depends(limit_downloads_of_person)],
        include_in_schema=False,
    )
    async def errors_workbook(batch_id: RowId, request: Request) -> Response:
        actor = require_actor(request)
        return await run_heavy(WORKBOOKS, caller_of(actor), lambda: _errors_workbook(actor, batch_id))


def register_template(app: FastAPI, resource: Resource) -> None:
    """Register ``/RESOURCE/template.xlsx``, the workbook to fill in."""

    @app.get(
        f"/{resource.name}/template.xlsx",
        dependencies=[Depends(permitted(editor_of(resource))), Depends(limit_downloads_of_person)],
        include_in_schema=False,
    )
    async def template(request: Request) -> Response:
        actor = require_actor(request)
        return await run_heavy(WORKBOOKS, caller_of(actor), lambda: _template(actor, resource))


def _errors_workbook(actor: Actor, batch_id: int) -> Response:
    with reading(actor) as session:
        batch = get_import(session, batch_id)
        stored = workbook_file(session, batch.id)
    if stored is not None:
        return FileResponse(stored.path, media_type=XLSX, headers=_headers(stored.name))
    if not is_made_at_once(batch):  # the page of the import has a button that makes it
        return RedirectResponse(f"/{batch.resource}/import/{batch.id}", 303)
    target = _temporary()
    try:
        write_batch_errors(actor, batch.id, target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    stem = Path(batch.file_name).stem
    return _download(target, _("{name} – errors", name=stem) + ".xlsx")


def _template(actor: Actor, resource: Resource) -> Response:
    target = _temporary()
    with target.open("wb") as file:
        template_for(SHEETS[resource.name], actor, file)
    return _download(target, _("{name} – template", name=_(resource.label)) + ".xlsx")


def _temporary() -> Path:
    with tempfile.NamedTemporaryFile(prefix="qudao-", suffix=".xlsx", delete=False) as file:
        return Path(file.name)


def _download(path: Path, name: str) -> Response:
    """Return a temporary file, which is deleted when it is sent."""
    gone = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type=XLSX, headers=_headers(name), background=gone)


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store"}
