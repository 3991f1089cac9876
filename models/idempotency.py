"""Stored responses of idempotent requests."""

from datetime import datetime

from sqlalchemy import ColumnElement, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import Id, code_text
from core.database.sessions import Base

KEY_LENGTH_MAX = 255


class IdempotencyKey(Base):
    """An executed request and its response; committed with its effect or not at all.

    Attributes:
        scope: Who chose the key, see ``scope_of``. key: as the program sent it, unique per scope.
        request_sha256: Digest of method, path and body.
        status: Of HTTP. answer: its body, JSON.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        Index("uq_idempotency_keys_scope_key", "scope", "key", unique=True),
        Index("ix_idempotency_keys_created_at", "created_at"),
    )

    id: Mapped[Id]
    scope: Mapped[str] = mapped_column(code_text(200))
    key: Mapped[str] = mapped_column(code_text(KEY_LENGTH_MAX))
    request_sha256: Mapped[str] = mapped_column(code_text(64))
    status: Mapped[int]
    answer: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: each person and each API key sees its own."""
        return cls.scope == scope_of(actor)


def scope_of(actor: Actor) -> str:
    """Return the scope in which an ``Idempotency-Key`` is unique: the API key's own, or the person's at the page."""
    return actor.owner or actor.name
