"""How often one client may ask: addresses, sessions, files and probes, each counted apart."""

import httpx
import pytest

from core import settings as core_settings
from pages.web import _rate_limit
from pages.web._rate_limit import BURST, FILES_BURST, KNOWN_BURST, PROBES_BURST
from tests.browser.signing_in import sign_in_as
from tests.conftest import LING, MEI
from tests.pages.web.test_guards import ORIGIN, small_product


@pytest.fixture
async def client(sqlite_database):
    transport = httpx.ASGITransport(small_product(), raise_app_exceptions=False, client=("198.51.100.7", 1))
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
        yield client


async def test_a_flood_of_anonymous_requests_is_cut_off(client):
    statuses = [(await client.get("/public")).status_code for _ in range(int(BURST) + 30)]

    assert statuses[: int(BURST)] == [200] * int(BURST)
    assert 429 in statuses


async def test_signed_in_users_go_on_while_anonymous_clients_are_cut_off(client):
    token = sign_in_as(client, LING)
    await client.get("/people")
    client.cookies.clear()
    while (await client.get("/public")).status_code == 200:
        pass

    statuses = {(await client.get("/people", headers={"Cookie": f"qudao={token}"})).status_code for _ in range(60)}

    assert statuses == {200}


async def test_one_session_is_limited_too_and_others_go_on(client, monkeypatch):
    monkeypatch.setattr(_rate_limit, "KNOWN_PER_SECOND", 0.1)
    tokens = [sign_in_as(client, actor) for actor in (LING, MEI)]
    client.cookies.clear()
    cookies = [{"Cookie": f"qudao={token}"} for token in tokens]
    for headers in cookies:
        await client.get("/people", headers=headers)

    statuses = [(await client.get("/people", headers=cookies[0])).status_code for _ in range(int(KNOWN_BURST) + 20)]

    assert statuses[: int(KNOWN_BURST) - 1] == [200] * (int(KNOWN_BURST) - 1)
    assert 429 in statuses
    assert (await client.get("/people", headers=cookies[1])).status_code == 200


@pytest.mark.parametrize("path", ["/static/qudao/x.css", "/_nicegui/x.js"])
async def test_files_are_counted_apart_and_generously(client, monkeypatch, path):
    monkeypatch.setattr(_rate_limit, "FILES_PER_SECOND", 0.1)

    statuses = [(await client.get(path)).status_code for _ in range(int(FILES_BURST) + 20)]

    assert statuses[: int(FILES_BURST)] == [404] * int(FILES_BURST)
    assert 429 in statuses
    assert (await client.get("/public")).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_are_counted_apart_and_those_of_a_trusted_proxy_are_not_refused(
    sqlite_database, monkeypatch, path
):
    monkeypatch.setenv("QUDAO_TRUSTED_PROXIES", "10.0.0.3")
    monkeypatch.setattr(_rate_limit, "PROBES_PER_SECOND", 0.1)
    core_settings.settings.cache_clear()
    app = small_product()

    async def statuses(peer: str, **headers: str) -> set[int]:
        transport = httpx.ASGITransport(app, client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
            return {(await client.get(path)).status_code for _ in range(int(PROBES_BURST) * 2)}

    assert await statuses("10.0.0.3", **{"X-Forwarded-For": "198.51.100.7"}) == {404, 429}
    assert await statuses("10.0.0.3") == {404}


async def test_a_request_with_a_wrong_host_or_origin_is_counted_too(client, monkeypatch):
    monkeypatch.setattr(_rate_limit, "PER_SECOND", 0.1)
    refused = {(await client.get("/public", headers={"Host": "evil.example"})).status_code for _ in range(60)}
    client._transport.client = ("198.51.100.8", 1)
    sent = {(await client.post("/sent", headers={"Origin": "https://evil.example"})).status_code for _ in range(60)}

    assert (refused, sent) == ({400, 429}, {403, 429})


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "Too many requests come from your address."), ("zh-CN", "来自您的地址的请求过多")]
)
async def test_the_refusal_says_so_in_few_bytes_and_when_to_come_back(client, language, sentence):
    while (page := await client.get("/public", headers={"Accept-Language": language})).status_code == 200:
        pass
    data = await client.get("/api/v1/nothing", headers={"Accept-Language": language})

    for answer in (page, data):
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
        assert sentence in answer.text
        assert len(answer.content) < 1000
    assert data.json()["code"] == "requests.too_many"
    assert f'<html lang="{"zh-CN" if language == "zh-CN" else "en-US"}">' in page.text


async def test_one_network_of_ipv6_is_one_client(sqlite_database, monkeypatch):
    monkeypatch.setattr(_rate_limit, "PER_SECOND", 0.1)
    app, statuses = small_product(), []
    for number in range(int(BURST) + 20):
        transport = httpx.ASGITransport(app, client=(f"2001:db8:1:2::{number:x}", 1))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as one:
            statuses.append((await one.get("/public")).status_code)

    assert 429 in statuses


async def test_a_flood_of_sockets_is_cut_off_as_one_of_requests_is(sqlite_database):
    product = small_product()
    headers = [(b"host", b"localhost:8080"), (b"origin", ORIGIN.encode())]
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message["code"])

    for _ in range(int(BURST) + 30):
        scope = {"type": "websocket", "path": "/_nicegui_ws/socket.io/", "headers": headers, "query_string": b""}
        await product({**scope, "client": ("198.51.100.9", 1)}, receive, send)

    assert sent[: int(BURST)] == [1000] * int(BURST)  # there is no such route in this product
    assert 1013 in sent
