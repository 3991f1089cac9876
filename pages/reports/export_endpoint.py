"""GET /export/pivot/RESOURCE.xlsx|csv: a pivot as a file, in the words of who fetches it; on record."""

from typing import BinaryIO

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse

from core.database.sessions import reading
from core.errors import NotFound
from core.i18n import N_, _
from core.permissions import Permission
from importers.pivots import ENDINGS, write_pivot
from pages.resources.export_endpoint import Check, FileName, file_answer
from pages.web.heavy_work import limit_downloads_of_person
from pages.web.identity import require_actor
from pages.web.policies import permitted
from resources import BY_NAME
from services.reports.pivots import pivot, read_pivot

router = APIRouter()


@router.get(
    "/export/pivot/{file}",
    dependencies=[Depends(permitted(Permission.EXPORT)), Depends(limit_downloads_of_person)],
    include_in_schema=False,
)
async def export_pivot(file: str, request: Request) -> FileResponse:
    """Answer the pivot that the same query shows on the page.

    Args:
        file: ``RESOURCE.ENDING``.
        request: Its parameters are the address of the pivot.

    Raises:
        NotFound: ``resources.not_found``.
        NotPermitted: ``access.denied``.
        InvalidInput: As ``services.reports.pivots.pivot``.
        CallerLimit, CapacityFull: As ``core.throttling.capacity.Capacity.slot``.
    """
    actor = require_actor(request)
    name, _separator, ending = file.rpartition(".")
    resource = BY_NAME.get(name)
    if resource is None or ending not in ENDINGS:
        raise NotFound("resources.not_found", N_("There is no list of this name."))
    actor.require(Permission.EXPORT)
    actor.require(resource.view)
    query = read_pivot(resource, actor, request.query_params.multi_items())

    def write(target: BinaryIO, check: Check) -> int:
        with reading(actor) as session:
            return write_pivot(target, ending, pivot(session, query, check))

    file_name = FileName(f"{resource.name}-pivot", f"{_(resource.label)}-{_('Pivot')}", ending)
    return await file_answer(request, resource, file_name, write)
