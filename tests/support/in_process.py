"""The whole product in the process of a test: every page and the API behind the real guards, without a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI
from nicegui import Client, app
from nicegui.testing.user_simulation import user_simulation

from tests.support.source import ROOT

HOST = "http://test"
"""The address that the pages answer to: set it as ``QUDAO_PUBLIC_URL``."""


@asynccontextmanager
async def whole_product() -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """Give the application and a client of it, on the database that is connected."""
    before = app.router.lifespan_context  # each router that is included wraps it once more
    try:
        async with user_simulation(main_file=ROOT / "tests" / "support" / "product_main.py") as user:
            yield app, user.http_client
            Client.page_routes.clear()  # else the framework takes the modules of our pages out of sys.modules
    finally:
        app.router.lifespan_context = before
