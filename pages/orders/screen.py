"""Orders on the generic pages."""

from core.access import Actor
from core.i18n import N_, _
from core.permissions import Permission
from pages.components.base.buttons import link_button
from pages.resources.screens import OWN_RECORD_AND_FORM, Screen
from pages.shell.navigation import Place
from resources.orders import ORDERS


def draw_import_link(actor: Actor) -> None:
    """Draw the link to the import, with the permission to place orders."""
    if actor.can(Permission.ORDER_PLACE):
        link_button(_("Import"), "/orders/import", testid="action-import")


SCREEN = Screen(
    resource=ORDERS,
    own=OWN_RECORD_AND_FORM,
    can_be_new=True,
    header_actions=draw_import_link,
    empty_text=N_("Orders appear here as soon as somebody places one."),
    first_step=N_("All is ready: place the first order."),
)

PLACES = (
    Place(
        name="orders",
        label=N_("Orders"),
        href="/orders",
        icon="orders",
        group="workbench",
        rank=3,
        permission=Permission.ORDER_VIEW,
    ),
)
