"""Products and prices on the generic pages."""

from core.i18n import N_
from core.permissions import Permission
from pages.resources.screens import Screen
from pages.shell.navigation import Place
from resources.prices import PRICES
from resources.products import PRODUCTS

SCREENS = (
    Screen(
        resource=PRODUCTS,
        empty_text=N_("Products are what partners order. Import your catalogue, or add the first one by hand."),
        first_step=N_("Now what you sell: number, name, unit, box."),
    ),
    Screen(
        resource=PRICES,
        empty_text=N_(
            "A price says what a tier pays for a product, and from which day. Without prices nothing can be ordered."
        ),
        first_step=N_("Then what each tier pays. Without a price nothing can be ordered."),
    ),
)

PLACES = (
    Place(
        name="products",
        label=N_("Products"),
        href="/products",
        icon="products",
        group="range",
        rank=1,
        permission=Permission.PRODUCT_VIEW,
    ),
    Place(
        name="prices",
        label=N_("Prices"),
        href="/prices",
        icon="prices",
        group="range",
        rank=2,
        permission=Permission.PRICE_VIEW,
    ),
)
