"""Ordering and deciding behind the real door: for its tests, in this process."""

from nicegui import app, ui

import jobs  # noqa: F401  (registers every job)
import models  # noqa: F401  (maps every table)
from core.settings import settings
from pages import grid_endpoint
from pages.front_door import open_front_door
from pages.house.theme import serve_assets
from pages.importing import register_importing
from pages.ordering import register_ordering
from pages.staff import register_staff_pages

serve_assets(app)
app.include_router(grid_endpoint.router)
register_importing(app)
register_ordering()
register_staff_pages(app)
open_front_door(app)
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
