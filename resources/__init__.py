"""How each thing of the business appears: labels, order, key, permissions, services. Data only."""

from core.resource import Resource
from resources.customers import CUSTOMERS
from resources.partners import PARTNERS
from resources.users import USERS

ALL: tuple[Resource, ...] = (PARTNERS, CUSTOMERS, USERS)
BY_NAME: dict[str, Resource] = {resource.name: resource for resource in ALL}
