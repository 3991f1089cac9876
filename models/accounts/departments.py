"""Departments of the brand: a tree, each with a head."""

from sqlalchemy import ColumnElement, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import code_text
from core.database.sessions import EVERYONE, NOBODY, Base
from core.database.versioned import Versioned
from core.kinds.standard import CODE_LENGTH_MAX, NAME_LENGTH_MAX
from core.permissions import Permission


class Department(Versioned, Base):
    """A department of the brand; partners have none.

    Attributes:
        parent_id: Department it belongs to; None at the top. Never a circle, see ``services/organisation``.
        manager_id: Who heads it.
    """

    __tablename__ = "departments"
    __table_args__ = (
        Index("ix_departments_parent_id", "parent_id"),
        Index("ix_departments_manager_id", "manager_id"),
    )

    code: Mapped[str] = mapped_column(code_text(CODE_LENGTH_MAX), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", use_alter=True))  # users name departments too

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: brand staff see all departments, others none."""
        return EVERYONE if actor.can(Permission.ORGANISATION_VIEW) else NOBODY
