"""How each thing of the business appears: labels, order, key, permissions, services. Data only."""

from core.resource import Resource
from resources.affiliation_requests import AFFILIATION_REQUESTS
from resources.applications import APPLICATIONS
from resources.customers import CUSTOMERS
from resources.departments import DEPARTMENTS
from resources.events import EVENTS
from resources.imports import IMPORTS
from resources.invites import INVITES
from resources.orders import ORDERS
from resources.partners import PARTNERS
from resources.prices import PRICES
from resources.products import PRODUCTS
from resources.stores import STORES
from resources.tokens import TOKENS
from resources.users import USERS

ALL: tuple[Resource, ...] = (
    PARTNERS,
    APPLICATIONS,
    INVITES,
    AFFILIATION_REQUESTS,
    STORES,
    CUSTOMERS,
    PRODUCTS,
    PRICES,
    ORDERS,
    IMPORTS,
    USERS,
    DEPARTMENTS,
    TOKENS,
    EVENTS,
)
BY_NAME: dict[str, Resource] = {resource.name: resource for resource in ALL}
SHEETS: dict[str, Resource] = {one.name: one.worksheet or one for one in ALL}
"""Name of each resource → what its worksheets hold: its own rows, or others in their place."""
EXPORTED: dict[str, Resource] = BY_NAME | {one.worksheet.name: one.worksheet for one in ALL if one.worksheet}
"""Whatever can be exported, by name."""
