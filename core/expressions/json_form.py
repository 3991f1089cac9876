"""Conditions as JSON with a version number, for what is stored: filters of saved views, rules, conditions of flows.

::

    {"v": 1, "and": [{"field": "status", "in": ["draft", "submitted"]},
                     {"field": "buyer.tier", "is": "dealer"},
                     {"field": "total", "between": [100, {"number": "99.5"}]},
                     {"field": "placed_at", "at_least": {"period": "month", "distance": -1}},
                     {"not": {"field": "note", "empty": true}},
                     {"value": {"-": [{"field": "total"}, {"field": "tax"}]}, "more": {"percent": "13"}}]}
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from core.errors import InvalidInput
from core.expressions.checking import checked_condition, too_large
from core.expressions.literals import dated_literal
from core.expressions.nodes import (
    DEPTH_MAX,
    LITERALS,
    MILLION,
    And,
    Arithmetic,
    Between,
    Compare,
    Comparison,
    Condition,
    Contains,
    Day,
    DayAway,
    FieldPath,
    In,
    IsEmpty,
    Literal,
    Moment,
    Negative,
    Not,
    Number,
    Operand,
    Or,
    Period,
    Sign,
    StartsWith,
    Text,
    Unit,
)
from core.expressions.problems import refusal
from core.expressions.scope import Scope
from core.expressions.value_types import Family
from core.i18n import N_
from core.kinds.kind import shown_value
from core.kinds.standard import scaled_text

VERSION = 1
_COMPARISONS = {
    "is": Comparison.IS,
    "is_not": Comparison.IS_NOT,
    "less": Comparison.LESS,
    "at_most": Comparison.AT_MOST,
    "more": Comparison.MORE,
    "at_least": Comparison.AT_LEAST,
}
_NAMES = {comparison: name for name, comparison in _COMPARISONS.items()}
_SIGNS = {sign.value: sign for sign in Sign}
_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,6})?")


def to_json(condition: Condition) -> dict[str, Any]:
    """Return a checked condition as JSON carries it."""
    return {"v": VERSION, **_condition(condition)}


def from_json(data: object, scope: Scope) -> Condition:
    """Return the condition that JSON means, checked.

    Raises:
        InvalidInput: ``expressions.unknown_version``, ``expressions.invalid_json``, and as
            ``core.expressions.checking.checked_condition``.
    """
    if not isinstance(data, Mapping) or data.get("v") != VERSION:
        version = shown_value(data.get("v", "")) if isinstance(data, Mapping) else ""
        raise refusal(
            "unknown_version", N_("This condition is of version “{version}”; only version {known} is known here."),
            version=version, known=VERSION,
        )  # fmt: skip
    return checked_condition(_condition_in({name: data[name] for name in data if name != "v"}, 1), scope)


def _condition(node: Condition) -> dict[str, Any]:
    match node:
        case And():
            return {"and": [_condition(part) for part in node.parts]}
        case Or():
            return {"or": [_condition(part) for part in node.parts]}
        case Not():
            return {"not": _condition(node.part)}
        case IsEmpty():
            return {**_subject(node.operand), "empty": True}
        case Contains():
            return {**_subject(node.field), "contains": node.part}
        case StartsWith():
            return {**_subject(node.field), "starts_with": node.part}
        case Between():
            return {**_subject(node.operand), "between": [_operand(node.least), _operand(node.most)]}
        case In():
            return {**_subject(node.operand), "in": [_operand(value) for value in node.values]}
    return {**_subject(node.left), _NAMES[node.comparison]: _operand(node.right)}


def _subject(operand: Operand) -> dict[str, Any]:
    return {"field": str(operand)} if isinstance(operand, FieldPath) else {"value": _operand(operand)}


def _operand(operand: Operand) -> Any:
    match operand:
        case FieldPath():
            return {"field": str(operand)}
        case Text():
            return operand.value
        case Number():
            return _number(operand)
        case Day():
            return {"day": operand.day.isoformat()}
        case Moment():
            width = "microseconds" if operand.is_microsecond else "seconds"
            return {"moment": operand.start.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=width) + "Z"}
        case Period():
            return {"period": operand.unit.value, "distance": operand.distance}
        case DayAway():
            return {"from_today": operand.distance, "unit": operand.unit.value}
        case Negative():
            return {"negative": _operand(operand.operand)}
    return {operand.sign.value: [_operand(operand.left), _operand(operand.right)]}


def _number(number: Number) -> Any:
    if number.is_percent:
        return {"percent": scaled_text(number.millionths, 10_000)}
    whole, rest = divmod(number.millionths, MILLION)
    return {"number": scaled_text(number.millionths, MILLION)} if rest else whole


def _condition_in(data: object, depth: int) -> Condition:
    if depth > DEPTH_MAX:
        raise too_large()
    if not isinstance(data, Mapping):
        raise _unknown(data)
    match dict(data):
        case {"and": list(parts), **rest} if not rest:
            return And(tuple(_condition_in(part, depth + 1) for part in parts))
        case {"or": list(parts), **rest} if not rest:
            return Or(tuple(_condition_in(part, depth + 1) for part in parts))
        case {"not": part, **rest} if not rest:
            return Not(_condition_in(part, depth + 1))
        case {"field": str(name), **rest} if len(rest) == 1:
            return _compared_in(_path(name), *rest.popitem(), depth)
        case {"value": value, **rest} if len(rest) == 1:
            return _compared_in(_operand_in(value, depth + 1), *rest.popitem(), depth)
    raise _unknown(", ".join(map(str, data)))


def _compared_in(operand: Operand, operator: object, value: object, depth: int) -> Condition:
    if isinstance(operator, str) and operator in _COMPARISONS:
        return Compare(operand, _COMPARISONS[operator], _operand_in(value, depth + 1))
    match operator, value:
        case "empty", bool(is_empty):
            return IsEmpty(operand) if is_empty else Not(IsEmpty(operand))
        case "contains", str(part) if isinstance(operand, FieldPath):
            return Contains(operand, part)
        case "starts_with", str(part) if isinstance(operand, FieldPath):
            return StartsWith(operand, part)
        case "in", list(values):
            return In(operand, tuple(_literal_in(one, depth + 1) for one in values))
        case "between", [least, most]:
            return Between(operand, _operand_in(least, depth + 1), _operand_in(most, depth + 1))
    raise _unknown(operator)


def _literal_in(data: object, depth: int) -> Literal:
    found = _operand_in(data, depth)
    if not isinstance(found, LITERALS):
        raise refusal("other_kind", N_("A list holds values, no fields."))
    return found


def _operand_in(data: object, depth: int) -> Operand:
    if depth > DEPTH_MAX:
        raise too_large()
    if isinstance(data, str):
        return Text(data)
    if isinstance(data, int) and not isinstance(data, bool):
        return Number(data * MILLION)
    match dict(data) if isinstance(data, Mapping) else data:
        case {"field": str(name), **rest} if not rest:
            return _path(name)
        case {"number": str(text), **rest} if not rest:
            return Number(_millionths(text, MILLION))
        case {"percent": str(text), **rest} if not rest:
            return Number(_millionths(text, MILLION // 100), is_percent=True)
        case {"day": str(text), **rest} if not rest:
            return _read(text, lambda: Day(date.fromisoformat(text)))
        case {"moment": str(text), **rest} if not rest:
            return dated_literal(text, Family.INSTANT)
        case {"period": str(unit), "distance": int(distance), **rest} if not rest:
            return _read(unit, lambda: Period(Unit(unit), distance))
        case {"from_today": int(distance), "unit": str(unit), **rest} if not rest:
            return _read(unit, lambda: DayAway(Unit(unit), distance))
        case {"negative": inner, **rest} if not rest:
            return Negative(_operand_in(inner, depth + 1))
        case dict(calculation) if len(calculation) == 1 and (found := next(iter(calculation))) in _SIGNS:
            sides = calculation[found]
            if isinstance(sides, list) and len(sides) == 2:
                left, right = (_operand_in(side, depth + 1) for side in sides)
                return Arithmetic(left, _SIGNS[found], right)
    raise _unknown(", ".join(map(str, data)) if isinstance(data, Mapping) else data)


def _path(name: str) -> FieldPath:
    return FieldPath(tuple(name.split(".")))


def _millionths(text: str, scale: int) -> int:
    if not _DECIMAL.fullmatch(text):
        raise _unknown(text)
    scaled = Decimal(text) * scale
    if scaled != int(scaled):
        raise refusal("invalid_value", N_("A number has at most 6 decimals."))
    return int(scaled)


def _read(text: str, read: Callable[[], Literal]) -> Literal:
    try:
        return read()
    except (ValueError, OverflowError):
        raise _unknown(text) from None


def _unknown(data: object) -> InvalidInput:
    return refusal("invalid_json", N_("“{part}” has no meaning in a condition."), part=shown_value(data))
