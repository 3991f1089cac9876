"""Nobody takes all of one kind of work: each caller has a share, who waits gets a turn, and the rest is refused."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from core.errors import DomainError
from core.throttling.capacity import (
    CONNECTIONS_MAX,
    CONNECTIONS_RESERVED,
    EXPORT_THREADS,
    REQUEST_THREADS,
    WORKBOOK_THREADS,
    CallerLimit,
    Capacity,
    CapacityFull,
    Limits,
)


def capacity(*, wait_s_max: float = 30, **changed: int) -> Capacity:
    limits = {"running_max": 3, "waiting_max": 3, "caller_running_max": 2, "caller_waiting_max": 1} | changed
    return Capacity(Limits(**limits, wait_s_max=wait_s_max), "Enough.")


async def held(work: Capacity, *callers: str) -> AsyncExitStack:
    stack = AsyncExitStack()
    for caller in callers:
        await stack.enter_async_context(work.slot(caller))
    return stack


async def waiting(work: Capacity, caller: str, order: list[str]) -> "asyncio.Task[None]":
    async def work_once() -> None:
        async with work.slot(caller):
            order.append(caller)

    task = asyncio.create_task(work_once())
    await asyncio.sleep(0)
    return task


async def refused(work: Capacity, caller: str) -> DomainError:
    with pytest.raises(DomainError) as error:
        async with work.slot(caller):
            pass
    return error.value


async def test_a_caller_runs_some_lets_some_wait_and_is_refused_more_in_words():
    work, order = capacity(), []
    stack = await held(work, "wei", "wei")
    third = await waiting(work, "wei", order)

    error = await refused(work, "wei")

    assert (type(error), error.status, error.code, error.text) == (CallerLimit, 429, "capacity.caller", "Enough.")
    assert error.retry_after_s > 0
    assert order == []
    await stack.aclose()
    await third
    assert order == ["wei"]


async def test_one_who_waits_for_work_of_their_own_holds_up_nobody_else():
    work, order = capacity(), []
    stack = await held(work, "wei", "wei")
    third = await waiting(work, "wei", order)

    async with work.slot("mei"):
        assert order == []

    await stack.aclose()
    await third


async def test_all_together_have_a_limit_and_who_waits_gets_the_turns_in_order():
    work, order = capacity(), []
    stack = await held(work, "a", "b", "c")
    tasks = [await waiting(work, caller, order) for caller in ("d", "e", "f")]

    error = await refused(work, "g")
    await stack.aclose()
    await asyncio.gather(*tasks)

    assert (type(error), error.status, error.code) == (CapacityFull, 503, "capacity.full")
    assert order == ["d", "e", "f"]


async def test_a_wait_ends_and_takes_no_place():
    work = capacity(wait_s_max=0.01)
    stack = await held(work, "a", "b", "c")

    error = await refused(work, "d")
    await stack.aclose()

    assert error.code == "capacity.full"
    await (await held(work, "a", "b", "c")).aclose()


async def test_one_who_gives_up_waiting_takes_no_place():
    work, order = capacity(), []
    stack = await held(work, "a", "b", "c")
    gone = await waiting(work, "d", order)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)

    await stack.aclose()

    assert order == []
    await (await held(work, "d", "e", "f")).aclose()


async def test_a_turn_that_comes_as_one_gives_up_goes_to_the_next():
    work, order = capacity(), []
    stack = await held(work, "a", "b", "c")
    gone = await waiting(work, "d", order)
    await stack.aclose()  # the turn is given, and not taken yet
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)

    assert order == []
    await (await held(work, "d", "e", "f")).aclose()


async def test_work_that_fails_gives_its_place_back():
    work = capacity()
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            async with work.slot("wei"):
                raise ZeroDivisionError

    await (await held(work, "wei", "wei")).aclose()


def test_who_has_a_thread_finds_a_connection(database):
    connections_max = database.pool.size() + database.pool._max_overflow

    assert connections_max == CONNECTIONS_MAX
    assert connections_max >= REQUEST_THREADS + EXPORT_THREADS + WORKBOOK_THREADS + CONNECTIONS_RESERVED
