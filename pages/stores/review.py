"""Routes of the review of stores: the inbox at its own address, and the photos it shows."""

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response

from core.addresses import KeyInPath
from core.i18n import N_
from core.permissions import Permission
from pages.shell.calls import page
from pages.shell.reading import read
from pages.stores.inbox import inbox_page
from pages.web.addresses import RowId
from pages.web.identity import require_actor
from pages.web.pictures import picture_answer
from pages.web.policies import permitted
from services.stores.queries import find_photo


def register_store_review(app: FastAPI) -> None:
    """Register the inbox and the pictures it shows."""
    page("/stores/review", permission=Permission.STORE_REVIEW, title=N_("Stores to review"))(inbox_page)

    @app.get(
        "/stores/{code}/photos/{photo_id}",
        dependencies=[Depends(permitted(Permission.STORE_VIEW))],
        include_in_schema=False,
    )
    async def store_photo(request: Request, code: KeyInPath, photo_id: RowId) -> Response:
        photo = await read(require_actor(request), find_photo, code, photo_id)
        return picture_answer(request.headers, photo.sha256)
