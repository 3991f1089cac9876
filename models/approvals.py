"""Approvals: every decision about an order, with its person, time, reason and the facts decided upon. Append-only."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.append_only import append_only
from core.database.columns import Cents, Id, PathKey, code_text
from core.database.paths import visible_within
from core.database.sessions import Base
from core.i18n import N_
from core.kinds.standard import NOTE_LENGTH_MAX
from models.orders import PERSON_LENGTH_MAX


class Decision(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"


DECISION_LABELS: dict[StrEnum, tuple[str, str]] = {
    Decision.APPROVED: (N_("Approved"), "approved"),
    Decision.REJECTED: (N_("Rejected"), "rejected"),
    Decision.RETURNED: (N_("Returned for change"), "returned"),
}


class Approval(Base):
    """One decision about one submitted order.

    Attributes:
        path: The order's path key.
        person, name, role: Who decided, as ``Actor`` names them.
        reason: Why; "" for an approval without a word.
        order_version, content_sha256, total_cents: What was decided about, see ``Order``.
        credit_limit_cents, credit_used_cents: The buyer's credit at that moment, this order included.
    """

    __tablename__ = "approvals"
    follows_branch = True
    __table_args__ = (
        CheckConstraint("total_cents >= 0", name="total_not_negative"),
        CheckConstraint("typeof(total_cents) = 'integer'", name="total_cents_is_whole").ddl_if(dialect="sqlite"),
        Index("ix_approvals_order_id", "order_id", "id"),
        Index("ix_approvals_person", "person", "id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    path: Mapped[PathKey]
    decision: Mapped[str] = mapped_column(code_text(20))
    person: Mapped[str] = mapped_column(String(PERSON_LENGTH_MAX))
    name: Mapped[str] = mapped_column(String(PERSON_LENGTH_MAX))
    role: Mapped[str] = mapped_column(code_text(20))
    decided_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(NOTE_LENGTH_MAX))
    order_version: Mapped[int]
    content_sha256: Mapped[str] = mapped_column(code_text(64))
    total_cents: Mapped[Cents]
    credit_limit_cents: Mapped[Cents | None]
    credit_used_cents: Mapped[Cents]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: visible with the order."""
        return visible_within(cls.path, actor)


FIXED = (
    "id", "order_id", "decision", "person", "name", "role", "decided_at", "reason", "order_version", "content_sha256",
    "total_cents", "credit_limit_cents", "credit_used_cents",
)  # fmt: skip
"""All columns but the path, which follows the buyer through the channel tree."""

append_only(Approval, FIXED)
