"""The guards in front of the server, seen by an anonymous client."""

import logging

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from starlette.responses import HTMLResponse, PlainTextResponse, StreamingResponse

from core import settings as core_settings
from core.errors import Conflict, InvalidInput, NotFound
from core.i18n import N_
from core.permissions import Permission
from pages.site import add_access
from pages.web.guards import BODY_BYTES_MAX
from pages.web.policies import (
    PUBLIC,
    SIGNED_IN,
    allow_large_body,
    permitted,
    policies_of,
    require_policies,
    undeclared_routes,
)
from tests.browser.signing_in import sign_in_as
from tests.conftest import HUADONG_CLERK, MEI

ORIGIN = "http://localhost:8080"
WRONG_ORIGINS = [
    None,
    "null",
    "",
    "http://evil.example",
    "http://localhost:8080.evil.example",
    "http://evil.example/http://localhost:8080",
    "http://localhost:8081",
    "http://localhost",
    "https://localhost:8080",
    "HTTP://LOCALHOST:8080",
    "http://user@localhost:8080",
    "http://localhost.:8080",
    "http://[::1]:8080",
    "http://xn--lcalhost-5yd:8080",
    "http://sub.localhost:8080",
    "http://0.0.0.0:8080",
]


def small_product() -> FastAPI:
    app = FastAPI(openapi_url=None)
    add_access(app)

    @app.get("/public", dependencies=[Depends(PUBLIC)])
    def public() -> PlainTextResponse:
        return PlainTextResponse("welcome")

    @app.get("/framework", dependencies=[Depends(PUBLIC)])
    def framework() -> HTMLResponse:
        page = '<script type="module">1</script><scripture><b>&lt;script></b><script src="x"></script>'
        return HTMLResponse(page, headers={"X-NiceGUI-Content": "page"})

    @app.get("/people", dependencies=[Depends(SIGNED_IN)])
    def people(request: Request) -> dict[str, str]:
        return {"email": request.state.session_user.email}

    @app.get("/staff", dependencies=[Depends(permitted(Permission.CUSTOMER_EDIT))])
    def staff() -> str:
        return "staff"

    @app.get("/stock", dependencies=[Depends(permitted(Permission.PARTNER_EDIT))])
    def stock() -> str:
        return "stock"

    @app.get("/grid/{kind}", dependencies=[Depends(PUBLIC)])
    def refused(kind: str) -> None:
        if kind == "missing":
            raise NotFound("stores.not_found", N_("There is no such store."))
        if kind == "bug":
            raise ZeroDivisionError("secret of the inside")
        raise Conflict("stores.taken", N_("is taken: choose another"))

    @app.get("/bug", dependencies=[Depends(PUBLIC)])
    def bug() -> None:
        raise ZeroDivisionError("secret of the inside")

    @app.post("/sent", dependencies=[Depends(PUBLIC)])
    async def sent(request: Request) -> int:
        return len(await request.body())

    @app.post("/api/v1/sent", dependencies=[Depends(PUBLIC)])
    async def sent_by_program(request: Request) -> int:
        return len(await request.body())

    @app.post("/{resource}/large/file", dependencies=[Depends(PUBLIC)])
    async def sent_file(resource: str, request: Request) -> int:
        return len(await request.body())

    allow_large_body("/{resource}/large/file", lambda: 3_000_000)
    return app


@pytest.fixture
async def client(sqlite_database):
    transport = httpx.ASGITransport(small_product(), raise_app_exceptions=False, client=("198.51.100.7", 1))
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
        yield client


# --- host and origin ---


async def test_another_host_gets_nothing_but_a_word_on_what_to_do(client):
    refused = await client.get("/public", headers={"Host": "192.168.1.20:8080"})

    assert refused.status_code == 400
    assert "QUDAO_PUBLIC_URL" in refused.text


@pytest.mark.parametrize("origin", WRONG_ORIGINS)
async def test_nothing_is_changed_from_another_origin(client, origin):
    headers = {} if origin is None else {"Origin": origin}

    refused = await client.post("/sent", content=b"x", headers=headers)

    assert refused.status_code == 403


