"""Saving of products from forms and worksheets."""

from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.drafts import Drafts
from core.kinds.standard import PPM
from core.permissions import Permission
from models.products import Product, ProductStatus
from services.saving.lookups import match_keys
from services.saving.plans import Plan, Rows, Saved, SaveOptions
from services.saving.rows import save_rows

STANDARD_TAX_RATE_PPM = 13 * PPM // 100  # of general goods
PLAN = Plan(
    subject="products",
    model=Product,
    keys=("sku",),
    columns=(
        "sku", "name", "category", "unit", "box_units", "minimum_quantity", "barcode", "tax_rate_ppm", "status",
    ),
    required=("name",),
    defaults={
        "unit": "件",
        "box_units": 1,
        "minimum_quantity": 1,
        "tax_rate_ppm": STANDARD_TAX_RATE_PPM,
        "status": ProductStatus.ACTIVE.value,
    },
)  # fmt: skip
MATCHES = {"sku": Product.sku, "barcode": Product.barcode, "name": Product.name}


def save_products(session: Session, drafts: Drafts, options: SaveOptions) -> Saved:
    """Add products that are new, change those that differ. What was ordered before keeps its snapshot.

    Raises:
        NotPermitted: The actor may not edit products.
        Conflict: ``rows.changed_meanwhile``.
    """
    actor_of(session).require(Permission.PRODUCT_EDIT)
    drafts, problems = match_keys(session, PLAN, drafts, options, MATCHES)
    columns = {"tax_rate_ppm" if name == "tax_rate" else name: values for name, values in drafts.columns.items()}
    saved = save_rows(session, PLAN, Rows(drafts.rows, drafts.columns["sku"], columns), options)
    saved.problems = sorted([*problems, *saved.problems], key=lambda problem: problem.row)
    return saved
