"""What the inbox adds to the navigation."""

from core.i18n import N_, _
from core.permissions import Permission
from pages.shell.navigation import Place
from services.approvals.worklist import waiting_total

PLACES = (
    Place(
        name="approvals",
        label=N_("Waiting for me"),
        href="/approvals",
        icon="approvals",
        group="workbench",
        rank=2,
        permission=(
            Permission.ORDER_APPROVE,
            Permission.APPLICATION_DECIDE,
            Permission.APPLICATION_CONFIRM,
            Permission.STORE_REVIEW,
        ),
        waiting=waiting_total,
        waiting_label=lambda actor: _("All that waits for me"),
    ),
)
