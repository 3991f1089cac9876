"""Where people can go: the places each actor may see, how much waits there, and the frame around a page."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.access import Actor, Permission, Role
from core.database.sessions import actor_of
from core.i18n import _
from models.accounts.users import ROLE_LABELS
from models.orders import Order, OrderStatus
from pages.components.layout.shell import NavGroup, NavItem, say_counts, shell
from pages.shell.reading import read
from pages.web.identity import current_actor, page_actor
from services.applications.queues import applications_waiting, requests_waiting
from services.stores.review import waiting_count as stores_waiting

SEARCH_URL = "/search.json"
_APPLICATIONS = Permission.APPLICATION_VIEW
_CHANGES = "/affiliation_requests"
_ORGANISATION = Permission.ORGANISATION_VIEW
_STANDS_IN = {"departments": "organisation"}
"""Resource without a place of its own → the place it belongs to."""


def navigation_for(actor: Actor) -> list[NavGroup]:
    """Return the places that ``actor`` may see, in groups; a group without places is left out."""
    groups = [NavGroup(label, [item for item in items if _may_see(actor, item)]) for label, items in _places()]
    return [group for group in groups if group.items]


@asynccontextmanager
async def staff_shell(title: str, *, current: str, fill: bool = False) -> AsyncIterator[Actor]:
    """Draw the frame of a staff page and give the actor it is drawn for; what is drawn inside is the page.

    Args:
        title: Of the browser's tab.
        current: Name of the place in the navigation, or of a resource that belongs to one.
        fill: The page takes exactly the height of the window, and its parts scroll (lists, inboxes).
    """
    actor = page_actor()
    counts = await read(actor, counts_waiting)
    with shell(
        title,
        current=_STANDS_IN.get(current, current),
        actor=actor,
        nav=navigation_for(actor),
        counts=counts,
        role_label=role_label(actor.role),
        fill=fill,
        search_url=SEARCH_URL,
    ):
        yield actor


def waiting_count(session: Session) -> int:
    """Return how many orders wait for a decision that the session's person may take: not her own."""
    person = actor_of(session).person
    waiting = select(func.count()).select_from(Order).where(Order.status == OrderStatus.SUBMITTED.value)
    own = [
        or_(column.is_(None), func.lower(column) != person.lower()) for column in (Order.placed_by, Order.submitted_by)
    ]
    return session.scalar(waiting.where(*own) if person else waiting) or 0


def counts_waiting(session: Session) -> dict[str, int]:
    """Return place of the navigation → how much waits there for the session's person."""
    actor, counts = actor_of(session), {}
    if actor.can(Permission.ORDER_APPROVE):
        counts["approvals"] = waiting_count(session)
    if actor.can(Permission.STORE_REVIEW):
        counts["store-review"] = stores_waiting(session)
    if actor.can(Permission.APPLICATION_VIEW):
        counts["applications"] = applications_waiting(session)
        counts["affiliation_requests"] = requests_waiting(session)
    return counts


async def count_again() -> None:
    """Say in the navigation of this page how much waits now, after something was decided on it."""
    say_counts(await read(await current_actor(), counts_waiting))


def role_label(role: Role) -> str:
    """Return a role as people read it."""
    return _(ROLE_LABELS[role][0])


def _may_see(actor: Actor, item: NavItem) -> bool:
    return item.permission is None or actor.can(item.permission)


def _places() -> Sequence[tuple[str, Sequence[NavItem]]]:
    return (
        (
            _("Workbench"),
            (
                NavItem("start", _("Start"), "/", icon="home"),
                NavItem("approvals", _("Waiting for me"), "/approvals", Permission.ORDER_APPROVE, icon="approvals"),
                NavItem("orders", _("Orders"), "/orders", Permission.ORDER_VIEW, icon="orders"),
                NavItem("customers", _("Customers"), "/customers", Permission.CUSTOMER_VIEW, icon="customers"),
            ),
        ),
        (
            _("Channel"),
            (
                NavItem("partners", _("Partners"), "/partners", Permission.PARTNER_VIEW, icon="partners"),
                NavItem("applications", _("Applications"), "/applications/review", _APPLICATIONS, icon="file"),
                NavItem("invites", _("Invites"), "/invites", Permission.INVITE_EDIT, icon="plus"),
                NavItem("affiliation_requests", _("Changes of upstream"), _CHANGES, _APPLICATIONS, icon="reports"),
                NavItem("stores", _("Stores"), "/stores", Permission.STORE_VIEW, icon="stores"),
                NavItem("store-review", _("Stores to review"), "/stores/review", Permission.STORE_REVIEW, icon="check"),
                NavItem("store-map", _("Store map"), "/stores/map", Permission.STORE_VIEW, icon="map"),
            ),
        ),
        (
            _("Range"),
            (
                NavItem("products", _("Products"), "/products", Permission.PRODUCT_VIEW, icon="products"),
                NavItem("prices", _("Prices"), "/prices", Permission.PRICE_VIEW, icon="prices"),
            ),
        ),
        (
            _("Data"),
            (
                NavItem("imports", _("Imports"), "/imports", Permission.IMPORT_VIEW, icon="imports"),
                NavItem("jobs", _("Jobs"), "/jobs", icon="jobs"),
            ),
        ),
        (
            _("Settings"),
            (
                NavItem("users", _("Users"), "/users", Permission.USER_VIEW, icon="users"),
                NavItem("organisation", _("Organisation"), "/organisation", _ORGANISATION, icon="partners"),
                NavItem("tokens", _("API keys"), "/tokens", Permission.TOKEN_EDIT, icon="key"),
                NavItem("events", _("Audit trail"), "/events", Permission.EVENT_VIEW, icon="events"),
            ),
        ),
    )
