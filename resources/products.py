"""How products appear."""

from core.i18n import N_
from core.kinds.standard import CODE, INSTANT, LINE, NAME, PPM, RATE, choice, choices_of, code, integer, text
from core.permissions import Permission
from core.resource import Field, Resource
from models.products import BARCODE_LENGTH_MAX, STATUS_LABELS, UNIT_LENGTH_MAX, Product, ProductStatus
from services.saving.plain import with_plain_save

UNITS = integer(1, 10**6)
STANDARD_TAX_RATE_PPM = 13 * PPM // 100  # of general goods

PRODUCTS = with_plain_save(
    Resource(
        name="products",
        label=N_("Products"),
        title=N_("Product"),
        model=Product,
        keys=("sku",),
        view=Permission.PRODUCT_VIEW,
        edit=Permission.PRODUCT_EDIT,
        order=("sku",),
        match=("sku", "barcode", "name"),
        search_rank=5,
        fields=(
            Field(name="sku", label=N_("SKU"), kind=CODE, column=Product.sku, required=True, example="QH-500"),
            Field(
                name="name",
                label=N_("Product name"),
                kind=NAME,
                column=Product.name,
                required=True,
                example="青禾燕麦奶 500ml",
            ),
            Field(
                name="category",
                label=N_("Category"),
                kind=LINE,
                column=Product.category,
                example="饮料",
                width=140,
                synonyms="分类|类别|品类|品类名称|商品分类|商品类别|产品分类|产品类别|product category|category name",
            ),
            Field(
                name="unit", label=N_("Unit"), kind=text(UNIT_LENGTH_MAX), column=Product.unit, example="瓶", width=80
            ),
            Field(
                name="box_units",
                label=N_("Units per box"),
                kind=UNITS,
                column=Product.box_units,
                example="12",
                synonyms="箱规|箱装量|装箱数|装箱规格|每箱数量|每件数量|入数|件/箱|units per box|pack size|case pack",
            ),
            Field(
                name="minimum_quantity",
                label=N_("Minimum order (units)"),
                kind=UNITS,
                column=Product.minimum_quantity,
                example="24",
                synonyms="起订量|起订数量|最小起订量|最小订货量|最低订货量|moq|minimum order quantity",
            ),
            Field(
                name="barcode",
                label=N_("Barcode"),
                kind=code(BARCODE_LENGTH_MAX),
                column=Product.barcode,
                example="6901234567892",
                seldom=True,
                synonyms="条码|条形码|69码|商品条码|产品条码|国际条码|ean|gtin|upc",
            ),
            Field(
                name="tax_rate",
                label=N_("Tax rate"),
                kind=RATE,
                column=Product.tax_rate_ppm,
                example="0.13",
                section="terms",
                synonyms="税率|增值税率|vat",
            ),
            Field(
                name="status",
                label=N_("Status"),
                kind=choice(*choices_of(STATUS_LABELS)),
                column=Product.status,
                example="active",
            ),
            Field(name="created_at", label=N_("Created"), kind=INSTANT, column=Product.created_at, stated=False),
            Field(
                name="updated_at",
                label=N_("Changed"),
                kind=INSTANT,
                column=Product.updated_at,
                stated=False,
                seldom=True,
            ),
        ),
    ),
    defaults={
        "unit": "件",
        "box_units": 1,
        "minimum_quantity": 1,
        "tax_rate_ppm": STANDARD_TAX_RATE_PPM,
        "status": ProductStatus.ACTIVE.value,
    },
)
