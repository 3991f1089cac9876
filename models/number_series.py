"""Number series: the last number of each, incremented under a row lock."""

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
        """Row filter: everyone, as adding a row takes a number; it holds nothing confidential."""
        return EVERYONE
