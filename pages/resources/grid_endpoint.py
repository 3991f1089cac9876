"""GET /grid/RESOURCE: the rows of a list, within the scope of who is signed in."""

from typing import Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from core.addresses import is_plain, record_path
from core.database.sessions import reading
from core.errors import NotFound
from core.i18n import N_
from core.queries.finding import find_page, read_query
from core.queries.grid_query import where_text
from pages.resources.value_texts import add_titles
from pages.web.heavy_work import limit_lists_of_person
from pages.web.identity import require_actor
from pages.web.policies import SIGNED_IN
from resources import current

router = APIRouter()


@router.get("/grid/{name}", dependencies=[Depends(SIGNED_IN), Depends(limit_lists_of_person)], include_in_schema=False)
def grid_rows(name: str, request: Request) -> Response:
    """Answer a block of rows: ``{"rows", "total", "total_is_exact", "sums"}``, see ``core.queries.finding.Page``.

    A condition comes back as ``where``, in the labels of the current language. A row whose key does not stand in an
    address as it is brings its address as ``_path``.

    Args:
        name: Of a resource.
        request: Its parameters are the address of the list, with ``offset`` and ``limit``; see ``queries.grid_query``.

    Raises:
        SignInNeeded: Nobody is signed in.
        NotFound: ``resources.not_found``.
        NotPermitted: ``access.denied``.
        InvalidInput: As ``core.queries.finding.find_page``.
    """
    actor = require_actor(request)
    condition = request.query_params.get("where", "").strip()
    with reading(actor) as session:
        resource = current(session).by_name.get(name)
        if resource is None:
            raise NotFound("resources.not_found", N_("There is no list of this name."))
        actor.require(resource.view)
        query = read_query(resource, actor, request.query_params.multi_items(), from_address=True)
        page = find_page(session, query)
    for row in page.rows:
        if not is_plain(row["_key"]):
            row["_path"] = record_path(resource.name, row["_key"])
    add_titles([resource.field(one) for one in query.fields], page.rows)
    answer: dict[str, Any] = {
        "rows": page.rows,
        "total": page.total,
        "total_is_exact": page.total_is_exact,
        "sums": page.sums,
    }
    if condition:
        answer["where"] = where_text(resource, actor, condition)
    return Response(orjson.dumps(answer), media_type="application/json", headers={"Cache-Control": "no-store"})
