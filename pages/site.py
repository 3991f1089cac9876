"""The site: every page and route of people, registered in the order that their addresses need, behind its guards.

Routes are matched in the order of registration: what is fixed comes before what takes any key.
"""

import logging

from fastapi import FastAPI

from core.addresses import KeysInPaths
from core.errors import DomainError
from core.process.logs import is_logged
from pages import customers, events, jobs, notifications, products, start, tokens
from pages.applications import inbox as applications_inbox
from pages.applications import screen as applications_screen
from pages.applications.invites import register_invites
from pages.applications.record import register_applications
from pages.apply.entry import register_apply
from pages.approvals import screen as approvals_screen
from pages.approvals.inbox import register_approvals
from pages.approvals.subjects import InboxSubject
from pages.components.base.theme import serve_assets
from pages.imports import screen as imports_screen
from pages.imports.upload import register_importing
from pages.orders import inbox as orders_inbox
from pages.orders import screen as orders_screen
from pages.orders.form import register_order_form
from pages.orders.record import register_orders
from pages.partners import inbox as affiliations_inbox
from pages.partners import screen as partners_screen
from pages.partners.affiliations import register_affiliations
from pages.people import screen as people_screen
from pages.people.invite import register_users
from pages.people.leaving import register_leaving
from pages.people.organisation import register_organisation
from pages.plain import account, set_up, sign_in
from pages.reports import export_endpoint as pivot_export_endpoint
from pages.reports.pivot import register_pivots
from pages.resources import export_endpoint, grid_endpoint, screens, search_endpoint
from pages.resources.form import register_forms
from pages.resources.listing import register_lists
from pages.resources.record import register_records
from pages.resources.screens import Screen
from pages.shell import navigation
from pages.shell.navigation import Place, register_places
from pages.stores import inbox as stores_inbox
from pages.stores import screen as stores_screen
from pages.stores.map_page import register_store_map
from pages.stores.moving import register_store_moving
from pages.stores.registration import register_store_registration
from pages.stores.review import register_store_review
from pages.web.guards import install_guards
from pages.web.pictures import register_pictures
from pages.web.responses import install_page_error_handlers
from pages.web.sockets.guard import guard_sockets
from resources import ALL, BY_NAME

SCREENS: tuple[Screen, ...] = screens.with_defaults(
    (
        *partners_screen.SCREENS,
        customers.SCREEN,
        *products.SCREENS,
        orders_screen.SCREEN,
        *applications_screen.SCREENS,
        stores_screen.SCREEN,
        imports_screen.SCREEN,
        *people_screen.SCREENS,
        tokens.SCREEN,
        events.SCREEN,
    ),
    ALL,
)
"""One for each resource, declared or not; those with a first step in the order a new installation takes them."""
INBOXES: tuple[InboxSubject, ...] = (
    orders_inbox.INBOX,
    applications_inbox.INBOX,
    affiliations_inbox.INBOX,
    stores_inbox.INBOX,
)
"""Subjects of the inbox in the order of their tabs."""
PLACES: tuple[Place, ...] = navigation.places_with_defaults(
    (
        *start.PLACES,
        *approvals_screen.PLACES,
        *orders_screen.PLACES,
        *customers.PLACES,
        *partners_screen.PLACES,
        *applications_screen.PLACES,
        *stores_screen.PLACES,
        *products.PLACES,
        *imports_screen.PLACES,
        *jobs.PLACES,
        *people_screen.PLACES,
        *tokens.PLACES,
        *events.PLACES,
    ),
    ALL,
)
"""All places of the navigation; each says where it stands, and what declares none stands among the data."""


def add_pages(app: FastAPI) -> None:
    """Register the look, every page and route of people, and the guards in front of them on ``app``."""
    serve_assets(app)
    app.include_router(grid_endpoint.router)
    register_importing(app)
    add_report_pages(app)
    add_order_pages()
    register_pictures(app)
    register_apply(app)
    register_applications(app)
    register_invites()
    register_affiliations()
    register_store_registration()
    register_store_review(app)
    register_store_moving()
    register_store_map(app)
    add_staff_pages(app)
    add_access(app)


def add_report_pages(app: FastAPI) -> None:
    """Register the pivots of lists; before every page of records, as ``/RESOURCE/KEY`` takes any key."""
    app.include_router(pivot_export_endpoint.router)
    register_pivots(SCREENS)


def add_order_pages() -> None:
    """Register order form, orders and approvals; after ``register_importing``, whose ``/orders/import`` comes first."""
    register_order_form()
    register_orders()
    register_approvals(INBOXES)


def add_staff_pages(app: FastAPI) -> None:
    """Register the pages that read resources; last of all pages, as ``/RESOURCE/KEY`` takes any key."""
    app.include_router(export_endpoint.router)
    app.include_router(search_endpoint.router)
    register_places(PLACES)
    start.register_start(SCREENS)
    register_lists(SCREENS)
    jobs.register_jobs()
    notifications.register_notifications(app)
    events.register_audit_log()
    tokens.register_tokens()
    register_users()
    register_leaving()
    register_organisation()
    register_forms(SCREENS)
    register_records(SCREENS)


def add_access(app: FastAPI) -> None:
    """Install guards, answers to errors and the pages by which people sign in; before ``ui.run``."""
    app.add_middleware(KeysInPaths, resources=frozenset(BY_NAME))
    install_guards(app)
    install_page_error_handlers(app)
    for router in (sign_in.router, set_up.router, account.router, account.preferences):
        app.include_router(router)
    guard_sockets()
    logging.getLogger("nicegui").addFilter(is_a_bug_or_news)


def is_a_bug_or_news(record: logging.LogRecord) -> bool:
    """Leave out expected errors, which the person has seen already, and second traces."""
    error = record.exc_info[1] if record.exc_info else None
    return error is None or not (isinstance(error, DomainError) or is_logged(error))