@pytest.mark.parametrize("origin", [ORIGIN, "http://127.0.0.1:8080"])
async def test_our_own_pages_may_change_something(client, origin):
    accepted = await client.post("/sent", content=b"x", headers={"Origin": origin})

    assert (accepted.status_code, accepted.json()) == (200, 1)


async def test_without_an_origin_the_browser_itself_must_say_that_it_is_the_same_site(client):
    same = await client.post("/sent", content=b"x", headers={"Sec-Fetch-Site": "same-origin"})
    cross = await client.post("/sent", content=b"x", headers={"Sec-Fetch-Site": "cross-site"})

    assert (same.status_code, cross.status_code) == (200, 403)


async def test_programs_need_no_origin(client):
    assert (await client.post("/api/v1/sent", content=b"x")).status_code == 200


@pytest.mark.parametrize("origin", [*WRONG_ORIGINS, ORIGIN])
async def test_the_socket_opens_for_our_own_pages_only(sqlite_database, origin):
    reached = []

    async def product(scope, receive, send):
        reached.append(scope["path"])

    guarded = FastAPI(openapi_url=None)
    guarded.mount("/_nicegui_ws/", product)
    add_access(guarded)
    sent = []
    headers = [(b"host", b"localhost:8080")] + ([] if origin is None else [(b"origin", origin.encode())])
    scope = {"type": "websocket", "path": "/_nicegui_ws/socket.io/", "headers": headers, "query_string": b""}

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message["type"])

    await guarded({**scope, "client": ("198.51.100.7", 1)}, receive, send)

    assert (bool(reached), sent) == ((True, []) if origin == ORIGIN else (False, ["websocket.close"]))


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_socket_is_not_reached_by_polling(client, method):
    refused = await client.request(method, "/_nicegui_ws/socket.io/?transport=polling", headers={"Origin": ORIGIN})

    assert refused.status_code == 403


# --- text ---


@pytest.mark.parametrize("address", ["/missing/%00", "/public?q=a%00b", "/public?q=%FF", "/%ED%A0", "/" + "9" * 5000])
async def test_an_address_that_is_no_text_is_answered_in_words(client, address):
    refused = await client.get(address, headers={"Accept": "application/json"})

    assert (refused.status_code, refused.json()["code"]) == (400, "requests.address_not_text")


# --- size ---


@pytest.mark.parametrize(
    ("path", "bytes_max"),
    [("/sent", BODY_BYTES_MAX), ("/api/v1/sent", 1024 * 1024), ("/orders/large/file", 3_000_000)],
)
@pytest.mark.parametrize("is_stated", [True, False])
async def test_one_byte_more_than_a_route_accepts_is_too_many(client, path, bytes_max, is_stated):
    async def parts(size: int):
        for start in range(0, size, 65_536):
            yield b"x" * min(65_536, size - start)

    def body(size: int):
        return b"x" * size if is_stated else parts(size)

    accepted = await client.post(path, content=body(bytes_max), headers={"Origin": ORIGIN})
    refused = await client.post(path, content=body(bytes_max + 1), headers={"Origin": ORIGIN})

    assert (accepted.status_code, accepted.json()) == (200, bytes_max)
    assert refused.status_code == 413


# --- headers ---


