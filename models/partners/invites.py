"""Invites: codes by which a partner, or the brand itself, lets others apply to stand directly below."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import PathKey, code_text
from core.database.paths import visible_within
from core.database.sessions import EVERYONE, NOBODY, Base
from core.database.versioned import Versioned
from core.kinds.standard import NAME_LENGTH_MAX, NOTE_LENGTH_MAX
from core.permissions import Permission

CODE_LENGTH = 8
TIERS_LENGTH_MAX = 300


class Invite(Versioned, Base):
    """An invite code: lets its holder apply, up to ``uses_max`` times, until it expires.

    Attributes:
        code: Eight letters and digits that nobody mistakes for one another.
        partner_id: Partner under whom the applicant is to stand; None directly under the brand.
        path: That partner's path key, or "".
        tiers: Codes of the tiers it may be used for, joined by ";".
        uses_max: How often it may be used. used_count: how often it was.
        expires_at: From then on it is not valid.
        revoked_at: When somebody took it back; None while nobody did.
        made_by: Person, see ``Actor.person``.
    """

    __tablename__ = "invites"
    follows_branch = True
    __table_args__ = (
        CheckConstraint("used_count >= 0 AND used_count <= uses_max", name="used_within_uses"),
        Index("ix_invites_path", "path", "id"),
        Index("ix_invites_partner_id", "partner_id"),
    )

    code: Mapped[str] = mapped_column(code_text(CODE_LENGTH), unique=True)
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    path: Mapped[PathKey] = mapped_column(default="")
    tiers: Mapped[str] = mapped_column(code_text(TIERS_LENGTH_MAX))
    uses_max: Mapped[int]
    used_count: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    made_by: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))

    @property
    def tier_codes(self) -> tuple[str, ...]:
        """Return the codes of the tiers it may be used for."""
        return tuple(self.tiers.split(";"))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Who makes invites sees them: brand staff all, a partner's owner those of its branch."""
        if not actor.can(Permission.INVITE_EDIT):
            return NOBODY
        return EVERYONE if actor.is_brand else visible_within(cls.path, actor)
