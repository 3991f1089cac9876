"""What stores add to the generic pages."""

from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.i18n import N_, _
from core.permissions import Permission
from pages.resources.screens import Screen
from pages.shell.navigation import Place
from pages.stores._record import store_actions, store_sections
from resources.stores import STORES
from services.approvals.worklist import waiting_count
from services.stores.approval import STORE_APPROVALS

SCREEN = Screen(resource=STORES, record_actions=store_actions, record_sections=store_sections)


def waiting_stores(session: Session) -> int | None:
    """Return how many stores wait for a decision; None for who may not decide."""
    return waiting_count(session, STORE_APPROVALS.name) if actor_of(session).can(Permission.STORE_REVIEW) else None


PLACES = (
    Place(
        name="stores",
        label=N_("Stores"),
        href="/stores",
        icon="stores",
        group="channel",
        rank=5,
        permission=Permission.STORE_VIEW,
    ),
    Place(
        name="store-review",
        label=N_("Stores to review"),
        href="/stores/review",
        icon="check",
        group="channel",
        rank=6,
        permission=Permission.STORE_REVIEW,
        waiting=waiting_stores,
        waiting_label=lambda actor: _("Stores to review"),
    ),
    Place(
        name="store-map",
        label=N_("Store map"),
        href="/stores/map",
        icon="map",
        group="channel",
        rank=7,
        permission=Permission.STORE_VIEW,
    ),
)
