"""GET /export/RESOURCE.xlsx|csv|jsonl: the rows of a list as a file, in the words of who fetches it; on record."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
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
from core.queries.finding import GridQuery, read_query, stream_rows
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

Check = Callable[[], None]
"""Raises when nobody waits for the file any more."""
router = APIRouter()


@dataclass(frozen=True, slots=True)
class FileName:
    """Name of a file: ``plain`` for every browser, ``label`` in the language of the person."""

    plain: str
    label: str
    ending: str


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

    pairs = request.query_params.multi_items()
    query = read_query(resource, actor, [*pairs, *_columns(resource, actor, pairs)], from_address=True)
    file_name = FileName(resource.name, _(resource.label), ending)
    return await file_answer(request, resource, file_name, partial(_write_list, actor, query, ending))


async def file_answer(
    request: Request, resource: Resource, name: FileName, write: Callable[[BinaryIO, Check], int]
) -> FileResponse:
    """Answer a file with rows of a resource, written in one of the threads for exports; that it was made is on record.

    Args:
        request: Its address is recorded. Nothing is left of a file whose client is gone.
        resource: Whose rows they are.
        name: Of the file; its ending is one of ``MEDIA_TYPES``.
        write: Writes to a file and returns how many rows there were; calls what it is given now and then.

    Raises:
        CallerLimit, CapacityFull: As ``core.throttling.capacity.Capacity.slot``; and as ``write``.
    """
    actor = require_actor(request)
    export = partial(_export, actor, resource, name.ending, request.url.query, write)
    path = await run_while_connected(request, EXPORTS, caller_of(actor), export)
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[name.ending],
        headers={"Content-Disposition": _disposition(name), "Cache-Control": "no-store"},
        background=BackgroundTask(path.unlink, missing_ok=True),
    )


def _export(
    actor: Actor, resource: Resource, ending: str, query: str, write: Callable[[BinaryIO, Check], int], check: Check
) -> Path:
    """Return a whole file, whose export is recorded; nothing is left of one that is given up."""
    path = _temporary()
    try:
        with path.open("wb") as target:
            count = write(target, check)
        _record(actor, resource, count, query, ending)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _write_list(actor: Actor, query: GridQuery, ending: str, target: BinaryIO, check: Check) -> int:
    fields = [query.resource.field(name) for name in query.fields]
    with reading(actor) as session, closing(stream_rows(session, query)) as parts:
        return write_rows(target, ending, query.resource, fields, _rows(parts, check))


def _columns(resource: Resource, actor: Actor, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the columns that the list shows as the query's fields: the key always, then those chosen, in order."""
    stated = dict(pairs)
    if "fields" in stated or not stated.get("cols"):
        return []
    known = {field.name for field in resource.fields_for(actor)}
    chosen = [name for name in stated["cols"].split(",") if name in known]
    return [("fields", ",".join(dict.fromkeys([*resource.keys, *chosen])))]


def _rows(parts: Iterable[Sequence[tuple[Any, ...]]], check: Check) -> Iterator[tuple[Any, ...]]:
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


def _disposition(name: FileName) -> str:
    """Return the header that names the file, with the time."""
    at = instant_text(now()).replace(":", "").replace(" ", "-")
    plain, named = (f"{text}-{at}.{name.ending}" for text in (name.plain, name.label))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(named)}"
