"""Prices: what a partner of a tier pays the brand for one unit, from which day to which."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, and_, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import code_text
from core.database.sessions import EVERYONE, NOBODY, Base
from core.database.versioned import Versioned
from models.partners.partners import Partner


class Price(Versioned, Base):
    """The price of a product for a tier.

    Periods may overlap: on any day the price that began last holds. So a new price supersedes an older one from its
    first day, and a promotion with an end gives way to the older price again.

    Attributes:
        unit_price: Whole number at 4 decimals of a yuan, tax included.
        valid_from: First day. valid_to: first day after; None while it lasts.
    """

    __tablename__ = "prices"
    __table_args__ = (
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        CheckConstraint("valid_to > valid_from", name="days_in_order"),
        Index("uq_prices_product_id_tier_valid_from", "product_id", "tier", "valid_from", unique=True),
    )

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    tier: Mapped[str] = mapped_column(code_text(20))
    unit_price: Mapped[int]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Brand staff see all prices, a partner those of its own tier: what others pay is not its business."""
        if actor.is_brand:
            return EVERYONE
        if actor.partner_id is None:
            return NOBODY
        return cls.tier == select(Partner.tier).where(Partner.id == actor.partner_id).scalar_subquery()

    @classmethod
    def holds_on(cls, day: Any) -> ColumnElement[bool]:
        """Return the condition that a price's period contains a day; of several the one that began last holds."""
        return and_(cls.valid_from <= day, or_(cls.valid_to.is_(None), cls.valid_to > day))
