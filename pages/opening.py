"""Opening the pages: every module that registers pages or routes, and the guards in front of them."""

from fastapi import FastAPI

from pages.approvals import register_approvals
from pages.front_door import open_front_door
from pages.grid_endpoint import router as grid
from pages.house.theme import serve_assets
from pages.importing import register_importing
from pages.order_form import register_order_form
from pages.orders import register_orders
from pages.staff import register_staff_pages


def open_pages(app: FastAPI) -> None:
    """Register the look, the guards, and every page and route of people on ``app``, the specific ones first."""
    serve_assets(app)
    app.include_router(grid)
    register_importing(app)
    register_order_form()
    register_orders()
    register_approvals()
    register_staff_pages(app)
    open_front_door(app)
