"""Sessions, and the tables of sign-in protection: known devices, attempt counts, one-time links, recovery codes.

No usable secret is stored: tokens and codes are kept as hashes, and shown once.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import Id, code_text
from core.database.sessions import EVERYONE, NOBODY, Base
from core.encryption import ENCRYPTED_LENGTH_MAX
from core.permissions import Permission
from models.accounts.users import User

HASH_LENGTH = 64
ADDRESS_LENGTH_MAX = 45
USER_AGENT_LENGTH_MAX = 300


class SessionState(StrEnum):
    """Progress of a sign-in."""

    HALF_WAY = "half_way"
    SIGNED_IN = "signed_in"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed_out"
    ENDED_BY_PERSON = "ended_by_person"
    ENDED_BY_ADMINISTRATOR = "ended_by_administrator"
    CREDENTIALS_CHANGED = "credentials_changed"
    REPLACED = "replaced"
    LOCKED = "locked"


class UserSession(Base):
    """A session: one browser in which a user is, or was, signed in.

    Attributes:
        token_hash: SHA-256 of the cookie's value.
        role, partner_id: As they were at sign-in; when the user's differ now, the session no longer holds.
        seen_at: Last request, to the minute. expires_at: the end, whatever happens.
        stepped_up_at: When password or second factor was last shown.
        totp_offered: Secret shown for enrolment, encrypted, until a code confirms it.
    """

    __tablename__ = "user_sessions"
    __table_args__ = (
        Index("ix_user_sessions_user_id_state", "user_id", "state"),
        Index("ix_user_sessions_expires_at", "expires_at"),
    )

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(code_text(HASH_LENGTH), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    role: Mapped[str] = mapped_column(code_text(20))
    partner_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(code_text(20))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    stepped_up_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(code_text(30))
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH_MAX), default="")
    user_agent: Mapped[str] = mapped_column(String(USER_AGENT_LENGTH_MAX), default="")
    totp_offered: Mapped[str | None] = mapped_column(String(ENCRYPTED_LENGTH_MAX))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: users see their own; with the permission to edit users, those of everyone they see."""
        return _own_or_all(cls.user_id, actor)


class KnownDevice(Base):
    """A known device of a user: failed attempts from elsewhere do not slow it down."""

    __tablename__ = "known_devices"
    __table_args__ = (Index("ix_known_devices_user_id", "user_id"),)

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(code_text(HASH_LENGTH))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    seen_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: users see their own; with the permission to edit users, those of everyone they see."""
        return _own_or_all(cls.user_id, actor)


class AttemptCount(Base):
    """Recent sign-in attempts: one row per account, device, second factor or address.

    Attributes:
        subject: What is counted, e.g. ``account:<hash of the e-mail>``.
        count: Failures in a row; for an address, attempts since ``since``.
        next_at: Not tried before.
    """

    __tablename__ = "attempt_counts"
    __table_args__ = (Index("ix_attempt_counts_last_at", "last_at"),)

    id: Mapped[Id]
    subject: Mapped[str] = mapped_column(code_text(120), unique=True)
    count: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime]
    last_at: Mapped[datetime]
    next_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: brand staff who edit users see all."""
        return EVERYONE if actor.is_brand and actor.can(Permission.USER_EDIT) else NOBODY


class LinkPurpose(StrEnum):
    """Purpose of a one-time link."""

    SET_UP = "set_up"
    INVITATION = "invitation"
    RESET = "reset"


class OneTimeLink(Base):
    """A one-time link with which one person chooses a password.

    Attributes:
        user_id: Whose password; None for the set-up of an empty installation.
        made_by: Person who made it.
        opened_at: When its page was first shown.
    """

    __tablename__ = "one_time_links"
    __table_args__ = (Index("ix_one_time_links_user_id", "user_id"),)

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(code_text(HASH_LENGTH), unique=True)
    purpose: Mapped[str] = mapped_column(code_text(20))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    made_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: with the permission to edit users, brand staff see all, an owner those of the branch."""
        if not actor.can(Permission.USER_EDIT):
            return NOBODY
        return EVERYONE if actor.is_brand else _of_branch(cls.user_id, actor)


class RecoveryCode(Base):
    """One of ten recovery codes, each of which replaces the second factor once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index("ix_recovery_codes_user_id_code_hash", "user_id", "code_hash", unique=True),)

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    code_hash: Mapped[str] = mapped_column(code_text(HASH_LENGTH))
    used_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: users see their own; with the permission to edit users, those of everyone they see."""
        return _own_or_all(cls.user_id, actor)


def _own_or_all(column: Any, actor: Actor) -> ColumnElement[bool]:
    own = column == actor.user_id if actor.user_id is not None else NOBODY
    if not actor.can(Permission.USER_EDIT):
        return own
    return EVERYONE if actor.is_brand else or_(own, _of_branch(column, actor))


def _of_branch(column: Any, actor: Actor) -> ColumnElement[bool]:
    """Return the condition that ``column`` names a person of the actor's branch; by its current path."""
    condition: ColumnElement[bool] = column.in_(select(User.id).where(User.visible_to(actor)))
    return condition
