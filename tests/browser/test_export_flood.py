"""One person floods a real server with exports: others go on, probes answer, a lost client ends its export."""

import socket
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from core.clock import now
from core.database.sessions import connect, reading, unit_of_work
from core.events.log import Event
from models.customers import Customer
from models.received_contents import ReceivedContent
from pages.web.identity import cookie_name
from services.accounts.sessions import AUTHENTICATION
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, MEI, WEI
from tests.support.server import serving_copy

CUSTOMERS = 30_000
EXPORTS = 20
CLICK_S_MAX = 2.0
GONE_S_MAX = 10.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flood")


@pytest.fixture(scope="module")
def address(sqlite_template: Path, folder: Path):
    with serving_copy(sqlite_template, folder) as address:
        add_customers(f"sqlite:///{folder / 'qudao.db'}")
        yield address


def add_customers(url: str) -> None:
    connect(url)
    rows = [{"code": f"C{n:06}", "name": f"Customer {n}", "path": "", "created_at": now()} for n in range(CUSTOMERS)]
    with unit_of_work(ADMIN) as session:
        session.bulk_insert_mappings(Customer, rows)


def client(address: str, secret: str) -> httpx.Client:
    return httpx.Client(base_url=address, cookies={cookie_name(): secret}, timeout=60, verify=False)  # noqa: S501


def test_others_go_on_while_one_person_fetches_everything_at_once(address: str) -> None:
    took: dict[str, float] = {}
    with (
        client(address, session_of(WEI)) as flooding,
        client(address, session_of(MEI)) as other,
        ThreadPoolExecutor(EXPORTS) as pool,
    ):
        fetched = [pool.submit(flooding.get, "/export/customers.xlsx") for _ in range(EXPORTS)]
        while not all(one.done() for one in fetched):
            time.sleep(0.05)  # probes have a rate of their own
            for path in ("/grid/customers?limit=50", "/healthz", "/readyz"):
                began = time.monotonic()
                assert other.get(path).status_code == 200
                took[path] = max(took.get(path, 0.0), time.monotonic() - began)
    answers = Counter(one.result().status_code for one in fetched)
    refused = [one.result().text for one in fetched if one.result().status_code == 429]

    assert answers == {200: 4, 429: EXPORTS - 4}
    assert all("You are fetching" in text and "files already" in text for text in refused)  # four made, or six sent
    assert max(took.values()) < CLICK_S_MAX, took


def test_exports_end_when_their_clients_are_gone_and_are_not_recorded_as_made(address: str, folder: Path) -> None:
    secret, server = session_of(WEI), urlsplit(address)
    assert within(GONE_S_MAX, lambda: not exports(folder))
    before = count_of(Event, Event.action == "customers.exported")
    words = f"GET /export/customers.xlsx HTTP/1.1\r\nHost: {server.netloc}\r\nCookie: {cookie_name()}={secret}\r\n\r\n"
    with ExitStack() as clients:
        for _running_or_waiting in range(4):
            lost = clients.enter_context(socket.create_connection((server.hostname, server.port)))
            lost.sendall(words.encode())
        assert within(GONE_S_MAX, lambda: bool(exports(folder)))

    assert within(GONE_S_MAX, lambda: not exports(folder))
    assert count_of(Event, Event.action == "customers.exported") == before
    with client(address, secret) as again:
        assert again.get("/export/customers.csv?code=C000001").status_code == 200
    assert count_of(Event, Event.action == "customers.exported") == before + 1


def test_an_upload_that_breaks_off_counts_for_nothing(address: str, folder: Path) -> None:
    secret, server = session_of(WEI), urlsplit(address)
    words = (
        f"POST /customers/import/file HTTP/1.1\r\nHost: {server.netloc}\r\nOrigin: {address}\r\n"
        f"Content-Length: 1000000\r\nCookie: {cookie_name()}={secret}\r\n\r\ncode,name\r\n"
    )
    with socket.create_connection((server.hostname, server.port)) as lost:
        lost.sendall(words.encode())
        assert within(GONE_S_MAX, lambda: count_of(ReceivedContent) == 1)

    assert within(GONE_S_MAX, lambda: count_of(ReceivedContent) == 0)
    assert not (folder / "files").exists() or not list((folder / "files").iterdir())


def exports(folder: Path) -> list[Path]:
    return list((folder / "exports").glob("export-*"))


def count_of(model: type, *conditions: Any) -> int:
    with reading(AUTHENTICATION) as session:
        count = select(func.count()).select_from(model).where(*conditions)
        return session.scalar(count, execution_options={"see_all": "a test"}) or 0


def within(seconds_max: float, is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds_max
    while not is_so() and time.monotonic() < end:
        time.sleep(0.05)
    return is_so()
