"""Users: brand staff, and the owners and clerks of partners."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import PathKey, code_text
from core.database.paths import visible_within
from core.database.sessions import EVERYONE, NOBODY, Base
from core.database.versioned import Versioned
from core.encryption import ENCRYPTED_LENGTH_MAX
from core.i18n import DEFAULT_LANGUAGE, N_
from core.kinds.standard import NAME_LENGTH_MAX
from core.permissions import Permission, Role


class UserStatus(StrEnum):
    """Status of a user."""

    INVITED = "invited"
    ACTIVE = "active"
    LOCKED = "locked"


STATUS_LABELS: dict[StrEnum, tuple[str, str]] = {
    UserStatus.INVITED: (N_("Invited"), "pending"),
    UserStatus.ACTIVE: (N_("Active"), "approved"),
    UserStatus.LOCKED: (N_("Locked"), "frozen"),
}

ROLE_LABELS: dict[StrEnum, tuple[str, str]] = {
    Role.ADMINISTRATOR: (N_("Administrator"), ""),
    Role.EXECUTIVE: (N_("Executive"), ""),
    Role.OPERATIONS: (N_("Operations"), ""),
    Role.SALES: (N_("Sales"), ""),
    Role.FINANCE: (N_("Finance"), ""),
    Role.MARKETING: (N_("Marketing"), ""),
    Role.HR: (N_("HR"), ""),
    Role.IT: (N_("IT"), ""),
    Role.PARTNER_OWNER: (N_("Partner owner"), ""),
    Role.PARTNER_CLERK: (N_("Partner clerk"), ""),
}


class User(Versioned, Base):
    """A user.

    Attributes:
        email: Lower case; signs in with it.
        partner_id: Partner the person works for; None for brand staff.
        path: That partner's path key, "" for brand staff.
        password_hash: Argon2id; None until the person chose one.
        totp_secret: Encrypted, see ``accounts.second_factor``; None until enrolled. totp_used: last time step accepted,
            so that no code counts twice.
        language: One of ``core.i18n.LANGUAGES``. theme: "auto", "light" or "dark".
        department_id: Of the brand's own people. position: title, as the brand calls it. manager_id: who leads the
            person, never in a circle.
        left_at: Since when the person works here no more: locked, without password, and holding nothing.
    """

    __tablename__ = "users"
    follows_branch = True
    __table_args__ = (
        Index("ix_users_path", "path"),
        Index("ix_users_partner_id", "partner_id"),
        Index("ix_users_department_id", "department_id"),
        Index("ix_users_manager_id", "manager_id"),
    )

    email: Mapped[str] = mapped_column(code_text(NAME_LENGTH_MAX), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    role: Mapped[str] = mapped_column(code_text(20))
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    path: Mapped[PathKey] = mapped_column(default="")
    status: Mapped[str] = mapped_column(code_text(20), default=UserStatus.INVITED.value)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    password_changed_at: Mapped[datetime | None]
    totp_secret: Mapped[str | None] = mapped_column(String(ENCRYPTED_LENGTH_MAX))
    totp_used: Mapped[int | None]
    language: Mapped[str] = mapped_column(code_text(10), default=DEFAULT_LANGUAGE)
    theme: Mapped[str] = mapped_column(code_text(10), default="auto")
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    position: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    left_at: Mapped[datetime | None] = mapped_column(sort_order=1)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: brand staff see all users, a partner's owner the users of its branch."""
        if actor.is_brand:
            return EVERYONE
        return visible_within(cls.path, actor) if actor.can(Permission.USER_VIEW) else NOBODY
