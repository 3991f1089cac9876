"""Exports, workbooks and lists of one person leave the rest to others; nobody works for a client that is gone."""

import asyncio
import threading
import time
from contextlib import AsyncExitStack
from functools import partial

import pytest
from fastapi import Request
from nicegui.testing import User
from sqlalchemy import func, select
from starlette.requests import ClientDisconnect

from core.database.sessions import engine_in_use, reading, unit_of_work
from core.events.log import Event
from core.queries.finding import read_query
from core.settings import settings
from core.throttling.capacity import DOWNLOADS, EXPORTS, LISTS, WORKBOOKS, Capacity, Limits
from models.customers import Customer
from pages.resources import export_endpoint
from pages.web.heavy_work import run_while_connected
from resources.customers import CUSTOMERS
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, MEI, WEI
from tests.pages.staff_rows import answer_to_test_host

pytestmark = pytest.mark.nicegui_main_file("tests/pages/staff_main.py")

JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)


def exported() -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).where(Event.action == "customers.exported")) or 0


async def hold(stack: AsyncExitStack, capacity: Capacity, caller: str, count: int) -> None:
    for _ in range(count):
        await stack.enter_async_context(capacity.slot(caller))


CASES = [
    ("/export/customers.xlsx", DOWNLOADS, 6),
    ("/grid/customers", LISTS, 2),
    ("/search.json?q=x", LISTS, 2),
]


@pytest.mark.parametrize(("path", "capacity", "running"), CASES, ids=[path for path, *_ in CASES])
async def test_a_caller_over_the_limit_is_refused_and_others_are_answered(
    user: User, path: str, capacity: Capacity, running: int
) -> None:
    sign_in_as(user.http_client, WEI)
    async with AsyncExitStack() as stack:
        await hold(stack, capacity, WEI.person, running)
        waiting = [asyncio.create_task(user.http_client.get(path)) for _ in range(6 if capacity is LISTS else 0)]
        await asyncio.sleep(0.5)
        page = await user.http_client.get(path)
        data = await user.http_client.get(path, headers=JSON)
        sign_in_as(user.http_client, MEI)
        other = await user.http_client.get(path)

    assert (page.status_code, data.status_code, other.status_code) == (429, 429, 200)
    assert (data.json()["code"], "Wait until" in data.json()["message"]) == ("capacity.caller", True)
    assert int(page.headers["retry-after"]) > 0
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} <= {200}
    assert exported() == (1 if capacity is DOWNLOADS else 0)


async def test_a_refused_export_is_a_page_that_says_why_in_the_language_of_the_person(user: User) -> None:
    sign_in_as(user.http_client, WEI)
    user.http_client.cookies.set("qudao_language", "zh_CN")
    async with AsyncExitStack() as stack:
        await hold(stack, DOWNLOADS, WEI.person, 6)
        answer = await user.http_client.get("/export/customers.xlsx")

    assert answer.headers["content-type"].startswith("text/html")
    assert "content-disposition" not in answer.headers
    assert "您已经在下载六个文件" in answer.text


async def test_exports_of_everybody_together_have_a_limit(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    none_left = Limits(running_max=1, waiting_max=0, caller_running_max=1, caller_waiting_max=3, wait_s_max=1)
    busy = Capacity(none_left, "Enough.")
    monkeypatch.setattr(export_endpoint, "EXPORTS", busy)
    sign_in_as(user.http_client, WEI)
    async with busy.slot("somebody else"):
        answer = await user.http_client.get("/export/customers.csv", headers=JSON)
    after = await user.http_client.get("/export/customers.csv")

    assert (answer.status_code, answer.json()["code"], after.status_code) == (503, "capacity.full", 200)
    assert int(answer.headers["retry-after"]) > 0
    assert exported() == 1


def connected(gone: asyncio.Event) -> Request:
    """Return a request whose client goes when the event is set."""
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http"}, receive)


async def test_work_stops_when_the_client_is_gone() -> None:
    gone, steps = asyncio.Event(), []

    def work(check) -> None:
        while True:
            check()
            steps.append(threading.current_thread())
            time.sleep(0.01)

    running = asyncio.create_task(run_while_connected(connected(gone), EXPORTS, "wei", work))
    await asyncio.sleep(0.1)
    gone.set()
    with pytest.raises(ClientDisconnect):
        await running

    assert steps
    assert steps[0] is not threading.main_thread()
    async with EXPORTS.slot("wei"):
        pass  # its place is free


async def test_one_who_waits_leaves_when_the_client_is_gone() -> None:
    gone = asyncio.Event()
    async with EXPORTS.slot("wei"):
        waiting = asyncio.create_task(run_while_connected(connected(gone), EXPORTS, "wei", lambda _check: 1))
        await asyncio.sleep(0.05)
        gone.set()
        with pytest.raises(ClientDisconnect):
            await waiting


async def test_a_refusal_of_the_work_comes_through_as_it_is() -> None:
    def fails(_check) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run_while_connected(connected(asyncio.Event()), WORKBOOKS, "wei", fails)


@pytest.mark.parametrize("ending", ["xlsx", "csv", "jsonl"])
def test_an_export_that_is_given_up_leaves_no_file_no_connection_and_no_record(database, ending: str) -> None:
    with unit_of_work(ADMIN) as session:
        session.add_all(Customer(code=f"C{n}", name="a") for n in range(10))
    seen = []

    def check() -> None:
        seen.append(engine_in_use().pool.checkedout())
        raise ClientDisconnect

    write = partial(export_endpoint._write_list, WEI, read_query(CUSTOMERS, WEI, []), ending)
    with pytest.raises(ClientDisconnect):
        export_endpoint._export(WEI, CUSTOMERS, ending, "", write, check)

    assert (seen, engine_in_use().pool.checkedout()) == ([1], 0)
    assert not list((settings().data_dir / "exports").iterdir())
    assert exported() == 0
