"""Opening the pages: every module that registers pages or routes, and the guards in front of them."""

from fastapi import FastAPI

from pages import grid_endpoint
from pages.front_door import open_front_door
from pages.house.theme import serve_assets


def open_pages(app: FastAPI) -> None:
    """Register the look, the guards, and every page and route of people on ``app``, the specific ones first."""
    serve_assets(app)
    app.include_router(grid_endpoint.router)
    open_front_door(app)
