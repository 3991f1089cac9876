"""Credit: how much of a partner's limit its open orders use up."""

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import BIG_ID, Cents, PathKey
from core.database.paths import visible_within
from core.database.sessions import Base


class CreditBalance(Base):
    """Sum of a partner's orders that wait, are approved or shipped; changed with each of them, in one transaction.

    Nothing is paid in this release, so a shipped order stays in the sum. ``services.money.checks`` compares
    it with the orders.
    """

    __tablename__ = "credit_balances"
    follows_branch = True
    __table_args__ = (
        CheckConstraint("used_cents >= 0", name="used_not_negative"),
        CheckConstraint("typeof(used_cents) = 'integer'", name="used_is_whole").ddl_if(dialect="sqlite"),
    )

    partner_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey("partners.id"), primary_key=True, autoincrement=False)
    path: Mapped[PathKey]
    used_cents: Mapped[Cents]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: visible with the partner; services check the permission before they show it."""
        return visible_within(cls.path, actor)
