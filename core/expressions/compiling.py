"""A condition in SQL, equal to ``evaluating`` for every row on both databases. Every value is bound.

A field of a row above is read in a subquery of its own, in which the row filter of the session's actor holds: a row
that the actor may not see has no values, and a reference to it is empty. Where only true counts, a condition on such a
row becomes "refers to one of the rows for which it holds", so that indexes are used.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, not_, null, or_, select
from sqlalchemy.orm import Session

from core.database.sessions import EVERYONE, is_sqlite
from core.expressions._calculation import beside, calculated, same_scale
from core.expressions._sql_numbers import SqlNumbers
from core.expressions.checking import operand_type
from core.expressions.literals import keys_of
from core.expressions.nodes import (
    LITERALS,
    And,
    Arithmetic,
    Between,
    Compare,
    Comparison,
    Condition,
    Contains,
    FieldPath,
    In,
    IsEmpty,
    Literal,
    Negative,
    Not,
    Number,
    Operand,
    Or,
    StartsWith,
    Text,
    children_of,
)
from core.expressions.scope import Scope
from core.expressions.spans import span_of
from core.expressions.text_conditions import contains, spellings, starts_with, within_region
from core.expressions.value_types import DATED, NUMERIC, Family, Type, at_scale, scale_of_literal
from core.kinds.kind import Reference

Leaf = Compare | In | Between | Contains | StartsWith
ResolvedReferences = Mapping[Condition, tuple[int, ...]]
"""By condition that names rows by their keys: the numbers of those rows, as far as the actor sees them."""


def named_references(condition: Condition | None, scope: Scope) -> Iterator[tuple[Condition, Reference, list[str]]]:
    """Yield each part of a checked condition that names rows by their keys: with what it refers to, and the keys."""
    match condition:
        case None:
            return
        case And() | Or():
            for part in condition.parts:
                yield from named_references(part, scope)
        case Not():
            yield from named_references(condition.part, scope)
        case Compare(left=FieldPath() as path, right=Text() as text):
            yield from _named(condition, path, [text], scope)
        case In(operand=FieldPath() as path):
            yield from _named(condition, path, condition.values, scope)


def compiled_condition(
    session: Session, condition: Condition, scope: Scope, resolved: ResolvedReferences
) -> ColumnElement[bool]:
    """Return a checked condition in SQL, for a WHERE clause.

    Args:
        session: Says which database it is for.
        condition: As ``checked_condition`` returns it.
        scope: The one that it was checked with.
        resolved: The numbers of the rows of ``named_references``.
    """
    return _Compiler(session, resolved).condition(condition, scope, is_exact=False)


def _named(
    condition: Condition, path: FieldPath, values: Sequence[Literal], scope: Scope
) -> Iterator[tuple[Condition, Reference, list[str]]]:
    field = scope.field(path)
    if field is not None and field.kind.reference is not None:
        texts = [value.value for value in values if isinstance(value, Text)]
        yield condition, field.kind.reference, [key for text in texts for key in keys_of(field.kind, text)]


class _Compiler:
    """Makes SQL for one database.

    ``is_exact`` says that unknown has to be told from false, as below a "not"; else the shorter form is made.
    """

    def __init__(self, session: Session, resolved: ResolvedReferences) -> None:
        self._session = session
        self._resolved = resolved
        self._numbers = SqlNumbers.of(session)

    def condition(self, node: Condition, scope: Scope, *, is_exact: bool) -> ColumnElement[bool]:
        """Return a condition in SQL."""
        match node:
            case And():
                return and_(*(self.condition(part, scope, is_exact=is_exact) for part in node.parts))
            case Or():
                return or_(*(self.condition(part, scope, is_exact=is_exact) for part in node.parts))
            case Not():
                return not_(self.condition(node.part, scope, is_exact=True))
            case IsEmpty(operand=FieldPath() as path):
                return _seen_column(path, scope).is_(None)  # type: ignore[no-any-return]
            case IsEmpty():
                return self._numbers.whole(self._value(node.operand, scope)).is_(None)  # type: ignore[no-any-return]
        numbers = self._resolved.get(node)
        return self._leaf(node, scope, numbers, is_exact=is_exact)

    def _leaf(
        self, node: Leaf, scope: Scope, numbers: tuple[int, ...] | None, *, is_exact: bool
    ) -> ColumnElement[bool]:
        first = None if is_exact else _row_above(node)
        above = scope.of_reference(first) if first is not None else None
        if first is None or above is None:
            return self._here(node, scope, numbers, is_exact=is_exact)
        column, model = scope.fields[first].stored.expression, above.resource.model
        found = self._leaf(_seen_from_above(node), above, numbers, is_exact=False)
        return column.in_(select(model.id).where(found).correlate(None))  # type: ignore[no-any-return]

    def _here(
        self, node: Leaf, scope: Scope, numbers: tuple[int, ...] | None, *, is_exact: bool
    ) -> ColumnElement[bool]:
        match node:
            case Contains():
                return self._part(node.field, node.part, scope, contains, is_exact=is_exact)
            case StartsWith():
                return self._part(node.field, node.part, scope, starts_with, is_exact=is_exact)
            case Between():
                least = self._compared(node.operand, Comparison.AT_LEAST, node.least, scope)
                return and_(least, self._compared(node.operand, Comparison.AT_MOST, node.most, scope))
            case Compare() if numbers is not None:
                is_same = self._refers(node.left, numbers, scope, is_exact=is_exact or node.comparison != Comparison.IS)
                return is_same if node.comparison is Comparison.IS else not_(is_same)
            case Compare():
                return self._compared(node.left, node.comparison, node.right, scope)
        if numbers is not None:
            return self._refers(node.operand, numbers, scope, is_exact=is_exact)
        return self._is_any(node.operand, node.values, scope)

    def _value(self, operand: Operand, scope: Scope) -> Any:
        """Return the value of an operand: of a field its column, of a calculation a number at the scale of its type."""
        match operand:
            case FieldPath():
                return _column(operand, scope)
            case Negative():
                return self._numbers.minus(self._numbers.number(0), self._number(operand.operand, scope))
        return self._number(operand, scope)

    def _number(self, operand: Operand, scope: Scope) -> Any:
        match operand:
            case FieldPath():
                return self._numbers.number(_column(operand, scope))
            case Number():
                return self._numbers.number(at_scale(operand.millionths, scale_of_literal(operand.millionths)))
            case Arithmetic():
                left, right = (self._number(one, scope) for one in (operand.left, operand.right))
                types = operand_type(operand.left, scope), operand_type(operand.right, scope)
                return calculated(self._numbers, left, types[0], operand.sign, right, types[1])
        return self._value(operand, scope)

    def _compared(self, left: Operand, comparison: Comparison, right: Operand, scope: Scope) -> ColumnElement[bool]:
        type_ = operand_type(left, scope)
        if type_.family in NUMERIC:
            return self._numbers_compared(left, type_, comparison, right, scope)
        if isinstance(right, LITERALS):
            return self._compared_with_literal(_column(left, scope), type_, comparison, right)
        column, other = (_shown_column(one, scope) for one in (left, right))
        return _holds(column, comparison, other)

    def _numbers_compared(
        self, left: Operand, type_: Type, comparison: Comparison, right: Operand, scope: Scope
    ) -> ColumnElement[bool]:
        other_type = operand_type(right, scope)
        if isinstance(left, FieldPath) and isinstance(right, Number) and other_type.scale <= type_.scale:
            return _holds(_column(left, scope), comparison, at_scale(right.millionths, type_.scale))
        if isinstance(left, FieldPath) and isinstance(right, FieldPath) and other_type.scale == type_.scale:
            return _holds(_column(left, scope), comparison, _column(right, scope))
        types = beside(type_, other_type)
        value, other = (self._number(one, scope) for one in (left, right))
        value, other = map(self._numbers.whole, same_scale(self._numbers, value, types[0], other, types[1]))
        return _holds(value, comparison, other)

    def _compared_with_literal(
        self, column: Any, type_: Type, comparison: Comparison, literal: Literal
    ) -> ColumnElement[bool]:
        if type_.family in DATED:
            return _in_span(column, comparison, type_.family, *span_of(literal, type_.family))
        text = literal.value if isinstance(literal, Text) else ""
        if type_.family is Family.MEASURE and type_.kind is not None:
            return _holds(column, comparison, type_.kind.parse(text))
        is_same = self._is(column, type_, text)
        return is_same if comparison is Comparison.IS else not_(is_same)

    def _is(self, column: Any, type_: Type, text: str) -> ColumnElement[bool]:
        if type_.family is Family.REGION:
            return within_region(column, text)
        if type_.family is Family.TAGS:
            position = func.instr if is_sqlite(self._session) else func.strpos
            return position(";" + column + ";", f";{text};") > 0
        if type_.kind is not None and type_.kind.names_rows:
            return _one_of(column, keys_of(type_.kind, text))
        return column == text  # type: ignore[no-any-return]

    def _is_any(self, operand: Operand, values: Sequence[Literal], scope: Scope) -> ColumnElement[bool]:
        type_ = operand_type(operand, scope)
        if type_.family in {Family.TEXT, Family.CHOICE} and type_.kind is not None:
            texts = [value.value for value in values if isinstance(value, Text)]
            kind = type_.kind
            keys = [key for text in texts for key in keys_of(kind, text)] if kind.names_rows else texts
            return _one_of(_column(operand, scope), keys)
        return or_(*(self._compared(operand, Comparison.IS, value, scope) for value in values))

    def _refers(
        self, operand: Operand, numbers: tuple[int, ...], scope: Scope, *, is_exact: bool
    ) -> ColumnElement[bool]:
        column = _seen_column(operand, scope) if is_exact else _column(operand, scope)
        if not numbers and is_exact:
            return _unknown_if_empty(column, false())
        return _one_of(column, numbers)

    def _part(self, path: FieldPath, part: str, scope: Scope, found_in: Any, *, is_exact: bool) -> ColumnElement[bool]:
        column, reference = _column(path, scope), operand_type(path, scope).reference
        texts = (column,) if reference is None else (reference.key, reference.title)
        found = or_(*(found_in(self._session, text, one) for text in texts for one in spellings(part)))
        if reference is None:
            return found
        among: ColumnElement[bool] = column.in_(select(reference.key.class_.id).where(found).correlate(None))
        return _unknown_if_empty(_seen_column(path, scope), among) if is_exact else among


def _row_above(node: Leaf) -> str | None:
    """Return the reference through which all fields of a condition are reached; None if they are not."""
    firsts = {(path.names[0], len(path.names) > 1) for path in _paths(node)}
    name, is_above = firsts.pop()
    return name if is_above and not firsts else None


def _paths(node: Any) -> list[FieldPath]:
    return [node] if isinstance(node, FieldPath) else [path for child in children_of(node) for path in _paths(child)]


def _seen_from_above(node: Any) -> Any:
    """Return a condition on fields of a row above as that row states it."""
    match node:
        case FieldPath():
            return replace(node, names=node.names[1:])
        case Compare() | Arithmetic():
            return replace(node, left=_seen_from_above(node.left), right=_seen_from_above(node.right))
        case In() | Negative():
            return replace(node, operand=_seen_from_above(node.operand))
        case Between():
            ends = {"least": _seen_from_above(node.least), "most": _seen_from_above(node.most)}
            return replace(node, operand=_seen_from_above(node.operand), **ends)
        case Contains() | StartsWith():
            return replace(node, field=_seen_from_above(node.field))
    return node


def _column(operand: Operand, scope: Scope) -> Any:
    """Return the column of a field; of a row above a subquery that finds its value, NULL if the row is not seen."""
    if not isinstance(operand, FieldPath):
        raise TypeError(f"{operand} is no field")
    found: Any = None
    for here, field in scope.steps(operand):
        here_expression = field.stored.expression
        found = here_expression if found is None else _of_row(here.resource.model.id, here_expression, found)
    return found


def _seen_column(operand: Operand, scope: Scope) -> Any:
    """Return the column of a field as the actor sees it: of a reference NULL if the row it leads to is not seen."""
    column, reference = _column(operand, scope), operand_type(operand, scope).reference
    model = None if reference is None else reference.key.class_
    if model is None or model.visible_to(scope.actor) is EVERYONE:
        return column
    return _of_row(model.id, model.id, column)


def _of_row(number: Any, column: Any, wanted: Any) -> Any:
    """Return the subquery that finds a column in the row of a number. The row filter holds inside it."""
    rows = select(number.label("number"), column.label("value")).subquery()
    return select(rows.c.value).where(rows.c.number == wanted).correlate_except(rows).scalar_subquery()


def _shown_column(operand: Operand, scope: Scope) -> Any:
    """Return a field as it is compared with another: of a reference the key of the row, if the actor sees it."""
    column, type_ = _column(operand, scope), operand_type(operand, scope)
    reference = type_.reference
    return column if reference is None else _of_row(reference.key.class_.id, reference.key, column)


def _unknown_if_empty(column: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return a condition that is false of an empty column as one that is unknown of it."""
    return or_(condition, and_(column.is_(None), null()))


