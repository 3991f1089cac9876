"""Storage of fields: where the value of a field is kept in its row, and its expression in SQL.

A mapped column is the one way now. Queries, expressions and the API ask the storage and never a column, so that a key
of a JSON column can be another way (docs/adr/0033).
"""

from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import TypeDecorator
from sqlalchemy.types import TypeEngine


class Stored(Protocol):
    """Storage of one field."""

    @property
    def name(self) -> str:
        """Name of the value within the row, as plans of saving and rows of tables have it."""

    @property
    def expression(self) -> Any:
        """Expression to select, to compare and to sort by."""

    @property
    def is_nullable(self) -> bool:
        """Whether a row may have no value."""

    @property
    def python_type(self) -> type:
        """Type of stored values other than None."""


@dataclass(frozen=True, slots=True)
class InColumn:
    """Storage in a mapped column, or in an expression that takes the place of one."""

    attribute: Any

    @property
    def name(self) -> str:
        """Key of the mapped attribute."""
        return str(self.attribute.key)

    @property
    def expression(self) -> Any:
        """The attribute itself."""
        return self.attribute

    @property
    def is_nullable(self) -> bool:
        """Whether the column is nullable; what is no plain column may be NULL."""
        return bool(getattr(self.attribute.expression, "nullable", True))

    @property
    def python_type(self) -> type:
        """Type of the column's values."""
        return type_of_values(self.attribute)


def type_of_values(column: Any) -> type:
    """Return the Python type of the stored values of a column or expression."""
    stored: TypeEngine[Any] = column.type
    if isinstance(stored, TypeDecorator):
        stored = stored.impl_instance
    return stored.python_type
