"""Choices that a person has: of roles, only those that they may give."""

from dataclasses import replace

from core.access import Actor
from core.permissions import Role
from core.resource import Field, Resource
from services.accounts.users import GRANTS


def choosable(field: Field, resource: Resource, actor: Actor) -> Field:
    """Return ``field`` with the choices ``actor`` has; the service decides again when it is saved."""
    if resource.name != "users" or field.name != "role":
        return field
    grants = GRANTS.get(actor.role, frozenset())
    return replace(
        field, kind=replace(field.kind, choices=tuple(c for c in field.kind.choices if Role(c.value) in grants))
    )
