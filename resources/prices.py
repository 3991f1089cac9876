"""How prices appear."""

from core.i18n import N_
from core.kinds.standard import DAY, INSTANT, UNIT_PRICE
from core.permissions import Permission
from core.resource import Field, Resource
from models.orders import SKU
from models.partners.tiers import TIER
from models.prices import Price
from services.products.prices import save_prices

PRICES = Resource(
    name="prices",
    label=N_("Prices"),
    title=N_("Price"),
    model=Price,
    keys=("sku", "tier", "valid_from"),
    view=Permission.PRICE_VIEW,
    edit=Permission.PRICE_EDIT,
    save=save_prices,
    order=("sku", "tier", "-valid_from"),
    fields=(
        Field(name="sku", label=N_("SKU"), kind=SKU, column=Price.product_id, required=True, example="QH-500"),
        Field(name="tier", label=N_("Tier"), kind=TIER, column=Price.tier, required=True, example="agent_1"),
        Field(
            name="unit_price",
            label=N_("Unit price (yuan, with tax)"),
            kind=UNIT_PRICE,
            column=Price.unit_price,
            required=True,
            example="9.0833",
            section="terms",
            synonyms="单价|价格|含税单价|进货价|供货价|拿货价|批发价|出厂价|代理价|price|unit price|list price",
        ),
        Field(
            name="valid_from",
            label=N_("Valid from"),
            kind=DAY,
            column=Price.valid_from,
            required=True,
            example="2026-01-01",
            section="terms",
        ),
        Field(
            name="valid_to",
            label=N_("Valid until before"),
            kind=DAY,
            column=Price.valid_to,
            example="2027-01-01",
            section="terms",
            synonyms="失效日期|结束日期|截止日期|到期日|end date",
        ),
        Field(name="created_at", label=N_("Created"), kind=INSTANT, column=Price.created_at, stated=False),
        Field(name="updated_at", label=N_("Changed"), kind=INSTANT, column=Price.updated_at, stated=False, seldom=True),
    ),
)
