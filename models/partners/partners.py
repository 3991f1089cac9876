"""Channel partners and their tree, as it is now and on any day before."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.access import Actor
from core.database.columns import Cents, Id, PathKey, code_text
from core.database.paths import visible_within
from core.database.sessions import Base
from core.database.versioned import Versioned
from core.i18n import N_
from core.kinds.standard import CODE_LENGTH_MAX, NAME_LENGTH_MAX, NOTE_LENGTH_MAX


class PartnerStatus(StrEnum):
    """Status of a partner."""

    APPLIED = "applied"
    UNDER_REVIEW = "under_review"
    ACTIVE = "active"
    FROZEN = "frozen"
    EXITING = "exiting"
    CLOSED = "closed"


STATUS_LABELS: dict[StrEnum, tuple[str, str]] = {
    PartnerStatus.APPLIED: (N_("Applied"), "pending"),
    PartnerStatus.UNDER_REVIEW: (N_("Under review"), "pending"),
    PartnerStatus.ACTIVE: (N_("Active"), "approved"),
    PartnerStatus.FROZEN: (N_("Frozen"), "frozen"),
    PartnerStatus.EXITING: (N_("Exiting"), "returned"),
    PartnerStatus.CLOSED: (N_("Closed"), "done"),
}

NEXT_STATUSES: dict[PartnerStatus, frozenset[PartnerStatus]] = {
    PartnerStatus.APPLIED: frozenset({PartnerStatus.UNDER_REVIEW, PartnerStatus.ACTIVE, PartnerStatus.CLOSED}),
    PartnerStatus.UNDER_REVIEW: frozenset({PartnerStatus.APPLIED, PartnerStatus.ACTIVE, PartnerStatus.CLOSED}),
    PartnerStatus.ACTIVE: frozenset({PartnerStatus.FROZEN, PartnerStatus.EXITING, PartnerStatus.CLOSED}),
    PartnerStatus.FROZEN: frozenset({PartnerStatus.ACTIVE, PartnerStatus.EXITING, PartnerStatus.CLOSED}),
    PartnerStatus.EXITING: frozenset({PartnerStatus.ACTIVE, PartnerStatus.CLOSED}),
    PartnerStatus.CLOSED: frozenset({PartnerStatus.ACTIVE}),
}


class Partner(Versioned, Base):
    """A company or person that buys from the brand or from another partner.

    Attributes:
        tier: Code in ``models.partners.tiers.TIERS``.
        upstream_id: Partner it stands under; None directly under the brand.
        path: Path key of the tree as it is today, see ``core.database.paths``.
        uscc: Unified social credit code.
        region: Adcode (GB/T 2260).
        credit_limit_cents: None = not limited by credit, 0 = no credit.
        valid_from: Day from which it stands where it stands.
    """

    __tablename__ = "partners"
    follows_branch = True
    __table_args__ = (
        CheckConstraint("credit_limit_cents >= 0", name="credit_limit_not_negative"),
        Index("ix_partners_path", "path"),
        Index("ix_partners_upstream_id", "upstream_id"),
        Index("ix_partners_name", "name"),
    )

    code: Mapped[str] = mapped_column(code_text(CODE_LENGTH_MAX), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    tier: Mapped[str] = mapped_column(code_text(20))
    upstream_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    path: Mapped[PathKey]
    uscc: Mapped[str | None] = mapped_column(code_text(18))
    contact: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    phone: Mapped[str | None] = mapped_column(String(16))
    region: Mapped[str | None] = mapped_column(code_text(6))
    address: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    status: Mapped[str] = mapped_column(code_text(20), default=PartnerStatus.ACTIVE.value)
    credit_limit_cents: Mapped[Cents | None]
    valid_from: Mapped[date]

    upstream: Mapped["Partner | None"] = relationship(lazy="raise", remote_side="Partner.id")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Brand staff see all partners, a partner itself and everyone below it."""
        return visible_within(cls.path, actor)


class Affiliation(Base):
    """Under whom a partner stood from one day to another: the tree on any day.

    Attributes:
        valid_from: First day. valid_to: first day after; None while it lasts.
    """

    __tablename__ = "affiliations"
    follows_branch = True
    __table_args__ = (
        CheckConstraint("valid_to > valid_from", name="days_in_order"),
        Index("ix_affiliations_partner_id_valid_from", "partner_id", "valid_from", unique=True),
        Index("ix_affiliations_upstream_id", "upstream_id"),
    )

    id: Mapped[Id]
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    upstream_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    path: Mapped[PathKey]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: visible with the partner, by its current place in the tree."""
        return visible_within(cls.path, actor)
