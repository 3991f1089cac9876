"""Programs share with everybody: a key has its share of lists, and the probes answer whatever happens."""

import asyncio
import time
from contextlib import AsyncExitStack, ExitStack

import httpx
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI

from api import probes
from api.application import add_api
from core.database.sessions import engine_in_use
from core.throttling.capacity import CONNECTIONS_MAX, LISTS
from services.accounts.one_time_secrets import token_hash
from tests.api.conftest import find_actor
from tests.conftest import LING, WEI

ANSWER_S_MAX = 2.0


def client() -> httpx.AsyncClient:
    app = FastAPI()
    add_api(app, find_actor)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", timeout=30)


def key_of(actor) -> dict[str, str]:
    return {"Authorization": f"Bearer {actor.name}", "Accept-Language": "en"}


async def test_a_key_asks_for_some_lists_at_once_and_others_are_answered(sqlite_database):
    async with client() as programs, AsyncExitStack() as stack:
        for _running in range(2):
            await stack.enter_async_context(LISTS.slot(token_hash(f"Bearer {WEI.name}")))
        waiting = [asyncio.create_task(programs.get("/api/v1/customers", headers=key_of(WEI))) for _ in range(6)]
        await asyncio.sleep(0.3)
        refused = await programs.get("/api/v1/orders", headers=key_of(WEI))
        other = await programs.get("/api/v1/orders", headers=key_of(LING))
        await stack.aclose()
        answers = await asyncio.gather(*waiting)

    assert (refused.status_code, refused.json()["code"], other.status_code) == (429, "capacity.caller", 200)
    assert (int(refused.headers["retry-after"]) > 0, "eight lists" in refused.json()["message"]) == (True, True)
    assert {answer.status_code for answer in answers} == {200}


async def test_probes_answer_in_time_when_every_connection_is_taken(sqlite_database):
    async with client() as programs:
        with ExitStack() as taken:
            for _ in range(CONNECTIONS_MAX):
                taken.enter_context(engine_in_use().connect())
            began = time.monotonic()
            ready, alive = await asyncio.gather(programs.get("/readyz"), programs.get("/healthz"))
            took_s = time.monotonic() - began
        while not probes._probes[engine_in_use()].task.done():
            await asyncio.sleep(0.05)
        after = await programs.get("/readyz")

    assert (ready.status_code, ready.json()) == (503, {"status": "unready", "database": "slow"})
    assert (alive.status_code, after.json()["database"]) == (200, "ok")
    assert took_s < ANSWER_S_MAX


async def test_probes_answer_in_time_when_every_thread_is_taken(sqlite_database):
    limiter = current_default_thread_limiter()
    async with client() as programs, AsyncExitStack() as taken:
        for number in range(int(limiter.total_tokens)):
            await limiter.acquire_on_behalf_of(number)
            taken.callback(limiter.release_on_behalf_of, number)
        began = time.monotonic()
        ready, alive = await asyncio.gather(programs.get("/readyz"), programs.get("/healthz"))
        took_s = time.monotonic() - began

    assert (ready.json()["database"], alive.status_code) == ("ok", 200)
    assert took_s < ANSWER_S_MAX
