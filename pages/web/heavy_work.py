"""Heavy work within a request: in a few dedicated threads, cancelled when the client disconnects."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from core.access import Actor
from core.throttling.capacity import DOWNLOADS, LISTS, Capacity
from pages.web.identity import require_actor

T = TypeVar("T")


def caller_of(actor: Actor) -> str:
    """Return the name under which concurrent work of an actor is counted."""
    return actor.person or actor.name


async def limit_downloads_of_person(request: Request) -> AsyncIterator[None]:
    """Count a request among the downloads of its person until its answer is sent: a dependency. Raises as ``slot``."""
    async with DOWNLOADS.slot(caller_of(require_actor(request))):
        yield


async def limit_lists_of_person(request: Request) -> AsyncIterator[None]:
    """Count a request among the lists of its person until its answer is sent: a dependency. Raises as ``slot``."""
    async with LISTS.slot(caller_of(require_actor(request))):
        yield


async def run_heavy(capacity: Capacity, caller: str, work: Callable[[], T]) -> T:
    """Run ``work`` in a thread of its own as soon as ``capacity`` has a place. Raises as ``Capacity.slot``."""
    async with capacity.slot(caller):
        return await _in_thread(work)


async def run_while_connected(
    request: Request, capacity: Capacity, caller: str, work: Callable[[Callable[[], None]], T]
) -> T:
    """Run ``work(check)`` as ``run_heavy`` does, for as long as the client of ``request`` is there.

    Args:
        request: Its body has been read, or it has none.
        capacity: Admission to the work.
        caller: See ``Capacity.slot``.
        work: Calls ``check`` now and then, which raises ``ClientDisconnect`` when the client is gone.

    Raises:
        ClientDisconnect: The client is gone.
        CallerLimit, CapacityFull: As ``Capacity.slot``.
    """
    gone = threading.Event()

    def check() -> None:
        if gone.is_set():
            raise ClientDisconnect

    async with AsyncExitStack() as stack:
        entering = asyncio.create_task(stack.enter_async_context(capacity.slot(caller)))
        watching = asyncio.create_task(_watch(request, gone, entering))
        try:
            await asyncio.wait({entering})
            if entering.cancelled():
                raise ClientDisconnect
            entering.result()
            return await _in_thread(lambda: work(check))
        finally:
            watching.cancel()
            entering.cancel()


async def _in_thread(work: Callable[[], T]) -> T:
    return await to_thread.run_sync(work, limiter=CapacityLimiter(1))  # the place is the limit


async def _watch(request: Request, gone: threading.Event, entering: "asyncio.Task[None]") -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    gone.set()
    entering.cancel()
