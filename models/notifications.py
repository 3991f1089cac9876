"""Notifications to users, and their deliveries through channels outside the product."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, UniqueConstraint, and_
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.clock import now
from core.database.columns import Id, Instant, code_text
from core.database.sessions import NOBODY, Base
from core.kinds.standard import NAME_LENGTH_MAX


class DeliveryState(StrEnum):
    """Status of a delivery."""

    SENDING = "sending"
    """Handed to the channel. One that stays so lost its worker: nobody knows whether it arrived, so it is not sent
    again."""
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Notification(Base):
    """A notification to one user; its sentence is made in the reader's language, when it is read.

    Attributes:
        person: Reader, see ``Actor.person``.
        kind: ``NotificationKind.code``.
        key: Of the record it is about, as people write it.
        arguments: Of the kind's sentence: JSON.
        read_at: When the reader opened it; None before.
    """

    __tablename__ = "notifications"
    __table_args__ = (Index("ix_notifications_person", "person", "read_at", "id"),)

    id: Mapped[Id]
    person: Mapped[str] = mapped_column(code_text(NAME_LENGTH_MAX))
    kind: Mapped[str] = mapped_column(code_text(40))
    key: Mapped[str] = mapped_column(String(250))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    read_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: users see their own; an API key has none."""
        is_person = actor.person != "" and actor.token_id is None
        return and_(cls.person == actor.person) if is_person else NOBODY


class NotificationDelivery(Base):
    """Delivery of one notification through one channel; at most one each, so that none is sent twice.

    Attributes:
        channel: ``Channel.name``.
        state: See ``DeliveryState``.
        attempts: How often it was handed to the channel.
        error: Why the last attempt did not work, as the channel said it.
    """

    __tablename__ = "notification_deliveries"
    __table_args__ = (UniqueConstraint("notification_id", "channel"),)

    id: Mapped[Id]
    notification_id: Mapped[int] = mapped_column(ForeignKey("notifications.id"))
    channel: Mapped[str] = mapped_column(code_text(20))
    state: Mapped[str] = mapped_column(code_text(20))
    attempts: Mapped[int]
    error: Mapped[str | None] = mapped_column(String(1000))
    changed_at: Mapped[datetime] = mapped_column(Instant)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Nobody looks at it; the job that delivers works past the row filter."""
        return NOBODY
