"""The frame of a product with a few pages only: for tests that need no more, in this process or in one of its own."""

import os
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from nicegui import app, ui

import jobs  # noqa: F401  (registers every job)
import models  # noqa: F401  (maps every table)
from core.database.sessions import connect
from core.settings import settings
from pages.components.base.theme import serve_assets
from pages.resources import grid_endpoint
from pages.site import add_access

Register = Callable[[FastAPI], object]


def serve_small_product(*registers: Register) -> None:
    """Serve pages behind the real door, with the rows of their lists.

    In a process of its own it opens the database of ``QUDAO_DATABASE_URL``, else the one the tests have opened.

    Args:
        registers: Each registers some pages, in the order that their addresses need.
    """
    if "QUDAO_DATABASE_URL" in os.environ:
        connect(os.environ["QUDAO_DATABASE_URL"])
    serve_assets(app)
    app.include_router(grid_endpoint.router)
    for register in registers:
        register(app)
    add_access(app)
    run_pages(settings().port)


def run_pages(port: int, **options: Any) -> None:
    """Start NiceGUI as the product does; in a test's own process it only takes note of the pages."""
    ui.run(
        host="127.0.0.1",
        port=port,
        show=False,
        reload=False,
        tailwind=False,
        dark=None,
        server_header=False,
        show_welcome_message=False,
        **options,
    )
