"""What every table of the business has: a number, a version, and when it was made and last changed."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.database.columns import Id


class Versioned:
    """Columns of rows that people change.

    Attributes:
        version: Counts the changes, so that a form can tell whether someone else was faster.
    """

    id: Mapped[Id]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
