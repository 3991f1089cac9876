"""The product, or a part of it, in the process of a test: the framework's simulation without what makes it slow."""

import gc
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from fastapi.dependencies import models as dependencies
from nicegui import Client, app
from nicegui.testing import User, general
from nicegui.testing.user_simulation import user_simulation

COLLECT_EVERY = 50
_calls = itertools.count(1)


def collect_seldom() -> None:
    """Collect garbage at one of ``COLLECT_EVERY`` calls, and look no more at what is left then.

    The framework collects twice per test, each time through all that lives as long as the process.
    """
    if next(_calls) % COLLECT_EVERY == 0:
        gc.collect()
        gc.freeze()


@asynccontextmanager
async def simulation(main_file: Path) -> AsyncIterator[User]:
    """Give a client of the pages that a main file registers; their modules are imported once per worker."""
    before = app.router.lifespan_context  # each router that is included wraps it once more
    try:
        with mock.patch.object(general, "gc", SimpleNamespace(collect=collect_seldom)):
            async with user_simulation(main_file=main_file) as user:
                yield user
                Client.page_routes.clear()  # else the framework takes the modules of our pages out of sys.modules
    finally:
        app.router.lifespan_context = before
        _forget_endpoints()


def _forget_endpoints() -> None:
    """Empty what FastAPI remembers of each function it has served: every test registers functions of its own."""
    for classify in (
        dependencies._is_gen_callable_cached,
        dependencies._is_async_gen_callable_cached,
        dependencies._is_coroutine_callable_cached,
    ):
        classify.cache_clear()
