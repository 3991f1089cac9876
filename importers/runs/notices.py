"""Notices about the result of an import, beside its counts."""

from core.access import Actor
from core.i18n import _
from core.permissions import Permission
from resources.partners import PARTNERS


def import_notices(resource: str, created_count: int, actor: Actor) -> list[str]:
    """Return sentences about the new rows of an import, or of a check, in the current language."""
    if resource == PARTNERS.name and created_count and not actor.can(Permission.PARTNER_CREDIT_EDIT):
        return [_("New partners have a credit limit of 0 until finance sets one, so their orders cannot be submitted.")]
    return []