@pytest.mark.parametrize("path", ["/public", "/framework", "/login", "/missing", "/bug", "/grid/bug", "/people"])
async def test_every_answer_carries_the_headers_that_protect(client, path):
    headers = (await client.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["permissions-policy"].startswith("geolocation=(self)")
    assert headers["cache-control"] == "no-store"
    assert "Cookie" in headers["vary"]
    assert "strict-transport-security" not in headers
    assert len(headers["x-request-id"]) == 12
    if headers.get("content-type", "").startswith("text/html"):
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_behind_https_browsers_are_told_to_stay_there(sqlite_database, monkeypatch):
    monkeypatch.setenv("QUDAO_PUBLIC_URL", "https://qudao.example.cn")
    core_settings.settings.cache_clear()
    transport = httpx.ASGITransport(small_product())

    async with httpx.AsyncClient(transport=transport, base_url="https://qudao.example.cn") as client:
        headers = (await client.get("/public")).headers

    assert headers["strict-transport-security"] == "max-age=31536000"


async def test_scripts_of_the_framework_get_a_nonce_of_their_own_each_time(client):
    first, second = await client.get("/framework"), await client.get("/framework")

    nonce = first.headers["content-security-policy"].split("'nonce-")[1].split("'")[0]
    assert first.text == (
        f'<script nonce="{nonce}" type="module">1</script><scripture><b>&lt;script></b>'
        f'<script nonce="{nonce}" src="x"></script>'
    )
    assert nonce not in second.text
    assert int(first.headers["content-length"]) == len(first.content)


# --- errors ---


async def test_a_bug_shows_a_reference_and_nothing_of_the_inside(client, caplog):
    page = await client.get("/bug")
    data = await client.get("/grid/bug")

    assert (page.status_code, data.status_code) == (500, 500)
    assert page.headers["x-request-id"] in page.text
    assert data.json()["reference"] == data.headers["x-request-id"]
    assert "secret of the inside" not in page.text + data.text
    assert page.headers["x-request-id"] in caplog.text


async def test_programs_get_code_and_sentence(client):
    missing, taken = await client.get("/grid/missing"), await client.get("/grid/taken")

    assert (missing.status_code, missing.json()["code"]) == (404, "stores.not_found")
    assert (taken.status_code, taken.json()["code"]) == (409, "stores.taken")
    assert set(taken.json()) == {"code", "message", "fields", "reference"}


async def test_an_address_that_leads_nowhere_has_a_page_in_the_readers_language(client):
    english = await client.get("/nowhere")
    chinese = await client.get("/nowhere", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"})

    assert (english.status_code, chinese.status_code) == (404, 404)
    assert '<html lang="en-US">' in english.text
    assert '<html lang="zh-CN">' in chinese.text


def test_a_refusal_is_shown_to_the_person_and_not_logged(caplog):
    add_access(FastAPI(openapi_url=None))

    for error in (Conflict("stores.taken", N_("is taken: choose another")), ZeroDivisionError("a bug")):
        logging.getLogger("nicegui").error(error, exc_info=error)

    assert [record.getMessage() for record in caplog.records] == ["a bug"]


# --- who may ---


async def test_who_is_not_signed_in_is_sent_to_the_sign_in_page_and_back(client):
    page = await client.get("/people?a=1&b=2")
    data = await client.get("/people", headers={"Accept": "application/json"})

    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Fpeople%3Fa%3D1%26b%3D2")
    assert (data.status_code, data.json()["code"]) == (401, "sessions.unknown")


async def test_who_lacks_the_right_reads_who_can_grant_it(client):
    sign_in_as(client, MEI)

    refused = await client.get("/staff")

    assert refused.status_code == 403
    assert "change customers" in refused.text
    assert "Administrators here: admin" in refused.text


async def test_a_partner_does_not_read_who_works_at_the_brand(client):
    sign_in_as(client, HUADONG_CLERK)

    refused = await client.get("/stock")

    assert refused.status_code == 403
    assert "Administrators" not in refused.text


def test_every_plain_route_declares_its_policy():
    app = small_product()

    assert undeclared_routes(app) == []
    assert policies_of(app)["/account/password"] == "signed in"
    assert policies_of(app)["/login"] == "public"
    assert policies_of(app)["/staff"] == "customer.edit"


def test_a_route_that_does_not_say_so_keeps_the_server_from_starting():
    app = small_product()
    app.get("/forgotten")(lambda: "open to all")
    other = FastAPI(openapi_url=None)
    other.get("/inner")(lambda: "open to all")
    app.mount("/other", other)

    assert undeclared_routes(app) == ["/forgotten", "/other"]
    with pytest.raises(InvalidInput) as refused:
        require_policies(app)
    assert refused.value.code == "routes.without_policy"


async def test_a_large_answer_in_parts_passes_as_it_is(sqlite_database):
    app = small_product()

    @app.get("/export", dependencies=[Depends(PUBLIC)])
    def export() -> StreamingResponse:
        return StreamingResponse((b"x" * 1000 for _ in range(50)), media_type="application/zip")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        assert len((await client.get("/export")).content) == 50_000
