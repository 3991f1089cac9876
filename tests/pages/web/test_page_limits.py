"""Pages in memory: they wait briefly for a browser, and who fetches many of them pushes out only their own."""

import asyncio

import pytest
from nicegui import Client
from nicegui.testing import User

from core import settings as core_settings
from pages.web import page_limits
from pages.web._rate_limit import Buckets
from pages.web.identity import LANGUAGE_COOKIE
from pages.web.page_limits import WAITING_PER_SOURCE_MAX
from tests.browser.signing_in import session_of, sign_in_as
from tests.conftest import HUADONG_CLERK, LING

pytestmark = pytest.mark.nicegui_main_file("tests/pages/shell/calls_main.py")


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch, user: User):
    monkeypatch.setenv("QUDAO_PUBLIC_URL", "http://test")
    core_settings.settings.cache_clear()
    monkeypatch.setattr(page_limits, "_drawn", Buckets(1000.0, 1000.0))
    monkeypatch.setattr(page_limits, "_drawn_for_known", Buckets(1000.0, 1000.0))
    user.http_client.cookies.set(LANGUAGE_COOKIE, "en")


async def fetch(user: User, times: int, path: str = "/apply", **cookies: str) -> set[int]:
    if cookies:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        return {(await user.http_client.get(path, headers=headers)).status_code for _ in range(times)}
    return {(await user.http_client.get(path)).status_code for _ in range(times)}


async def test_one_address_keeps_few_pages_without_a_browser(user: User) -> None:
    statuses = await fetch(user, WAITING_PER_SOURCE_MAX + 10)

    assert statuses == {200}
    assert len(Client.instances) == WAITING_PER_SOURCE_MAX


async def test_all_addresses_together_keep_few(user: User, monkeypatch) -> None:
    monkeypatch.setattr(page_limits, "WAITING_MAX", 5)

    for number in range(9):
        monkeypatch.setattr(page_limits, "_source_of", lambda _request, number=number: f"address {number}")
        assert await fetch(user, 1) == {200}

    assert len(Client.instances) == 5


async def test_a_page_with_a_browser_stays_however_many_are_fetched(user: User) -> None:
    await user.open("/apply")

    await fetch(user, WAITING_PER_SOURCE_MAX + 10)

    assert user.client is not None
    assert not user.client.is_deleted
    assert len(Client.instances) == WAITING_PER_SOURCE_MAX + 1


async def test_people_who_are_signed_in_are_counted_each_for_themselves(user: User) -> None:
    for actor in (LING, HUADONG_CLERK):
        await fetch(user, WAITING_PER_SOURCE_MAX + 3, "/customers", qudao=session_of(actor))

    assert len(Client.instances) == 2 * WAITING_PER_SOURCE_MAX


async def test_a_page_that_no_browser_opens_is_gone_soon(user: User, monkeypatch) -> None:
    monkeypatch.setattr(page_limits, "CONNECT_S", 0.05)
    await user.open("/apply")
    await fetch(user, 3)

    await asyncio.sleep(0.3)

    assert list(Client.instances.values()) == [user.client]


async def test_a_browser_that_is_away_for_a_moment_keeps_its_page(user: User, monkeypatch) -> None:
    monkeypatch.setattr(page_limits, "CONNECT_S", 0.05)
    monkeypatch.setattr(page_limits, "LOST_PER_SOURCE_MAX", 2)
    away = [await lose(user) for _ in range(3)]

    await asyncio.sleep(0.3)
    await fetch(user, 1)

    assert [client.is_deleted for client in away] == [True, True, False]


async def lose(user: User) -> Client:
    """Open a page in a browser that then goes away; return its client."""
    await user.open("/apply")
    client = user.client
    assert client is not None
    for socket_id in list(client._socket_to_document_id):
        client.handle_disconnect(socket_id)
    assert not client.has_socket_connection
    return client


async def test_a_page_that_cannot_be_drawn_is_not_kept(user: User) -> None:
    sign_in_as(user.http_client, LING)

    assert await fetch(user, 3, "/customers/C9") == {404}

    assert len(page_limits.open_pages) == 0
    assert Client.instances == {}


@pytest.mark.parametrize(
    ("accept", "shown"), [("text/html", "<h1>503</h1>"), ("application/json", '"code": "pages.too_many"')]
)
async def test_when_too_many_are_open_that_is_said_before_anything_is_drawn(
    user: User, monkeypatch, accept: str, shown: str
) -> None:
    monkeypatch.setattr(page_limits, "PAGES_MAX", 1)
    await user.open("/apply")

    refused = await user.http_client.get("/apply", headers={"Accept": accept})

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert shown in refused.text
    assert "Too many pages are open" in refused.text
    assert len(Client.instances) == 1


async def test_who_draws_too_many_at_once_is_refused_and_those_go_on(user: User, monkeypatch) -> None:
    monkeypatch.setattr(page_limits, "WAITING_PER_SOURCE_MAX", 2)
    drawn = [page_limits.open_pages.begin("address 127.0.0.1") for _ in range(2)]

    assert await fetch(user, 1) == {503}
    for page in drawn:
        assert page is not None
        page_limits.open_pages.end(page)
    assert await fetch(user, 1) == {200}


async def test_drawing_pages_is_limited_apart_for_addresses_and_sessions(user: User, monkeypatch) -> None:
    monkeypatch.setattr(page_limits, "_drawn", Buckets(0.1, 3.0))
    monkeypatch.setattr(page_limits, "_drawn_for_known", Buckets(0.1, 5.0))
    token = session_of(LING)

    anonymous = [await fetch(user, 1) for _ in range(4)]
    known = [await fetch(user, 1, "/customers", qudao=token) for _ in range(6)]

    assert anonymous == [{200}] * 3 + [{429}]
    assert known == [{200}] * 5 + [{429}]