def _one_of(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    return column == values[0] if len(values) == 1 else column.in_(values)  # type: ignore[no-any-return]


def _holds(column: Any, comparison: Comparison, other: Any) -> ColumnElement[bool]:
    match comparison:
        case Comparison.IS:
            return column == other  # type: ignore[no-any-return]
        case Comparison.IS_NOT:
            return column != other  # type: ignore[no-any-return]
        case Comparison.LESS:
            return column < other  # type: ignore[no-any-return]
        case Comparison.AT_MOST:
            return column <= other  # type: ignore[no-any-return]
        case Comparison.MORE:
            return column > other  # type: ignore[no-any-return]
    return column >= other  # type: ignore[no-any-return]


def _in_span(column: Any, comparison: Comparison, family: Family, first: Any, after: Any) -> ColumnElement[bool]:
    match comparison:
        case Comparison.LESS:
            return column < first  # type: ignore[no-any-return]
        case Comparison.AT_MOST:
            return column < after  # type: ignore[no-any-return]
        case Comparison.MORE:
            return column >= after  # type: ignore[no-any-return]
        case Comparison.AT_LEAST:
            return column >= first  # type: ignore[no-any-return]
        case Comparison.IS_NOT:
            return or_(column < first, column >= after)
    is_day = family is Family.DAY and (after - first).days == 1
    return column == first if is_day else and_(column >= first, column < after)
