"""Endpoints that read resources: ``GET /api/v1/RESOURCE`` and ``GET /api/v1/RESOURCE/KEY``, within the key's scope."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field, create_model

from api.authentication import CurrentActor
from api.errors import error_responses
from api.shapes import filter_parameters, row_model, row_shape
from core.addresses import KeyInPath
from core.database.sessions import reading
from core.errors import NotFound
from core.i18n import N_
from core.queries.filters import unknown_field
from core.queries.finding import find_page, find_row, read_query
from core.queries.grid_query import LIMIT_MAX
from core.resource import Resource
from core.throttling.capacity import LISTS
from services.accounts.one_time_secrets import token_hash

OF_THE_GRID = frozenset({"offset", "count", "sums"})
"""Parameters of the grid that the API does not accept: it pages by cursor."""
NO_STORE = {"Cache-Control": "no-store"}

Limit = Annotated[int | None, Query(ge=1, le=LIMIT_MAX, description="Rows of a page; 100 unless stated")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before")]
Search = Annotated[str | None, Query(description="Words that must all occur in key, names, phones or e-mails")]
Where = Annotated[
    str | None,
    Query(
        description="A condition on fields, also of rows referred to: `status = draft and not (buyer.tier in (dealer, "
        "agent_1))`, `placed_at = this month`. Words and labels in English and Chinese are understood"
    ),
]
SortBy = Annotated[
    str | None, Query(description="Fields to sort by, `-` before a field for descending: `-created_at,code`")
]
Fields = Annotated[str | None, Query(description="Fields to return, separated by commas; all unless stated")]


def router_of(resource: Resource, *, with_record: bool = True) -> APIRouter:
    """Return the read routes of a resource: its list and, if wanted, its record."""
    router = APIRouter(prefix=f"/api/v1/{resource.name}", tags=[resource.name])
    row = row_model(resource)
    router.add_api_route(
        "",
        _list(resource),
        methods=["GET"],
        dependencies=[Depends(limit_lists_of_key)],
        operation_id=f"list_{resource.name}",
        summary=f"List {resource.name}",
        responses={200: {"model": _page_model(resource, row)}, **error_responses()},
        openapi_extra={"parameters": filter_parameters(resource)},
    )
    if with_record:
        router.add_api_route(
            "/{key:path}",
            _record(resource),
            methods=["GET"],
            operation_id=f"get_{resource.name}",
            summary=f"Get one of {resource.name} by its key",
            responses={200: {"model": row}, **error_responses(404)},
        )
    return router


async def limit_lists_of_key(_actor: CurrentActor, request: Request) -> AsyncIterator[None]:
    """Count a request among the lists of its key until its answer is sent: a dependency. Raises as ``slot``."""
    async with LISTS.slot(token_hash(request.headers["authorization"])):
        yield


def find_shown(session: Any, resource: Resource, key: str) -> dict[str, Any]:
    """Return one row in the API's shape.

    Raises:
        NotPermitted: ``access.denied``.
        NotFound: ``resources.row_not_found``.
    """
    row = find_row(session, resource, key)
    if row is None:
        raise NotFound("resources.row_not_found", N_("There is no “{key}” here."), key=key[:80])
    return row_shape(resource, row)


def _list(resource: Resource) -> Callable[..., Response]:
    def rows(
        request: Request,
        actor: CurrentActor,
        limit: Limit = None,
        cursor: Cursor = None,
        q: Search = None,
        where: Where = None,
        sort: SortBy = None,
        fields: Fields = None,
    ) -> Response:
        actor.require(resource.view)
        pairs = request.query_params.multi_items()
        if wrong := next((name for name, _ in pairs if name in OF_THE_GRID), None):
            raise unknown_field(wrong, {field.name: field for field in resource.fields_for(actor)})
        query = read_query(resource, actor, [*pairs, ("count", "none"), ("sums", "0")])
        with reading(actor) as session:
            page = find_page(session, query)
        items = [row_shape(resource, row) for row in page.rows]
        answer = orjson.dumps({"items": items, "next_cursor": page.next_cursor})
        return Response(answer, 200, NO_STORE, "application/json")

    return rows


def _record(resource: Resource) -> Callable[..., Response]:
    key_named = Path(
        description=f"{' ~ '.join(resource.keys)}" + (", joined with `~`" if len(resource.keys) > 1 else "")
    )

    def row(actor: CurrentActor, key: Annotated[KeyInPath, key_named]) -> Response:
        with reading(actor) as session:
            found = find_shown(session, resource, key)
        return Response(orjson.dumps(found), 200, NO_STORE, "application/json")

    return row


def _page_model(resource: Resource, row: type[BaseModel]) -> type[BaseModel]:
    following = Field(None, description="`cursor` of the next page; null after the last row")
    items: Any = list[row]  # type: ignore[valid-type]
    return create_model(
        f"{row.__name__}Page",
        __doc__=f"A page of {resource.name}.",
        items=(items, ...),
        next_cursor=(str | None, following),
    )
