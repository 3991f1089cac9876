"""Compilation of queries to statements: checked for the session's actor, with conditions and columns."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, select
from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.expressions.checking import checked_condition
from core.expressions.compiling import ResolvedReferences, compiled_condition
from core.expressions.scope import Scope
from core.kinds.kind import Kind
from core.queries._ordering import KEY, TITLE, Sort, Term, referred, terms_of
from core.queries._references import resolve_references
from core.queries._search import search_condition
from core.queries.filters import unknown_field
from core.queries.grid_query import GridQuery, checked_sorts, parts_of
from core.resource import Field

KEY_SEPARATOR = "~"


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A query in SQL, for one session.

    Attributes:
        scope: The fields that exist for the session's actor, and those of the rows above.
        resolved: Row ids that the references of its filter name; ``where`` is made of them.
        where: Conditions that all hold, besides the row filter.
        sorts, terms: Sort order, as requested and as expressions.
        walks: Whether the index of the order is scanned, see ``core.queries._plans``.
        cache: Statements made of it, see ``core.queries._statements``; None if they are not worth caching.
    """

    query: GridQuery
    scope: Scope
    resolved: ResolvedReferences
    where: list[ColumnElement[bool]]
    sorts: tuple[Sort, ...]
    terms: list[Term]
    walks: bool = False
    cache: dict[Hashable, Any] | None = None

    @property
    def fields(self) -> Mapping[str, Field]:
        """Return the fields that exist for the session's actor, by name."""
        return self.scope.fields


def compile_query(session: Session, query: GridQuery) -> CompiledQuery:
    """Return a query in SQL, everything in it checked for the session's actor.

    Raises:
        NotPermitted: ``access.denied``.
        InvalidInput: As ``core.queries.grid_query.read_query``, and ``queries.search_too_short``; of a filter that was
            made for another actor as ``core.expressions.checking.checked_condition``.
    """
    resource, actor = query.resource, actor_of(session)
    actor.require(resource.view)
    scope = Scope.of(resource, actor)
    fields = scope.fields
    for name in query.fields:
        if name not in fields:
            raise unknown_field(name, fields)
    condition = None if query.filter is None else checked_condition(query.filter, scope)
    resolved = resolve_references(session, scope, condition)
    where = [compiled_condition(session, part, scope, resolved) for part in parts_of(condition)]
    if query.search:
        where.append(search_condition(session, resource, fields, query.search))
    sorts = checked_sorts(query, fields)
    return CompiledQuery(query, scope, resolved, where, sorts, terms_of(session, resource, fields, sorts))


def numbers_of_rows(compiled: CompiledQuery, *conditions: ColumnElement[bool], backward: bool = False) -> Select[Any]:
    """Return the select of the numbers of the rows, and of what they are ordered by (``by_0`` …), in order."""
    model = compiled.query.resource.model
    by = [term.expression.label(f"by_{index}") for index, term in enumerate(compiled.terms)]
    statement = select(model.id, *by).select_from(model)
    return in_order(compiled, statement.where(*compiled.where, *conditions), backward=backward)


def in_order(compiled: CompiledQuery, statement: Select[Any], *, backward: bool = False) -> Select[Any]:
    """Return a select of the resource's rows in the requested order."""
    for term in compiled.terms:
        if term.join is not None:
            statement = statement.outerjoin(*term.join)
    return statement.order_by(*(term.ordered(backward=backward) for term in compiled.terms))


@dataclass(frozen=True, slots=True)
class Columns:
    """What to read of a row, and how to make of it what JSON carries.

    Attributes:
        joins: (rows, condition) of the tables that references lead to.
        dumps: (key in the dumped row, position in the read row, dump or None), in order.
        key: (position, dump) of each key field.
    """

    columns: list[Any]
    joins: list[tuple[Any, Any]]
    dumps: list[tuple[str, int, Callable[[Any], Any] | None]]
    key: list[tuple[int, Callable[[Any], Any]]]

    def joined_to(self, statement: Select[Any]) -> Select[Any]:
        """Return the statement with every table that references lead to."""
        for others, condition in self.joins:
            statement = statement.outerjoin(others, condition)
        return statement

    def dumped(self, row: Sequence[Any]) -> dict[str, Any]:
        """Return a read row as JSON carries it; names come from the resource alone, never from data."""
        values: dict[str, Any] = {"_key": KEY_SEPARATOR.join(str(dump(row[at])) for at, dump in self.key)}
        for name, at, dump in self.dumps:
            values[name] = row[at] if dump is None else dump(row[at])
        return values


def columns_of(compiled: CompiledQuery, *, titles: bool = True) -> Columns:
    """Return the columns of the requested fields, then those of the key that are missing.

    Args:
        titles: Whether to bring the titles of references, as ``<name>__title``.
    """
    resource = compiled.query.resource
    own = Columns([], [], [], [])
    positions: dict[str, int] = {}
    others: dict[str, Subquery] = {}
    fields = dict(compiled.fields) | {name: resource.field(name) for name in resource.keys}
    for name in dict.fromkeys([*compiled.query.fields, *resource.keys]):
        field = fields[name]
        positions[name] = len(own.columns)
        reference = field.kind.reference
        if reference is None:
            own.columns.append(field.stored.expression)
        else:
            others[name], condition = referred(field, reference)
            own.joins.append((others[name], condition))
            own.columns.append(others[name].c[KEY])
    for name in compiled.query.fields:
        own.dumps.append((name, positions[name], _dump_of(fields[name])))
        if titles and name in others:
            own.dumps.append((f"{name}__title", len(own.columns), None))
            own.columns.append(others[name].c[TITLE])
    own.key.extend((positions[name], fields[name].kind.dump) for name in resource.keys)
    return own


def _dump_of(field: Field) -> Callable[[Any], Any] | None:
    """Return how a field's values become JSON, None if they are it already."""
    return None if field.kind.dump is _AS_IT_IS else field.kind.dump


_AS_IT_IS = Kind.__dataclass_fields__["dump"].default
