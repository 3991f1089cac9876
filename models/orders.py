"""Orders of partners: header, lines and statuses."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, inspect, join
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from core.access import Actor
from core.database.columns import Cents, Id, PathKey, code_text
from core.database.paths import visible_within
from core.database.sessions import Base
from core.database.versioned import Versioned
from core.i18n import N_
from core.kinds.kind import Choice, Kind
from core.kinds.standard import CODE_LENGTH_MAX, NAME_LENGTH_MAX, NOTE_LENGTH_MAX, choice, reference
from models.partners.partners import Partner
from models.products import Product

PERSON_LENGTH_MAX = 200


class OrderStatus(StrEnum):
    """Status of an order."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    SHIPPED = "shipped"


STATUS_LABELS: dict[StrEnum, tuple[str, str]] = {
    OrderStatus.DRAFT: (N_("Draft"), "draft"),
    OrderStatus.SUBMITTED: (N_("Submitted"), "pending"),
    OrderStatus.APPROVED: (N_("Approved"), "approved"),
    OrderStatus.REJECTED: (N_("Rejected"), "rejected"),
    OrderStatus.SHIPPED: (N_("Shipped"), "shipped"),
}

NEXT_STATUSES: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.DRAFT: frozenset({OrderStatus.SUBMITTED}),
    OrderStatus.SUBMITTED: frozenset({OrderStatus.DRAFT, OrderStatus.APPROVED, OrderStatus.REJECTED}),
    OrderStatus.APPROVED: frozenset({OrderStatus.SHIPPED}),
    OrderStatus.REJECTED: frozenset(),
    OrderStatus.SHIPPED: frozenset(),
}

USES_CREDIT = (OrderStatus.SUBMITTED.value, OrderStatus.APPROVED.value, OrderStatus.SHIPPED.value)
"""Statuses in which an order uses its buyer's credit."""


class LineUnit(StrEnum):
    """What the quantity of a line counts."""

    UNIT = "unit"
    BOX = "box"


BUYER = reference("partners", Partner.code, Partner.name)
SKU = reference("products", Product.sku, Product.name)
LINE_UNIT: Kind = choice(Choice(LineUnit.UNIT.value, N_("Piece")), Choice(LineUnit.BOX.value, N_("Box")))


def _whole(column: str) -> CheckConstraint:
    """Return the check that SQLite, which takes any value anywhere, holds a whole number in ``column``."""
    return CheckConstraint(f"typeof({column}) = 'integer'", name=f"{column}_is_whole").ddl_if(dialect="sqlite")


class Order(Versioned, Base):
    """A purchase by one partner. Amounts are in cents, tax included.

    Attributes:
        path: The buyer's path key.
        ship_to_region: Adcode.
        content_sha256: Digest of what is ordered, to whom it goes and what it costs: what a decision is about.
        placed_by, submitted_by, decided_by, shipped_by: Persons, see ``Actor.person``.
        created_at: When it was placed.
    """

    __tablename__ = "orders"
    follows_branch = True
    __table_args__ = (
        CheckConstraint("total_cents >= 0", name="total_not_negative"),
        CheckConstraint("tax_cents >= 0 AND tax_cents <= total_cents", name="tax_within_total"),
        _whole("total_cents"),
        _whole("tax_cents"),
        Index("ix_orders_path", "path", "created_at", "total_cents", "id"),  # a branch without its orders' own rows
        Index("ix_orders_buyer_id", "buyer_id", "created_at", "id"),
        Index("ix_orders_status", "status", "created_at", "id"),
        Index("ix_orders_total_cents", "total_cents", "id"),
        # the orders of a list by time or number, counted through without their own rows
        Index("ix_orders_created_at", "created_at", "id", "path", "status", "total_cents"),
        Index("ix_orders_number", "number", "id", "path", "status", "total_cents"),
    )

    number: Mapped[str] = mapped_column(code_text(CODE_LENGTH_MAX), unique=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    path: Mapped[PathKey]
    status: Mapped[str] = mapped_column(code_text(20))
    ship_to_name: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    ship_to_phone: Mapped[str | None] = mapped_column(String(16))
    ship_to_region: Mapped[str | None] = mapped_column(code_text(6))
    ship_to_address: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    note: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    total_cents: Mapped[Cents]
    tax_cents: Mapped[Cents]
    content_sha256: Mapped[str] = mapped_column(code_text(64))
    placed_by: Mapped[str] = mapped_column(String(PERSON_LENGTH_MAX))
    submitted_by: Mapped[str | None] = mapped_column(String(PERSON_LENGTH_MAX))
    submitted_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(PERSON_LENGTH_MAX))
    decided_at: Mapped[datetime | None]
    shipped_by: Mapped[str | None] = mapped_column(String(PERSON_LENGTH_MAX))
    shipped_at: Mapped[datetime | None]

    buyer: Mapped[Partner] = relationship(lazy="raise")
    lines: Mapped[list["OrderLine"]] = relationship(lazy="raise", order_by="OrderLine.line", viewonly=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Brand staff see all orders, partners what they and those below them bought."""
        return visible_within(cls.path, actor)


class OrderLine(Base):
    """One product of an order, with the price as it was when the order was last priced.

    Attributes:
        line: Place in the order, from 1.
        sku, name: Of the product when it was priced.
        quantity: As stated, in ``unit``. units: the same in single units, what the price is for.
        unit_price: Whole number at 4 decimals of a yuan, tax included. price_valid_from: which price it was.
        total_cents: Units × unit price, rounded once, half away from zero. tax_cents: the tax contained in it.
    """

    __tablename__ = "order_lines"
    follows_branch = True
    __table_args__ = (
        CheckConstraint("quantity > 0 AND units > 0", name="quantity_positive"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        CheckConstraint("tax_cents >= 0 AND tax_cents <= total_cents", name="tax_within_total"),
        _whole("unit_price"),
        _whole("total_cents"),
        _whole("tax_cents"),
        Index("uq_order_lines_order_id_line", "order_id", "line", unique=True),
        Index("ix_order_lines_product_id", "product_id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    line: Mapped[int]
    path: Mapped[PathKey]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    sku: Mapped[str] = mapped_column(code_text(CODE_LENGTH_MAX))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    quantity: Mapped[int]
    unit: Mapped[str] = mapped_column(code_text(10))
    units: Mapped[int]
    unit_price: Mapped[int]
    price_valid_from: Mapped[date]
    tax_rate_ppm: Mapped[int]
    total_cents: Mapped[Cents]
    tax_cents: Mapped[Cents]

    product: Mapped[Product] = relationship(lazy="raise", viewonly=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: visible with the order."""
        return visible_within(cls.path, actor)


_orders: Any = inspect(Order).local_table
_lines: Any = inspect(OrderLine).local_table


class OrderRow(Base):
    """A line together with its order, for reading: one row of a worksheet of orders. Never written."""

    __table__ = join(_lines, _orders, _lines.c.order_id == _orders.c.id)
    __mapper_args__ = {"primary_key": [_lines.c.id], "eager_defaults": False}  # noqa: RUF012  (SQLAlchemy reads it)

    id = column_property(_lines.c.id)
    order_id = column_property(_lines.c.order_id, _orders.c.id)
    path = column_property(_lines.c.path)
    order_path = column_property(_orders.c.path)
    total_cents = column_property(_lines.c.total_cents)
    tax_cents = column_property(_lines.c.tax_cents)
    order_total_cents = column_property(_orders.c.total_cents)
    order_tax_cents = column_property(_orders.c.tax_cents)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: visible with the order."""
        return visible_within(cls.path, actor)
