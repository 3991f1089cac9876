"""API keys of programs."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import Id, code_text
from core.database.sessions import EVERYONE, Base
from core.i18n import N_
from core.kinds.standard import NAME_LENGTH_MAX
from core.permissions import Permission
from models.accounts.sessions import HASH_LENGTH


class Confirmation(StrEnum):
    """Whether a second person has confirmed rights of a key beyond its maker's own."""

    NOT_NEEDED = "not_needed"
    NEEDED = "needed"
    CONFIRMED = "confirmed"


CONFIRMATION_LABELS: dict[StrEnum, tuple[str, str]] = {
    Confirmation.NOT_NEEDED: (N_("Within its maker's rights"), "done"),
    Confirmation.NEEDED: (N_("Needs a second person"), "progress"),
    Confirmation.CONFIRMED: (N_("Confirmed"), "approved"),
}


class ApiToken(Base):
    """An API key; only its hash is stored.

    Attributes:
        prefix: Its first characters, so that people can tell keys apart.
        role, partner_id: What the program may do, and for which branch of the channel.
        user_id: Person who made it on the screen; the key dies with the account. None if made on the command line.
        person: The accountable person, see ``core.access.Actor.person``.
        confirmation: Code of ``Confirmation``; a key that needs it is not valid before. confirmed_by: person.
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
    confirmation: Mapped[str] = mapped_column(code_text(20), default=Confirmation.NOT_NEEDED.value)
    confirmed_by: Mapped[str | None] = mapped_column(String(200))
    confirmed_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: users who manage keys see all of them, others those they made, a key only itself."""
        if actor.is_brand and actor.can(Permission.TOKEN_EDIT):
            return EVERYONE
        if actor.token_id is not None:
            return cls.id == actor.token_id
        return cls.person == actor.person
