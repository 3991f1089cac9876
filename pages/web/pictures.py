"""HTTP endpoints of pictures: upload as a request body, and download of the cleaned picture.

Public, because people without an account register too. An uploader gets an encrypted reference and sees the picture by
it; what is filed with it (a store, an application) answers it by rights of its own with ``picture_answer``.
"""

import asyncio
import tempfile
from collections.abc import Mapping

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from core.database.sessions import transact
from core.errors import NotFound
from core.files.contents import content_path
from core.files.pictures import PICTURE_BYTES_MAX
from core.i18n import N_
from core.settings import MIB
from core.throttling.capacity import PICTURES
from pages.web.cookies import browser_of
from pages.web.heavy_work import caller_of
from pages.web.identity import actor_of_request
from pages.web.policies import PUBLIC, allow_large_body
from services.accounts.attempts import VISITORS_PER_ADDRESS, count_from_address
from services.accounts.sessions import AUTHENTICATION
from services.files.pictures import clean_picture, picture_of, store_picture
from services.files.received_contents import ContentKind, Sender, receive_content, require_quota_and_room

UPLOAD_PATH = "/pictures"
IN_MEMORY_BYTES = 1 * MIB  # larger bodies wait on disk
_HEADERS = {
    "Cache-Control": "private, max-age=86400, immutable",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}

router = APIRouter(dependencies=[Depends(PUBLIC)], include_in_schema=False)
_decoding = asyncio.Semaphore(2)  # a picture of 25 megapixels takes 100 MB while it is opened


def register_pictures(app: FastAPI) -> None:
    """Register the endpoints of uploads."""
    allow_large_body(UPLOAD_PATH, lambda: PICTURE_BYTES_MAX)
    app.include_router(router)


@router.post(UPLOAD_PATH, status_code=201)
async def take_handed_picture(request: Request) -> JSONResponse:
    """Receive a picture, within the quotas of its sender; from anonymous senders a few a minute."""
    sender = sender_of(request)
    async with PICTURES.slot(sender.caller):
        await run_in_threadpool(
            transact, AUTHENTICATION, lambda session: _admit(session, sender, content_length(request))
        )
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as body:
            async for part in request.stream():
                body.write(part)
            async with _decoding:
                return await run_in_threadpool(_take, sender, body)


def sender_of(request: Request) -> Sender:
    """Return the sender whose quotas apply: the person, or the address of an anonymous one."""
    actor = actor_of_request(request)
    if actor is not None:
        return Sender(f"person:{caller_of(actor)}", is_signed_in=True)
    return Sender(f"address:{browser_of(request).address}", is_signed_in=False)


def content_length(request: Request) -> int:
    """Return the ``Content-Length`` of a request in bytes; 0 without one."""
    stated = request.headers.get("content-length", "")
    return int(stated) if stated.isdigit() else 0


def _admit(session: Session, sender: Sender, size_bytes: int) -> None:
    if not sender.is_signed_in:
        count_from_address(session, f"{sender.caller.removeprefix('address:')}#pictures", VISITORS_PER_ADDRESS)
    require_quota_and_room(session, sender, ContentKind.PICTURE, size_bytes)


def _take(sender: Sender, body: "tempfile.SpooledTemporaryFile[bytes]") -> JSONResponse:
    body.seek(0)
    picture, handed = clean_picture(body.read())
    transact(
        AUTHENTICATION,
        lambda session: receive_content(session, sender, ContentKind.PICTURE, handed.size_bytes, handed.sha256),
    )
    reference, _handed = store_picture(picture, handed)
    shown = {"width": handed.width, "height": handed.height}
    return JSONResponse({"reference": reference, "url": f"{UPLOAD_PATH}/{reference}", **shown}, 201)


@router.get(UPLOAD_PATH + "/{reference}")
def show_handed_picture(request: Request, reference: str) -> Response:
    """Serve a picture to the holder of its reference."""
    return picture_answer(request.headers, picture_of(reference).sha256)


def picture_answer(headers: Mapping[str, str], sha256: str) -> Response:
    """Return the response with a stored picture; the caller has checked that the person may see it.

    Args:
        headers: Of the request: a browser that has the picture gets 304.
        sha256: Of the cleaned picture.

    Raises:
        NotFound: ``pictures.gone``: the row is there, the file is not.
    """
    etag = f'"{sha256}"'
    if headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=_HEADERS | {"ETag": etag})
    path = content_path(sha256)
    if not path.is_file():
        raise NotFound("pictures.gone", N_("This picture is not in the store of files any more."))
    return FileResponse(path, media_type="image/jpeg", headers=_HEADERS | {"ETag": etag})
