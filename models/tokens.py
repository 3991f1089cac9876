"""Keys with which programs use the WEB API."""

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor, Permission
from core.columns import Id, code_text
from core.database import EVERYONE, Base
from core.standard_kinds import NAME_LENGTH_MAX
from models.sessions import HASH_LENGTH


class ApiToken(Base):
    """One program's key; only its hash is stored.

    Attributes:
        prefix: Its first characters, so that people can tell keys apart.
        role, partner_id: What the program may do, and for which branch of the channel.
        user_id: Person who made it on the screen; the key dies with the account. None if made at the machine.
        person: Who stands behind it, see ``core.access.Actor.person``.
        used_at: Last request, to the minute.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (Index("ix_api_tokens_user_id", "user_id"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    prefix: Mapped[str] = mapped_column(code_text(12))
    token_hash: Mapped[str] = mapped_column(code_text(HASH_LENGTH), unique=True)
    role: Mapped[str] = mapped_column(code_text(20))
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    person: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Who manages keys sees all of them, anyone else those they stand behind."""
        if actor.is_brand and actor.can(Permission.TOKEN_EDIT):
            return EVERYONE
        return cls.person == actor.person
