"""The whole product in the process of a test: every page and the API behind the real guards, without a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI
from nicegui import app

from tests.support.simulation import simulation
from tests.support.source import ROOT

HOST = "http://test"
"""The address that the pages answer to: set it as ``QUDAO_PUBLIC_URL``."""


@asynccontextmanager
async def whole_product() -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """Give the application and a client of it, on the database that is connected."""
    async with simulation(ROOT / "tests" / "support" / "product_main.py") as user:
        yield app, user.http_client
