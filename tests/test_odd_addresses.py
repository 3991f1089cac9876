"""Every address with odd values in every place that takes one: an answer in words, never a failure of ours."""

import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import httpx
import pytest

from api.application import make_api
from core.database.sessions import unit_of_work
from core.permissions import Role
from core.settings import settings
from pages.web.identity import cookie_name
from resources import ALL
from services.accounts.tokens import create_token
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN
from tests.support.in_process import HOST, whole_product
from tests.support.routes import routes_of

PATH_PARTS = ["a%00b", "%ED%A0%80", "%E2%80%AE", "a~b~c", "-1", "9" * 19, "9" * 20, "9" * 5000, "0001-01-01"]
VALUES = ["a%00b", "%ED%A0%80", "%E2%80%AE", "-1", "9" * 20, "0001-01-01", "NaN", "1e400"]
OF_LISTS = ["%01", "9" * 20, "0001-01-01", "9999-12-31T23:59:59-08:00", "0001-01-01T00:00:00"]
TEXTS = ["a\0b", "9" * 20, "\u202e", "\ud800"]
ASKED_BY_PAGES = ["from", "partner", "application", "view", "order", "i", "status", "store", "invite"]
ALIKE = re.compile(r"/(?!orders|imports)\w+/import/")  # each resource has the routes of imports that orders have
PARAMETER = re.compile(r"\{\w+(?::\w+)?\}")


@pytest.fixture
async def product(
    database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[list[dict[str, Any]], httpx.AsyncClient]]:
    """Give every route, and a client of the product with the session and a key of the administrator."""
    monkeypatch.setenv("QUDAO_PUBLIC_URL", HOST)
    settings.cache_clear()
    with unit_of_work(ADMIN) as session:
        _row, key = create_token(session, "odd", role=Role.ADMINISTRATOR.value)
    async with whole_product() as (app, client):
        client.headers.update(
            {"Origin": HOST, "Authorization": f"Bearer {key}", "Cookie": f"{cookie_name()}={session_of(ADMIN)}"}
        )
        yield routes_of(app), client


async def failures(client: httpx.AsyncClient, requests: Iterable[tuple]) -> list[tuple]:
    """Return which requests were answered 500 or more, with the status."""
    found = []

    for method, address, sent in requests:
        status = (await client.request(method, address, **sent)).status_code
        if status >= 500:
            found.append((method, address[:120], sent, status))
    return found


def of_paths(routes: list[dict]) -> Iterator[tuple]:
    for route in routes:
        for part in PATH_PARTS if "{" in route["path"] else ():
            yield route["method"], PARAMETER.sub(part, route["path"]), {}


def of_queries(routes: list[dict]) -> Iterator[tuple]:
    for route in routes:
        address = PARAMETER.sub("1", route["path"])
        if route["method"] == "GET":
            yield "GET", f"{address}?{'&'.join(f'{name}={10**20}' for name in ASKED_BY_PAGES)}", {}
        for name in route["query"]:
            for value in VALUES:
                yield route["method"], f"{address}?{name}={value}", {}


def of_forms(routes: list[dict]) -> Iterator[tuple]:
    for route in routes:
        for name in route["form"]:
            for value in TEXTS:
                form = {**dict.fromkeys(route["form"], "x"), name: value.encode("utf-8", "surrogatepass")}
                yield route["method"], route["path"], {"data": form}


def of_lists() -> Iterator[tuple]:
    for resource in ALL:
        by_kind = {field.kind.name: field for field in resource.fields}
        for field in by_kind.values():
            for value in OF_LISTS:
                name = field.name if value.isdigit() or "%" in value else f"{field.name}__from"
                yield "GET", f"/grid/{resource.name}?{name}={value}", {}
                yield "GET", f"/api/v1/{resource.name}?{name}={value}", {}


def of_programs() -> Iterator[tuple]:
    count = iter(range(10**6))
    for path, operations in make_api().openapi()["paths"].items():
        for method in operations:
            for part in PATH_PARTS if "{" in path else ():
                sent = {"json": {"reason": "x"}} if method == "post" else {}
                yield (
                    method.upper(),
                    PARAMETER.sub(part, path),
                    sent | {"headers": {"Idempotency-Key": str(next(count))}},
                )
            if method == "get" and "{" not in path:
                for value in VALUES[::2]:
                    for name in ("cursor", "q", "sort", "fields", "limit"):
                        yield "GET", f"{path}?{name}={value}", {}
    for text in TEXTS:
        line = {"sku": text, "quantity": 1, "unit": text}
        for body in (
            {"buyer": text, "lines": [line]},
            {"buyer": "HD", "note": text, "lines": [line]},
            {"buyer": "HD", "lines": [{"sku": "X", "quantity": 10**30}]},
            {"buyer": "HD", "ship_to": dict.fromkeys(("name", "phone", "region", "address"), text), "lines": [line]},
        ):
            headers = {"Idempotency-Key": str(next(count)), "Content-Type": "application/json"}
            yield "POST", "/api/v1/orders", {"content": json.dumps(body), "headers": headers}


def odd_requests(routes: list[dict]) -> list[tuple]:
    """Return every request, with what it takes, whose answer must not be a failure."""
    reachable = [
        route for route in routes if route["path"] not in {"/api", "/logout"} and not ALIKE.match(route["path"])
    ]
    kinds = (of_paths(reachable), of_queries(reachable), of_forms(reachable), of_lists(), of_programs())
    return [request for requests in kinds for request in requests]


@pytest.mark.timeout(400)  # some thousand requests
async def test_no_odd_value_of_an_address_or_a_form_is_a_failure_of_ours(product, database, caplog):
    """Every request is sent on one of the two databases; all of them on both in the campaign."""
    routes, administrator = product
    requests = odd_requests(routes)

    wrong = await failures(administrator, requests[database.dialect.name == "sqlite" :: 2])

    assert len(requests) > 2_000
    assert wrong == []
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
