"""Pictures over HTTP: handed in as the body of a request, and answered as what we made of them.

Public: a person without an account registers too. Who hands one in gets a signed reference and sees the picture by it;
what is filed with it (a store, an application) answers it by rights of its own with ``picture_answer``.
"""

import asyncio
import tempfile
from collections.abc import Mapping

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from core.database import transact
from core.errors import NotFound
from core.files import content_path
from core.i18n import N_
from core.pictures import PICTURE_BYTES_MAX
from core.settings import MIB
from pages.identity import actor_of_request
from pages.plain.cookies import browser_of
from pages.policies import PUBLIC, allow_large_body
from services.attempts import VISITORS_PER_ADDRESS, count_from_address
from services.pictures import picture_of, take_picture
from services.sessions import DOORKEEPER

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
    """Register where pictures are handed in and shown again to who handed them in."""
    allow_large_body(UPLOAD_PATH, lambda: PICTURE_BYTES_MAX)
    app.include_router(router)


@router.post(UPLOAD_PATH, status_code=201)
async def take_handed_picture(request: Request) -> JSONResponse:
    """Take a picture; of strangers not more than ``VISITORS_PER_ADDRESS`` a minute."""
    if actor_of_request(request) is None:
        address = f"{browser_of(request).address}#pictures"
        await run_in_threadpool(
            transact, DOORKEEPER, lambda session: count_from_address(session, address, VISITORS_PER_ADDRESS)
        )
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as body:
        async for part in request.stream():
            body.write(part)

        def take() -> JSONResponse:
            body.seek(0)
            reference, handed = take_picture(body.read())
            shown = {"width": handed.width, "height": handed.height}
            return JSONResponse({"reference": reference, "url": f"{UPLOAD_PATH}/{reference}", **shown}, 201)

        async with _decoding:
            return await run_in_threadpool(take)


@router.get(UPLOAD_PATH + "/{reference}")
def show_handed_picture(request: Request, reference: str) -> Response:
    """Show a picture to who holds its reference."""
    return picture_answer(request.headers, picture_of(reference).sha256)


def picture_answer(headers: Mapping[str, str], sha256: str) -> Response:
    """Answer a stored picture; the caller has made sure that the person may see it.

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
