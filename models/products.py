"""Products and the quantities in which they are sold."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ColumnElement, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import code_text
from core.database.sessions import EVERYONE, Base
from core.database.versioned import Versioned
from core.i18n import N_
from core.kinds.standard import CODE_LENGTH_MAX, NAME_LENGTH_MAX

UNIT_LENGTH_MAX = 20
BARCODE_LENGTH_MAX = 32


class ProductStatus(StrEnum):
    """Whether a product can be ordered."""

    ACTIVE = "active"
    INACTIVE = "inactive"


STATUS_LABELS: dict[StrEnum, tuple[str, str]] = {
    ProductStatus.ACTIVE: (N_("Active"), "approved"),
    ProductStatus.INACTIVE: (N_("Inactive"), "done"),
}


class Product(Versioned, Base):
    """Something that can be ordered.

    Attributes:
        sku: Stock keeping unit, as people write it.
        unit: What one of it is called, e.g. 件 or 瓶.
        box_units: Units in a box; orders are for whole boxes.
        minimum_quantity: Units that one order line must have at least.
        tax_rate_ppm: Value added tax contained in prices, in parts per million.
    """

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("box_units >= 1", name="box_units_positive"),
        CheckConstraint("minimum_quantity >= 1", name="minimum_quantity_positive"),
        CheckConstraint("tax_rate_ppm BETWEEN 0 AND 1000000", name="tax_rate_is_a_share"),
        Index("ix_products_name", "name"),
        Index("ix_products_barcode", "barcode"),
    )

    sku: Mapped[str] = mapped_column(code_text(CODE_LENGTH_MAX), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    category: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    unit: Mapped[str] = mapped_column(String(UNIT_LENGTH_MAX))
    box_units: Mapped[int]
    minimum_quantity: Mapped[int]
    barcode: Mapped[str | None] = mapped_column(code_text(BARCODE_LENGTH_MAX))
    tax_rate_ppm: Mapped[int]
    status: Mapped[str] = mapped_column(code_text(20))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Everyone sees the whole range; what a product costs is another matter, see ``models.prices``."""
        return EVERYONE
