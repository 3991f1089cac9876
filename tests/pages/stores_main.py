"""The pages of stores behind the real door: for their tests, in this process or in one of its own."""

import os

from nicegui import app, ui

import jobs  # noqa: F401  (registers every job)
import models  # noqa: F401  (maps every table)
from core.database import connect
from core.settings import settings
from pages import grid_endpoint
from pages.front_door import open_front_door
from pages.house.theme import serve_assets
from pages.picture_responses import register_pictures
from pages.staff import register_staff_pages
from pages.store_map import register_store_map
from pages.store_moving import register_store_moving
from pages.store_registration import register_store_registration
from pages.store_review import register_store_review

if os.environ.get("QUDAO_STORES_DATABASE"):
    connect(os.environ["QUDAO_STORES_DATABASE"])
serve_assets(app)
app.include_router(grid_endpoint.router)
register_pictures(app)
register_store_registration()
register_store_review(app)
register_store_moving()
register_store_map(app)
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
