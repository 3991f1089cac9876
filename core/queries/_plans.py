"""The one place that helps SQLite choose how to read a page.

The rows of a branch or of a filter are often one range of an index; sorting them is cheap while they are few. Of many
it is cheaper to walk the index of the order and to leave out what does not belong. PostgreSQL knows from its statistics
which is which; SQLite does not know how long a range is, always takes it, and is prevented here by a plus sign before
the column, which hides it from the choice of an index and changes nothing else.
"""

import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import isqrt
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Column, ColumnElement, Engine, Select, UnaryExpression, func, inspect, select
from sqlalchemy.orm import Session, with_loader_criteria
from sqlalchemy.sql import operators, visitors

from core.database.sessions import EVERYONE, NOBODY, actor_of, is_sqlite, row_filter
from core.expressions.nodes import LITERALS, Compare, Comparison, FieldPath
from core.queries._building import CompiledQuery
from core.queries.grid_query import parts_of

SMALL = 5_000  # rows of a table that are read in no time either way
KEPT_S = 60.0
KNOWN_MAX = 2_000

_known: WeakKeyDictionary[Engine, dict[Hashable, tuple[bool, float]]] = WeakKeyDictionary()


@contextmanager
def planned(session: Session, compiled: CompiledQuery, row_count: int) -> Iterator[CompiledQuery]:
    """Give a query in the form that is read faster, for use inside the block; it means the same rows.

    Args:
        session: Its actor's row filter stays what it is.
        query: The query.
        row_count: How many rows of the order are wanted, from its beginning or from a cursor.
    """
    if not is_sqlite(session) or not _walks_better(session, compiled, row_count):
        yield compiled
        return
    usual = session.info.get("row_filter") or row_filter(actor_of(session))
    cache = compiled.cache if compiled.cache is not None else {}
    if "walking" not in cache:
        cache["walking"] = (_hiding(session, compiled, usual), [without_index(one) for one in compiled.where])
    session.info["row_filter"], where = cache["walking"]
    try:
        yield replace(compiled, where=where, walks=True)
    finally:
        session.info["row_filter"] = usual


def _hiding(session: Session, compiled: CompiledQuery, usual: list[Any]) -> list[Any]:
    """Return the row filter in which no index can be used to find the rows of the list."""
    model = compiled.query.resource.model
    condition = model.visible_to(actor_of(session))
    if condition is EVERYONE or condition is NOBODY:
        return usual
    hidden = with_loader_criteria(model, without_index(condition), include_aliases=True)
    return [*(option for option in usual if option.entity is not inspect(model)), hidden]


def without_index(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return a condition in which no index can be used; it holds for the same rows."""
    if any(isinstance(part, Select) for part in visitors.iterate(condition)):
        return condition  # a query inside has its own row filter, and its own plan

    def hide(element: Any, **_options: Any) -> Any:
        if isinstance(element, Column):
            return UnaryExpression(element, operator=operators.custom_op("+"), type_=element.type)
        return None

    return visitors.replacement_traverse(condition, {}, hide)


def _walks_better(session: Session, compiled: CompiledQuery, row_count: int) -> bool:
    """Return whether walking the order reads fewer rows than there are to sort; as it was up to ``KEPT_S`` ago."""
    query, actor = compiled.query, actor_of(session)
    whole = query.resource.model.visible_to(actor) is EVERYONE
    alone, both = _indexes_of_order(session, compiled)
    if (whole and not compiled.where) or both or not alone:
        return False
    wanted = 1 << (row_count - 1).bit_length()  # so that each page of a list asks the same
    engine: Any = session.get_bind().engine
    known = _known.setdefault(engine, {})
    question = (query.resource.name, query.filter, query.search, compiled.sorts, actor, wanted)
    answer, known_until = known.get(question, (False, 0.0))
    if known_until < time.monotonic():
        if len(known) >= KNOWN_MAX:
            known.clear()
        answer = _are_many(session, compiled, wanted)
        known[question] = (answer, time.monotonic() + KEPT_S)
    return answer


def _are_many(session: Session, compiled: CompiledQuery, wanted: int) -> bool:
    """Return whether the rows are so many that walking is shorter.

    Of n rows among N, walking reads wanted × N / n until it has enough: the two ways cross at n = √(wanted × N).
    """
    model = compiled.query.resource.model
    counted = select(func.max(model.id)).execution_options(see_all="an upper bound of the table's size")
    rows = session.scalar(counted) or 0
    if rows <= SMALL:
        return False
    crossing = isqrt(wanted * rows)
    some = select(model.id).where(*compiled.where).limit(crossing + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) > crossing


def comes_in_order(session: Session, compiled: CompiledQuery) -> bool:
    """Return whether the many rows of a query that is ``planned`` are read in their order, without sorting them."""
    alone, both = _indexes_of_order(session, compiled)
    if not is_sqlite(session):
        return alone or both  # PostgreSQL finds out for itself when there are too few of them for that
    whole = compiled.query.resource.model.visible_to(actor_of(session)) is EVERYONE
    return compiled.walks or both or (alone and whole and not compiled.where)


def _indexes_of_order(session: Session, compiled: CompiledQuery) -> tuple[bool, bool]:
    """Return whether an index gives the order, and whether one gives it together with a filter by one value."""
    table, first = inspect(compiled.query.resource.model).local_table, compiled.terms[0]
    column = _indexed_as(session, first.expression)
    if first.join is not None or first.nullable or column is None:
        return False, False
    leading = [list(index.columns) for index in getattr(table, "indexes", ())]
    equal = {field.stored.name for field in _compared_with_one(compiled)}
    both = any(len(own) > 1 and own[0].name in equal and own[1].name == column.name for own in leading)
    alone = column.unique or column.primary_key or any(own[0].name == column.name for own in leading)
    return bool(alone), both


def _indexed_as(session: Session, expression: Any) -> Column[Any] | None:
    """Return the column in whose index rows stand in the order of an expression."""
    is_collated = getattr(expression, "operator", None) is operators.collate  # see core.queries._ordering
    expression = expression.left if is_collated else expression
    column = getattr(expression, "expression", expression)
    if not isinstance(column, Column):
        return None
    stored: Any = column.type.dialect_impl(session.get_bind().dialect)
    return column if not is_collated or stored.collation == "C" else None


def _compared_with_one(compiled: CompiledQuery) -> list[Any]:
    return [
        compiled.fields[one.left.names[0]]
        for one in parts_of(compiled.query.filter)
        if isinstance(one, Compare)
        and one.comparison is Comparison.IS
        and isinstance(one.left, FieldPath)
        and len(one.left.names) == 1
        and isinstance(one.right, LITERALS)
    ]
