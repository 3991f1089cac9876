"""Content received lately, from which storage quotas are counted."""

from datetime import datetime

from sqlalchemy import ColumnElement, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.clock import now
from core.database.columns import Id, code_text
from core.database.sessions import NOBODY, Base


class ReceivedContent(Base):
    """Content that a sender uploaded; purged after ``services.files.received_contents.WINDOW``, whatever became of it.

    Attributes:
        caller: Who sent it: ``person:…`` or ``address:…``.
        kind: ``ContentKind``.
        sha256: Of what is stored of it; "" while that is not known.
        size_bytes: What it takes on the disk.
    """

    __tablename__ = "received_contents"
    __table_args__ = (
        Index("ix_received_contents_caller_kind", "caller", "kind", "created_at"),
        Index("ix_received_contents_created_at", "created_at"),
    )

    id: Mapped[Id]
    caller: Mapped[str] = mapped_column(code_text(250))
    kind: Mapped[str] = mapped_column(code_text(20))
    sha256: Mapped[str] = mapped_column(code_text(64))
    size_bytes: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: nobody; quotas are counted past it."""
        return NOBODY
