"""The one place that helps SQLite choose how to read a partner's branch.

The rows of a branch are one range of the path index; sorting them is cheap while they are few. Of a large branch it is
cheaper to walk the index of the order and to leave out what does not belong. PostgreSQL knows from its statistics
which is which; SQLite does not know how long a range is, always takes it, and is told here by a plus sign before the
path, which hides the column from the choice of an index and changes nothing else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import isqrt
from typing import Any

from sqlalchemy import Column, ColumnElement, UnaryExpression, func, select
from sqlalchemy.orm import Session, with_loader_criteria
from sqlalchemy.sql import operators, visitors

from core.database import EVERYONE, NOBODY, actor_of, is_sqlite

FILTERED_SHARE = 4  # with a filter on top, only a branch of a quarter of all rows or more is walked


@contextmanager
def branch_planned(session: Session, model: Any, *, row_count: int, is_filtered: bool) -> Iterator[None]:
    """Read rows of ``model`` in the better way inside the block.

    Args:
        session: Its actor's row filter stays what it is.
        model: Mapped class with or without a path.
        row_count: How many rows of the order are wanted, from its beginning.
        is_filtered: Whether other conditions come on top.
    """
    condition = model.visible_to(actor_of(session))
    whole = condition is EVERYONE or condition is NOBODY
    if whole or not is_sqlite(session) or not hasattr(model, "path"):
        yield
        return
    if not _is_large(session, model, row_count, is_filtered=is_filtered):
        yield
        return
    hidden = with_loader_criteria(model, without_index(condition, "path"), include_aliases=True)
    usual = session.info["row_filter"]
    session.info["row_filter"] = [option for option in usual if option.entity.class_ is not model] + [hidden]
    try:
        yield
    finally:
        session.info["row_filter"] = usual


def without_index(condition: ColumnElement[bool], name: str) -> ColumnElement[bool]:
    """Return a condition in which no index on the column ``name`` can be used; it holds for the same rows."""

    def hide(element: Any, **_options: Any) -> Any:
        if isinstance(element, Column) and element.name == name:
            return UnaryExpression(element, operator=operators.custom_op("+"), type_=element.type)
        return None

    return visitors.replacement_traverse(condition, {}, hide)


def _is_large(session: Session, model: Any, row_count: int, *, is_filtered: bool) -> bool:
    """Return whether walking the order reads fewer rows than the branch has.

    Of a branch with n of N rows, walking reads row_count × N / n rows until it has enough: the two cross at
    √(row_count × N). A filter makes walking longer by nobody knows how much.
    """
    rows = (
        session.scalar(select(func.max(model.id)).execution_options(see_all="an upper bound of the table's size")) or 0
    )
    crossing = rows // FILTERED_SHARE if is_filtered else isqrt(row_count * rows)
    branch = select(model.path).limit(crossing + 1).subquery()
    return (session.scalar(select(func.count()).select_from(branch)) or 0) > crossing
