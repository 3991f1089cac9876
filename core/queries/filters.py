"""Conditions as addresses, programs and the command line state them, one parameter each, made into expressions.

A parameter names a field and holds values as people state them: codes, labels, keys of references, decimal yuan, ISO
days. Only fields of the resource that exist for the actor can be named, only these operators can be asked.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from core.errors import InvalidInput, Problem
from core.expressions.labels import short_label
from core.expressions.literals import read_dated
from core.expressions.nodes import (
    MILLION,
    Compare,
    Comparison,
    Condition,
    Contains,
    FieldPath,
    In,
    IsEmpty,
    Literal,
    Not,
    Number,
    Text,
)
from core.expressions.value_types import DATED, NUMERIC, type_of_kind
from core.i18n import N_, translate
from core.kinds.kind import Refused, shown_value
from core.kinds.standard import refuse_illegal
from core.limits import FILTER_VALUE_LENGTH_MAX
from core.resource import Field

TOO_LONG = N_("A value may have at most {length} characters.")
_TEXTS = frozenset({"code", "text", "phone", "uscc", "email"})


class Operator(StrEnum):
    """How a field is compared: any of the values, a part of it, from (≥), to (<), up to (≤), or whether it is empty."""

    IS = "in"
    CONTAINS = "contains"
    FROM = "from"
    TO = "to"
    UPTO = "upto"
    EMPTY = "empty"


_RANGE = frozenset({Operator.IS, Operator.FROM, Operator.TO, Operator.UPTO, Operator.EMPTY})
_PART = frozenset({Operator.IS, Operator.CONTAINS, Operator.EMPTY})
_SAME = frozenset({Operator.IS, Operator.EMPTY})
_COMPARISONS = {
    Operator.FROM: Comparison.AT_LEAST,
    Operator.TO: Comparison.LESS,
    Operator.UPTO: Comparison.AT_MOST,
}


def operators_of(field: Field) -> frozenset[Operator]:
    """Return the operators of a field."""
    if field.kind.reference is not None or (field.kind.style == "text" and not field.kind.choices):
        return _PART
    return _SAME if field.kind.choices else _RANGE


def is_ranged(field: Field) -> bool:
    """Return whether the values of a field have an order that people ask by: numbers, amounts, days, instants."""
    return operators_of(field) is _RANGE


def is_text(field: Field) -> bool:
    """Return whether people look for a part of the field rather than for its whole value."""
    return field.kind.name in _TEXTS or field.kind.reference is not None


def condition_on(field: Field, operator: Operator, texts: Sequence[str]) -> Condition:
    """Return the condition that a parameter states.

    Raises:
        InvalidInput: ``queries.unknown_operator``, ``queries.invalid_value``, ``text.illegal_character``.
    """
    if operator not in operators_of(field):
        raise unknown_operator(field, operator)
    if not texts:
        raise _invalid(
            field.name, "queries.invalid_value", N_("“{field}” needs a value to compare with."), field=field.name
        )
    path = FieldPath((field.name,))
    legal = [_legal(field.name, text) for text in texts]
    match operator:
        case Operator.EMPTY:
            if legal not in (["1"], ["0"]):
                raise _invalid(field.name, "queries.invalid_value", N_("Say 1 for empty or 0 for not empty."))
            return IsEmpty(path) if legal == ["1"] else Not(IsEmpty(path))
        case Operator.CONTAINS:
            return Contains(path, legal[0])
        case Operator.IS if len(legal) > 1:
            return In(path, tuple(_literal(field, text) for text in legal))
    return Compare(path, _COMPARISONS.get(operator, Comparison.IS), _literal(field, legal[0]))


def unknown_field(name: str, fields: Mapping[str, Field]) -> InvalidInput:
    """Return the refusal of a field that does not exist, or not for this actor.

    Parameters name fields by their names, so these stand beside the labels.
    """
    return _invalid(
        shown_value(name),
        "queries.unknown_field",
        N_("There is no field “{field}” here. There are: {known}."),
        field=shown_value(name),
        known=translate(", ").join(f"{short_label(one)} ({one.name})" for one in fields.values()),
    )


def unknown_operator(field: Field, operator: str) -> InvalidInput:
    """Return the refusal of an operator that does not exist, or not for this field."""
    return _invalid(
        field.name,
        "queries.unknown_operator",
        N_("“{field}” cannot be filtered with “{operator}”."),
        field=field.name,
        operator=shown_value(operator),
    )


def _literal(field: Field, text: str) -> Literal:
    type_ = type_of_kind(field.kind)
    try:
        if field.kind.names_rows:
            return Text(text)
        if type_.family in DATED:
            return read_dated(text, type_.family)
        value: Any = field.kind.parse(text)
    except Refused as refused:
        raise _refused(field.name, refused.problem, "queries.invalid_value") from refused
    if type_.family in NUMERIC:
        return Number(value * (MILLION // type_.scale))
    return Text(value if isinstance(value, str) else text)


def _legal(name: str, text: str) -> str:
    if len(text) > FILTER_VALUE_LENGTH_MAX:
        raise _invalid(name, "queries.invalid_value", TOO_LONG, length=FILTER_VALUE_LENGTH_MAX)
    try:
        return refuse_illegal(text)
    except Refused as refused:
        raise _refused(name, refused.problem, refused.problem.code) from refused


def _refused(name: str, problem: Problem, code: str) -> InvalidInput:
    return InvalidInput(code, N_("“{field}”: {problem}"), fields={name: problem}, field=name, problem=problem.text)


def _invalid(name: str, code: str, message: str, /, **values: object) -> InvalidInput:
    return InvalidInput(code, message, fields={name: Problem(code, message, values)}, **values)
