"""Customers and leads, and their stage."""

from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import PathKey, code_text
from core.database.paths import visible_within
from core.database.sessions import Base
from core.database.versioned import Versioned
from core.i18n import N_
from core.kinds.standard import CODE_LENGTH_MAX, NAME_LENGTH_MAX, NOTE_LENGTH_MAX


class CustomerStage(StrEnum):
    """Stage of a customer's life cycle."""

    LEAD = "lead"
    CONTACTED = "contacted"
    NEGOTIATING = "negotiating"
    WON = "won"
    LOST = "lost"


STAGE_LABELS: dict[StrEnum, tuple[str, str]] = {
    CustomerStage.LEAD: (N_("Lead"), "draft"),
    CustomerStage.CONTACTED: (N_("Contacted"), "progress"),
    CustomerStage.NEGOTIATING: (N_("Negotiating"), "pending"),
    CustomerStage.WON: (N_("Won"), "approved"),
    CustomerStage.LOST: (N_("Lost"), "done"),
}


class Customer(Versioned, Base):
    """A company or person that buys, or may come to buy.

    Attributes:
        region: Adcode. tags: joined by ";". owner_id: person of the brand or the partner who looks after it.
        partner_id: Partner it belongs to; None for the brand's own. path: that partner's path key, or "".
    """

    __tablename__ = "customers"
    follows_branch = True
    __table_args__ = (
        Index("ix_customers_path", "path", "created_at", "id"),
        Index("ix_customers_created_at", "created_at", "id"),
        Index("ix_customers_stage", "stage", "created_at", "id"),
        Index("ix_customers_owner_id", "owner_id"),
        Index("ix_customers_partner_id", "partner_id"),
    )

    code: Mapped[str] = mapped_column(code_text(CODE_LENGTH_MAX), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    contact: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    phone: Mapped[str | None] = mapped_column(String(16))
    uscc: Mapped[str | None] = mapped_column(code_text(18))
    region: Mapped[str | None] = mapped_column(code_text(6))
    address: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    stage: Mapped[str] = mapped_column(code_text(20), default=CustomerStage.LEAD.value)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    source: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    tags: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    path: Mapped[PathKey] = mapped_column(default="")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Brand staff see all customers, partners those of their branch."""
        return visible_within(cls.path, actor)
