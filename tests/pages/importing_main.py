"""Importing behind the real door: for its tests, in this process or, with a worker, in one of its own."""

import os
import threading

from nicegui import app, ui

import jobs  # noqa: F401  (registers every job)
import models  # noqa: F401  (maps every table)
from core.database import connect
from core.jobs import work
from core.settings import settings
from pages import grid_endpoint
from pages.front_door import open_front_door
from pages.house.theme import serve_assets
from pages.importing import register_importing
from pages.staff import register_staff_pages

serve_assets(app)
app.include_router(grid_endpoint.router)
open_front_door(app)
register_importing(app)
register_staff_pages(app)
if os.environ.get("QUDAO_IMPORTING_DATABASE"):
    connect(os.environ["QUDAO_IMPORTING_DATABASE"])
    threading.Thread(target=work, args=(threading.Event(),), daemon=True).start()
ui.run(
    host="127.0.0.1",
    port=settings().port,
    show=False,
    reload=False,
    tailwind=False,
    dark=None,
    server_header=False,
    show_welcome_message=False,
)
