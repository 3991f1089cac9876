"""Number series: the last number given in each, counted up under the database's own lock."""

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import code_text
from core.database.sessions import EVERYONE, Base


class NumberSeries(Base):
    """A counter such as that of a month's orders. A refused order may leave a gap, never a repeat."""

    __tablename__ = "number_series"

    name: Mapped[str] = mapped_column(code_text(40), primary_key=True)
    last: Mapped[int]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Everyone who adds a row counts; it tells nothing else."""
        return EVERYONE
