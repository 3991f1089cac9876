"""GET /search.json?q=…: records of every kind that a few words mean, for the search of the frame."""

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session

from core.access import Actor
from core.addresses import record_path
from core.database.sessions import reading
from core.errors import InvalidInput
from core.i18n import _
from core.queries.finding import find_page
from core.queries.grid_query import GridQuery
from core.resource import Resource
from pages.resources.value_texts import row_title
from pages.web.heavy_work import limit_lists_of_person
from pages.web.identity import require_actor
from pages.web.policies import SIGNED_IN
from resources import ALL

SEARCHED = sorted((one for one in ALL if one.search_rank), key=lambda one: one.search_rank)
FOUND_MAX = 4  # of each kind

router = APIRouter()


@router.get("/search.json", dependencies=[Depends(SIGNED_IN), Depends(limit_lists_of_person)], include_in_schema=False)
def search_records(request: Request, q: str = "") -> dict[str, list[dict[str, str]]]:
    """Answer ``{"items": [{"label", "hint", "href"}]}``, within the scope of who asks; nothing for too short words."""
    actor = require_actor(request)
    seen = [one for one in SEARCHED if actor.can(one.view)]
    with reading(actor) as session:
        return {"items": [item for resource in seen for item in _found(session, resource, actor, q.strip()[:100])]}


def _found(session: Session, resource: Resource, actor: Actor, words: str) -> list[dict[str, str]]:
    names = {field.name for field in resource.fields_for(actor)}
    wanted = tuple(name for name in (*resource.keys, "name", "buyer") if name in names)
    query = GridQuery(resource=resource, fields=wanted, search=words, limit=FOUND_MAX, count="none", sums=False)
    try:
        rows = find_page(session, query).rows if words else []
    except InvalidInput:
        return []
    return [
        {
            "label": _title(resource, row),
            "hint": f"{_(resource.title)} {row['_key']}",
            "href": record_path(resource.name, row["_key"]),
        }
        for row in rows
    ]


def _title(resource: Resource, row: dict[str, str]) -> str:
    return str(row.get("buyer__title") or "") or row_title(resource, row)
