"""Opening the pages: every module that registers pages or routes, and the guards in front of them."""

from fastapi import FastAPI

from pages.applications.invites import register_invites
from pages.applications.record import register_applications
from pages.apply.entry import register_apply
from pages.approvals.inbox import register_approvals
from pages.components.base.theme import serve_assets
from pages.front_door import open_front_door
from pages.imports.upload import register_importing
from pages.orders.form import register_order_form
from pages.orders.record import register_orders
from pages.partners.affiliations import register_affiliations
from pages.resources.grid_endpoint import router as grid
from pages.staff import register_staff_pages
from pages.stores.map_page import register_store_map
from pages.stores.moving import register_store_moving
from pages.stores.registration import register_store_registration
from pages.stores.review import register_store_review
from pages.web.pictures import register_pictures


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
