"""Types of the columns that lists are ordered by, and how texts among them are ordered."""

from typing import Any

from sqlalchemy import TypeDecorator, collate
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from core.database.sessions import is_sqlite


def byte_order(session: Session, column: Any) -> Any:
    """Return a column as it is sorted: texts byte by byte on both databases."""
    return collate(column, "C") if python_type(column) is str and not is_sqlite(session) else column


def python_type(column: Any) -> type:
    """Return the type of a column's values."""
    stored: TypeEngine[Any] = column.type
    if isinstance(stored, TypeDecorator):
        stored = stored.impl_instance
    return stored.python_type
