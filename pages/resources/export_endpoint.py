"""GET /export/RESOURCE.xlsx|csv|jsonl: the rows of a list as a file, in the words of who fetches it; on record."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from core.access import Actor
from core.clock import now
from core.database.sessions import reading, unit_of_work
from core.errors import NotFound
from core.events.log import EventDraft, record
from core.i18n import N_, _
from core.permissions import Permission
from core.queries.finding import read_query, stream_rows
from core.queries.grid_query import GridQuery
from core.resource import Resource
from core.settings import settings
from core.throttling.capacity import EXPORTS
from importers.exporting import write_rows
from pages.components.layout.records import instant_text
from pages.web.heavy_work import caller_of, limit_downloads_of_person, run_while_connected
from pages.web.identity import require_actor
from pages.web.policies import permitted
from resources import EXPORTED

MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
}

router = APIRouter()


@router.get(
    "/export/{file}",
    dependencies=[Depends(permitted(Permission.EXPORT)), Depends(limit_downloads_of_person)],
    include_in_schema=False,
)
async def export_file(file: str, request: Request) -> FileResponse:
    """Answer the rows that the same query shows in the list, whole.

    Args:
        file: ``RESOURCE.ENDING``.
        request: Its parameters are the address of the list; ``cols`` says which columns, ``fields`` too.

    Raises:
        NotFound: ``resources.not_found``.
        NotPermitted: ``access.denied``.
        InvalidInput: As ``core.queries.finding.read_query``; a text that fits into no worksheet.
        CallerLimit, CapacityFull: As ``core.throttling.capacity.Capacity.slot``.
    """
    actor = require_actor(request)
    name, _separator, ending = file.rpartition(".")
    resource = EXPORTED.get(name)
    if resource is None or ending not in MEDIA_TYPES:
        raise NotFound("resources.not_found", N_("There is no list of this name."))
    actor.require(Permission.EXPORT)
    actor.require(resource.view)

    def export(check: Callable[[], None]) -> Path:
        return _export(actor, resource, ending, request, check)

    path = await run_while_connected(request, EXPORTS, caller_of(actor), export)
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[ending],
        headers={"Content-Disposition": _disposition(resource, ending), "Cache-Control": "no-store"},
        background=BackgroundTask(path.unlink, missing_ok=True),
    )


def _export(actor: Actor, resource: Resource, ending: str, request: Request, check: Callable[[], None]) -> Path:
    """Write the file and record that it was made; nothing is left of one that ``check`` stops."""
    pairs = request.query_params.multi_items()
    query = read_query(resource, actor, [*pairs, *_columns(resource, actor, pairs)], from_address=True)
    path = _temporary()
    try:
        count = _write(path, ending, actor, query, check)
        _record(actor, resource, count, request.url.query, ending)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _columns(resource: Resource, actor: Actor, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the columns that the list shows as the query's fields: the key always, then those chosen, in order."""
    stated = dict(pairs)
    if "fields" in stated or not stated.get("cols"):
        return []
    known = {field.name for field in resource.fields_for(actor)}
    chosen = [name for name in stated["cols"].split(",") if name in known]
    return [("fields", ",".join(dict.fromkeys([*resource.keys, *chosen])))]


def _write(path: Path, ending: str, actor: Actor, query: GridQuery, check: Callable[[], None]) -> int:
    fields = [query.resource.field(name) for name in query.fields]
    with reading(actor) as session, closing(stream_rows(session, query)) as parts, path.open("wb") as target:
        return write_rows(target, ending, query.resource, fields, _rows(parts, check))


def _rows(parts: Iterable[Sequence[tuple[Any, ...]]], check: Callable[[], None]) -> Iterator[tuple[Any, ...]]:
    for part in parts:
        check()
        yield from part


def _record(actor: Actor, resource: Resource, count: int, query: str, ending: str) -> None:
    facts = {"rows": count, "query": query[:2_000], "format": ending}
    with unit_of_work(actor) as session:
        record(session, f"{resource.name}.exported", resource.name, [EventDraft("", actor.partner_path, data=facts)])


def _temporary() -> Path:
    folder = settings().data_dir / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix="export-")
    os.close(descriptor)
    return Path(name)


def _disposition(resource: Resource, ending: str) -> str:
    """Return the header that names the file: plainly, and in the language of the person."""
    at = instant_text(now()).replace(":", "").replace(" ", "-")
    plain, named = f"{resource.name}-{at}.{ending}", f"{_(resource.label)}-{at}.{ending}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(named)}"
