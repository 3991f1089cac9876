"""The value of a condition for one row, in the three-valued logic of SQL: true, false, or None for unknown.

Equal to what ``compiling`` makes of it, on both databases, for every row.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from core.expressions._calculation import Integers, beside, calculated, same_scale
from core.expressions.checking import operand_type
from core.expressions.literals import keys_of
from core.expressions.nodes import (
    LITERALS,
    And,
    Arithmetic,
    Between,
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
)
from core.expressions.scope import Scope
from core.expressions.spans import span_of
from core.expressions.text_conditions import region_codes, spellings
from core.expressions.value_types import DATED, NUMERIC, Family, Type, at_scale, scale_of_literal

_INTEGERS = Integers()


def evaluate(condition: Condition, scope: Scope, values: Mapping[str, Any]) -> bool | None:
    """Return whether a checked condition holds for a row.

    Args:
        condition: As ``checked_condition`` returns it.
        scope: The one that it was checked with.
        values: By path (``"buyer.tier"``), as they are stored; of a reference its key, and its title as
            ``<path>__title``. What is missing is empty.
    """
    match condition:
        case And():
            return _all(evaluate(part, scope, values) for part in condition.parts)
        case Or():
            return _not(_all(_not(evaluate(part, scope, values)) for part in condition.parts))
        case Not():
            return _not(evaluate(condition.part, scope, values))
        case IsEmpty():
            return _value(condition.operand, scope, values) is None
        case Contains():
            return _found_in(condition.field, condition.part, scope, values, is_start=False)
        case StartsWith():
            return _found_in(condition.field, condition.part, scope, values, is_start=True)
        case In():
            each = [_compared(condition.operand, Comparison.IS, one, scope, values) for one in condition.values]
            return _not(_all(map(_not, each)))
        case Between():
            ends = ((Comparison.AT_LEAST, condition.least), (Comparison.AT_MOST, condition.most))
            return _all(_compared(condition.operand, comparison, end, scope, values) for comparison, end in ends)
    return _compared(condition.left, condition.comparison, condition.right, scope, values)


def _all(parts: Iterable[bool | None]) -> bool | None:
    found = set(parts)
    return False if False in found else None if None in found else True


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _value(operand: Operand, scope: Scope, values: Mapping[str, Any]) -> Any:
    """Return the value of an operand, numbers at the scale of its type."""
    match operand:
        case FieldPath():
            return values.get(str(operand))
        case Number():
            return at_scale(operand.millionths, scale_of_literal(operand.millionths))
        case Negative():
            return _INTEGERS.minus(0, _value(operand.operand, scope, values))
        case Arithmetic():
            left, right = (_value(one, scope, values) for one in (operand.left, operand.right))
            types = operand_type(operand.left, scope), operand_type(operand.right, scope)
            return calculated(_INTEGERS, left, types[0], operand.sign, right, types[1])
    raise TypeError(f"{operand} has no value of its own")


def _compared(
    left: Operand, comparison: Comparison, right: Operand, scope: Scope, values: Mapping[str, Any]
) -> bool | None:
    value, type_ = _value(left, scope, values), operand_type(left, scope)
    if isinstance(right, LITERALS) and type_.family not in NUMERIC:
        return None if value is None else _compared_with_literal(value, type_, comparison, right)
    other, other_type = _value(right, scope, values), operand_type(right, scope)
    if type_.family in NUMERIC:
        value, other = same_scale(_INTEGERS, value, beside(type_, other_type)[0], other, beside(type_, other_type)[1])
    return None if value is None or other is None else _holds(value, comparison, other)


def _compared_with_literal(value: Any, type_: Type, comparison: Comparison, literal: Literal) -> bool:
    if type_.family in DATED:
        return _in_span(value, comparison, *span_of(literal, type_.family))
    text = literal.value if isinstance(literal, Text) else ""
    kind = type_.kind
    if type_.family is Family.MEASURE and kind is not None:
        return _holds(value, comparison, kind.parse(text))
    is_same = _is(value, type_, text)
    return is_same if comparison is Comparison.IS else not is_same


def _is(value: str, type_: Type, text: str) -> bool:
    kind = type_.kind
    if type_.family is Family.REGION:
        first, after = region_codes(text)
        return value == text if first == after else first <= value < after
    if type_.family is Family.TAGS:
        return f";{text};" in f";{value};"
    if kind is not None and kind.names_rows:
        return value in keys_of(kind, text)
    return value == text


def _in_span(value: date, comparison: Comparison, first: date, after: date) -> bool:
    match comparison:
        case Comparison.IS:
            return first <= value < after
        case Comparison.IS_NOT:
            return not first <= value < after
        case Comparison.LESS:
            return value < first
        case Comparison.AT_MOST:
            return value < after
        case Comparison.MORE:
            return value >= after
    return value >= first


def _holds(value: Any, comparison: Comparison, other: Any) -> bool:
    match comparison:
        case Comparison.IS:
            return bool(value == other)
        case Comparison.IS_NOT:
            return bool(value != other)
        case Comparison.LESS:
            return bool(value < other)
        case Comparison.AT_MOST:
            return bool(value <= other)
        case Comparison.MORE:
            return bool(value > other)
    return bool(value >= other)


def _found_in(path: FieldPath, part: str, scope: Scope, values: Mapping[str, Any], *, is_start: bool) -> bool | None:
    if values.get(str(path)) is None:
        return None
    texts: Sequence[Any] = [values.get(str(path))]
    if operand_type(path, scope).family is Family.REFERENCE:
        texts = [*texts, values.get(f"{path}__title")]
    parts = [_lower(one) for one in spellings(part)]
    found = [_lower(str(text)) for text in texts if text is not None]
    return any(text.startswith(one) if is_start else one in text for text in found for one in parts)


def _lower(text: str) -> str:
    """Return a text with its ASCII letters in lower case, as both databases compare them."""
    return text.translate(_LOWER)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
