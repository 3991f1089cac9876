"""The ASGI application of the WEB API: its routes, its OpenAPI description, and a page that shows it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader
from starlette.types import ASGIApp, Receive, Scope, Send

from api import authentication, orders, probes
from api.errors import install_api_error_handlers
from api.resources import router_of
from core.access import Actor
from core.addresses import KeysInPaths
from resources import ALL
from resources.orders import ORDERS

VERSION = "1.0.0"  # of the contract, not of the product
HERE = Path(__file__).parent
DESCRIPTION = """
Lists, records and orders of one brand's channel, within the scope of the key that asks.

Send `Authorization: Bearer KEY`. Amounts are `{"amount": "12.30", "currency": "CNY"}`; references are the other's key;
instants are UTC, days the brand's. Every `POST` needs an `Idempotency-Key`: sent twice, it is done once, and the
answer is repeated with `Idempotency-Replayed: true`. Errors are `{"code", "message", "fields"}`; `code` never changes.

A key in an address is percent-encoded: `/api/v1/orders/SO%2F2026%2F777`. Where something on the way does not keep
`%2F`, `.` or `..` as they are, write `=` and the base64url of the key (its UTF-8, without padding):
`/api/v1/orders/=U08vMjAyNi83Nzc`.

Lists are asked by field: `stage=won`, and with an operator after two underscores: `name__contains=part`,
`created_at__from=2026-11-01` (or later), `created_at__to=2026-12-01` (before), `total__upto=100.00` (or less),
`status__in=a,b`, `status__not=a,b`, `phone__empty=1`. Conditions add up; a repeated field means any of its values.
"""

_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def add_api(app: FastAPI, find_actor: Callable[[str], Actor] = authentication.find_actor) -> None:
    """Add ``/api/v1/…``, ``/api/docs``, ``/healthz`` and ``/readyz`` to an application.

    Args:
        find_actor: Returns the actor of a key; raises ``SignInNeeded``.
    """
    app.mount("/api", WholePath(make_api(find_actor)))
    app.include_router(probes.router)


def make_api(find_actor: Callable[[str], Actor] = authentication.find_actor) -> FastAPI:
    """Return the API as a separate ASGI application with all paths below ``/api/``."""
    api = FastAPI(
        title="Qudao",
        version=VERSION,
        description=DESCRIPTION,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        redirect_slashes=False,
    )
    api.state.find_actor = find_actor
    install_api_error_handlers(api)
    api.add_middleware(KeysInPaths, resources=frozenset(resource.name for resource in ALL))
    api.include_router(orders.router)
    for resource in ALL:
        api.include_router(router_of(resource, with_record=resource is not ORDERS))
    api.add_api_route("/api/docs", _docs, include_in_schema=False)
    api.add_api_route("/api/docs.css", _style, include_in_schema=False)
    return api


class WholePath:
    """ASGI: restores the full path for an application that is mounted below a prefix of its own routes."""

    policy = "key"

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with the path as it was before mounting."""
        await self.app({**scope, "root_path": scope.get("app_root_path", "")}, receive, send)


def _docs(request: Request) -> Response:
    described: dict[str, Any] = request.app.openapi()
    page = _templates.get_template("docs.html").render(api=described, schemas=described["components"]["schemas"])
    return HTMLResponse(page)


def _style() -> Response:
    return FileResponse(HERE / "docs.css", media_type="text/css")
