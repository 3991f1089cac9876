"""What the inbox of orders adds to the navigation."""

from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.i18n import N_, _
from core.permissions import Permission
from pages.shell.navigation import Place
from services.approvals.worklist import waiting_count


def waiting_orders(session: Session) -> int | None:
    """Return how many orders wait for the session's person; None for who may not decide."""
    return waiting_count(session, "orders") if actor_of(session).can(Permission.ORDER_APPROVE) else None


PLACES = (
    Place(
        name="approvals",
        label=N_("Waiting for me"),
        href="/approvals",
        icon="approvals",
        group="workbench",
        rank=2,
        permission=Permission.ORDER_APPROVE,
        waiting=waiting_orders,
        waiting_label=lambda actor: _("Orders to decide"),
    ),
)
