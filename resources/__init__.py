"""How each thing of the business appears: labels, order, key, permissions, services. Data only.

A module in this folder that declares a ``Resource`` is part of the product: there is no list to add it to.
"""

from sqlalchemy.orm import Session

from core.resource import Resource
from core.resource_registry import Snapshot, register, snapshot_of
from resources._modules import declared

ALL: tuple[Resource, ...] = declared()
"""Every resource, by name."""
BY_NAME: dict[str, Resource] = {resource.name: resource for resource in ALL}
SHEETS: dict[str, Resource] = {one.name: one.worksheet or one for one in ALL}
"""Name of each resource → what its worksheets hold: its own rows, or others in their place."""
EXPORTED: dict[str, Resource] = BY_NAME | {one.worksheet.name: one.worksheet for one in ALL if one.worksheet}
"""Whatever can be exported, by name."""
register(EXPORTED.values())
_DECLARED = Snapshot(0, BY_NAME)


def current(session: Session) -> Snapshot:
    """Return the resources there are, the same for as long as the session lives; a door takes them once per request."""
    return snapshot_of(session, _DECLARED)
