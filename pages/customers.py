"""What customers add to the generic pages."""

from core.i18n import N_
from core.permissions import Permission
from pages.resources.screens import Screen
from pages.shell.navigation import Place
from resources.customers import CUSTOMERS

SCREEN = Screen(
    resource=CUSTOMERS,
    empty_text=N_("Customers are whom you win and look after. Any list will do: columns may be called what you like."),
    first_step=N_("Next come the customers your sales staff look after."),
)

PLACES = (
    Place(
        name="customers",
        label=N_("Customers"),
        href="/customers",
        icon="customers",
        group="workbench",
        rank=4,
        permission=Permission.CUSTOMER_VIEW,
    ),
)
