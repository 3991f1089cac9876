"""Columns that tables of the business share: id, version, and the times of creation and last change."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.database.columns import Id


class Versioned:
    """Mixin for rows that people change.

    Attributes:
        version: Number of changes, for optimistic locking.
    """

    id: Mapped[Id]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
