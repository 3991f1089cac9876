"""Opening the pages: every module that registers pages or routes, and the guards in front of them."""

from fastapi import FastAPI

from pages.affiliations import register_affiliations
from pages.applications import register_applications
from pages.apply import register_apply
from pages.approvals import register_approvals
from pages.front_door import open_front_door
from pages.grid_endpoint import router as grid
from pages.house.theme import serve_assets
from pages.importing import register_importing
from pages.invites import register_invites
from pages.order_form import register_order_form
from pages.orders import register_orders
from pages.picture_responses import register_pictures
from pages.staff import register_staff_pages
from pages.store_map import register_store_map
from pages.store_moving import register_store_moving
from pages.store_registration import register_store_registration
from pages.store_review import register_store_review


def open_pages(app: FastAPI) -> None:
    """Register the look, the guards, and every page and route of people on ``app``, the specific ones first."""
    serve_assets(app)
    app.include_router(grid)
    register_importing(app)
    register_order_form()
    register_orders()
    register_approvals()
    register_pictures(app)
    register_apply(app)
    register_applications(app)
    register_invites()
    register_affiliations()
    register_store_registration()
    register_store_review(app)
    register_store_moving()
    register_store_map(app)
    register_staff_pages(app)
    open_front_door(app)
