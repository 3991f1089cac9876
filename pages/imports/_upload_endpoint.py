"""POST /RESOURCE/import/file: stores the request's body as a file and begins an import."""

import tempfile
from typing import BinaryIO, cast
from urllib.parse import unquote

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from core.access import Actor
from core.database.sessions import transact
from core.files.contents import write_content
from core.limits import HEADER_LENGTH_MAX
from core.resource import Resource
from core.settings import MIB, settings
from core.throttling.capacity import UPLOADS, WORKBOOKS
from importers.runs.drafts import Upload, draft_import, editor_of
from models.imports import ImportBatch
from pages.web.heavy_work import caller_of, run_heavy
from pages.web.identity import require_actor
from pages.web.pictures import content_length, sender_of
from pages.web.policies import allow_large_body, permitted
from services.files.received_contents import ContentKind, give_back, receive_content

IN_MEMORY_BYTES = 4 * MIB  # larger bodies wait on disk


def register_upload(app: FastAPI, resource: Resource) -> None:
    """Register the endpoint of a resource that can be imported."""
    path = f"/{resource.name}/import/file"
    allow_large_body(path, lambda: settings().upload_bytes_max)

    @app.post(path, dependencies=[Depends(permitted(editor_of(resource)))], include_in_schema=False, status_code=201)
    async def take_file(request: Request) -> JSONResponse:
        actor = require_actor(request)
        async with UPLOADS.slot(caller_of(actor)):
            content_id = await run_in_threadpool(transact, actor, lambda session: _receive(session, request))
            with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as body:
                try:
                    async for part in request.stream():
                        body.write(part)
                except ClientDisconnect:
                    await run_in_threadpool(transact, actor, lambda session: give_back(session, content_id))
                    raise
                body.seek(0)
                batch = await run_heavy(
                    WORKBOOKS,
                    caller_of(actor),
                    lambda: take_upload(actor, resource, cast(BinaryIO, body), uploaded_name(request)),
                )
        return JSONResponse({"batch": batch.id, "url": f"/{resource.name}/import/{batch.id}"}, 201)


def _receive(session: Session, request: Request) -> int:
    """Admit a body to the person's quota before it is read; one of unknown length counts as the largest."""
    size_bytes = content_length(request) or settings().upload_bytes_max
    return receive_content(session, sender_of(request), ContentKind.IMPORT, size_bytes)


def take_upload(actor: Actor, resource: Resource, source: BinaryIO, name: str) -> ImportBatch:
    """Store a file and begin its import.

    The content is on disk and inspected before the first query, so that a slow file holds no connection.

    Raises:
        InvalidInput: ``files.too_large``, or the file cannot be taken: one sentence says why and what to do.
        NotPermitted: The actor may not edit the resource.
    """
    sha256, size_bytes = write_content(source, settings().upload_bytes_max)
    return draft_import(actor, resource, Upload(sha256, size_bytes, name))


def uploaded_name(request: Request) -> str:
    """Return the file name that the browser sent, without folders, for display only."""
    stated = request.headers.get("x-file-name", "")[-HEADER_LENGTH_MAX:]
    name = unquote(stated).replace("\\", "/").rsplit("/", 1)[-1].strip()
    return "".join(sign for sign in name if sign.isprintable())[-200:] or "file"
