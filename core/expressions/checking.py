"""Expressions held against a resource: every field exists for the actor, every operator fits, every literal is read.

What passed is in one form: literals as the field beside them means them, calculations of literals done, a literal on
the left exchanged with the field on the right. Checking it again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

from core.errors import InvalidInput
from core.expressions._calculation import Integers, beside, calculated, result_type
from core.expressions.labels import unique_label
from core.expressions.literals import legal_text, literal_of, require_magnitude
from core.expressions.nodes import (
    CONDITIONS,
    DEPTH_MAX,
    LITERALS,
    MILLION,
    NODES_MAX,
    ROUNDINGS_MAX,
    VALUES_MAX,
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
    Node,
    Not,
    Number,
    Operand,
    Or,
    StartsWith,
    children_of,
)
from core.expressions.problems import refusal
from core.expressions.scope import Scope
from core.expressions.value_types import (
    NUMERIC,
    ORDERED,
    SEARCHED,
    Family,
    Type,
    scale_of_literal,
    type_of_kind,
)
from core.i18n import N_, translate
from core.kinds.kind import shown_value

EXACT = 10**40  # beyond what calculations of literals reach
FLIPPED = {
    Comparison.LESS: Comparison.MORE,
    Comparison.AT_MOST: Comparison.AT_LEAST,
    Comparison.MORE: Comparison.LESS,
    Comparison.AT_LEAST: Comparison.AT_MOST,
}


def checked_condition(condition: Condition, scope: Scope) -> Condition:
    """Return a condition that can be evaluated and compiled.

    Raises:
        InvalidInput: ``expressions.too_large``, ``expressions.unknown_field``, ``expressions.other_kind``,
            ``expressions.unknown_operator``, ``expressions.invalid_value``, ``expressions.no_condition``.
    """
    require_size(condition)
    return _condition(condition, scope)


def operand_type(operand: Operand, scope: Scope) -> Type:
    """Return the type of an operand; of a literal that no field stands beside, that of a number.

    Raises:
        InvalidInput: ``expressions.unknown_field``, ``expressions.other_kind``.
    """
    match operand:
        case FieldPath():
            field = scope.field(operand)
            if field is None:
                raise unknown_field(operand, scope)
            return type_of_kind(field.kind)
        case Number():
            require_magnitude(operand)
            return Type(Family.NUMBER, scale_of_literal(operand.millionths), is_literal=True)
        case Negative():
            return replace(operand_type(operand.operand, scope), kind=None)
        case Arithmetic():
            left, right = operand_type(operand.left, scope), operand_type(operand.right, scope)
            found = result_type(left, operand.sign, right)
            if found is None or found.roundings > ROUNDINGS_MAX:
                raise _no_calculation(operand, found)
            return found
    raise refusal("other_kind", N_("A number or an amount is expected here."), operand.at)


def unknown_field(path: FieldPath, scope: Scope) -> InvalidInput:
    """Return the refusal of a field that does not exist, or not for this actor."""
    here: Scope | None = scope
    for name in path.names[:-1]:
        following = here.of_reference(name) if here is not None else None
        if following is None:
            break
        here = following
    labels = [] if here is None else [unique_label(here, field) for field in here.fields.values()]
    return refusal(
        "unknown_field",
        N_("There is no field “{field}” here. There are: {known}."),
        path.at,
        field=shown_value(path),
        known=translate(", ").join(labels),
    )


def require_size(node: Node) -> None:
    """Go on only with a tree within the limits. Raises ``InvalidInput``: ``expressions.too_large``."""
    nodes = values = 0
    level: Sequence[Node] = (node,)
    depth = 0
    while level:
        depth += 1
        nodes += sum(not isinstance(one, (*LITERALS, FieldPath)) for one in level)
        values += sum(isinstance(one, LITERALS) for one in level)
        if nodes > NODES_MAX or values > VALUES_MAX or depth > DEPTH_MAX:
            raise too_large(node.at)
        level = [child for one in level for child in children_of(one)]


def too_large(at: int = -1) -> InvalidInput:
    """Return the refusal of an expression beyond the limits."""
    return refusal(
        "too_large",
        N_("This condition is too large: at most {nodes} parts, {values} values and {depth} levels."),
        at,
        nodes=NODES_MAX,
        values=VALUES_MAX,
        depth=DEPTH_MAX,
    )


def _condition(node: Condition, scope: Scope) -> Condition:
    match node:
        case And() | Or() if node.parts:
            parts = tuple(_condition(part, scope) for part in node.parts)
            return replace(node, parts=parts) if len(parts) > 1 else parts[0]
        case Not():
            return replace(node, part=_condition(node.part, scope))
        case Compare():
            return _compare(node, scope)
        case In():
            operand = _operand(node.operand, scope)
            values = tuple(_literals(node.values, operand, scope))
            if len(values) == 1:
                return Compare(operand, Comparison.IS, values[0], node.at)
            return replace(node, operand=operand, values=values)
        case Between():
            operand = _operand(node.operand, scope)
            return replace(
                node, operand=operand, least=_end(node.least, operand, scope), most=_end(node.most, operand, scope)
            )
        case Contains() | StartsWith():
            if operand_type(node.field, scope).family not in SEARCHED:
                raise _unknown_operator(node.field)
            if not legal_text(node.part, node.at):
                raise refusal("invalid_value", N_("Say what to look for."), node.at)
            return node
        case IsEmpty():
            return replace(node, operand=_operand(node.operand, scope))
    raise refusal("no_condition", N_("This is no condition: compare it with something."), getattr(node, "at", -1))


def _compare(node: Compare, scope: Scope) -> Compare:
    if isinstance(node.left, LITERALS):
        if isinstance(node.right, LITERALS):
            raise refusal("no_field", N_("Compare a field with something."), node.at)
        node = replace(node, left=node.right, right=node.left, comparison=FLIPPED.get(node.comparison, node.comparison))
    left = _operand(node.left, scope)
    type_ = operand_type(left, scope)
    if node.comparison not in {Comparison.IS, Comparison.IS_NOT} and type_.family not in ORDERED:
        raise _unknown_operator(left)
    return replace(node, left=left, right=_beside(node.right, left, type_, scope))


def _end(operand: Operand, compared: Operand, scope: Scope) -> Operand:
    type_ = operand_type(compared, scope)
    if type_.family not in ORDERED:
        raise _unknown_operator(compared)
    return _beside(operand, compared, type_, scope)


def _beside(operand: Operand, compared: Operand, type_: Type, scope: Scope) -> Operand:
    """Return an operand as it is compared with one of a type."""
    operand = folded(operand)
    if isinstance(operand, LITERALS):
        return literal_of(operand, type_)
    operand = _operand(operand, scope)
    own, other = beside(operand_type(operand, scope), type_)
    is_same = own.family is other.family and (
        own.reference is None or other.reference is None or own.reference.resource == other.reference.resource
    )
    if not is_same or own.family in {Family.REGION, Family.TAGS}:
        raise refusal(
            "other_kind", N_("“{left}” and “{right}” cannot be compared: they are of different kinds."), operand.at,
            left=_name(compared), right=_name(operand),
        )  # fmt: skip
    return operand


def _literals(values: Sequence[Literal], operand: Operand, scope: Scope) -> list[Literal]:
    type_ = operand_type(operand, scope)
    if not values:
        raise refusal("invalid_value", N_("Say at least one value."), operand.at)
    return [literal_of(value, type_) for value in values]


def _operand(operand: Operand, scope: Scope) -> Operand:
    """Return an operand that is no literal, its types held against each other."""
    operand = folded(operand)
    if isinstance(operand, LITERALS):
        raise refusal("no_field", N_("Compare a field with something."), operand.at)
    _require_signs(operand, scope)
    operand_type(operand, scope)
    return operand


def _require_signs(operand: Operand, scope: Scope) -> None:
    if isinstance(operand, Negative) and operand_type(operand.operand, scope).family not in NUMERIC:
        raise refusal("other_kind", N_("A number or an amount is expected here."), operand.operand.at)
    for child in children_of(operand):
        if not isinstance(child, (Number, FieldPath, Arithmetic, Negative)):
            raise refusal("other_kind", N_("A number or an amount is expected here."), getattr(child, "at", -1))
        _require_signs(child, scope)


def folded(operand: Operand) -> Operand:
    """Return an operand with every calculation of literals done; one without a result is left as it is."""
    if isinstance(operand, CONDITIONS):
        raise refusal("other_kind", N_("A value is expected here, no condition."), operand.at)
    if isinstance(operand, Negative):
        inner = folded(operand.operand)
        if isinstance(inner, Number):
            return replace(inner, millionths=-inner.millionths)
        return replace(operand, operand=inner)
    if not isinstance(operand, Arithmetic):
        return operand
    left, right = folded(operand.left), folded(operand.right)
    if isinstance(left, Number) and isinstance(right, Number):
        million = Type(Family.NUMBER, MILLION)
        found = calculated(Integers(EXACT), left.millionths, million, operand.sign, right.millionths, million)
        if found is not None:
            return Number(found, at=left.at)
    return replace(operand, left=left, right=right)


def _no_calculation(node: Arithmetic, found: Type | None) -> InvalidInput:
    if found is not None:
        return refusal(
            "too_large", N_("At most {count} products and quotients can stand within each other."), node.at,
            count=ROUNDINGS_MAX,
        )  # fmt: skip
    return refusal(
        "other_kind", N_("“{left} {sign} {right}” makes no sense: numbers and amounts are not mixed so."), node.at,
        left=_name(node.left), sign=node.sign.value, right=_name(node.right),
    )  # fmt: skip


def _unknown_operator(operand: Operand) -> InvalidInput:
    return refusal(
        "unknown_operator", N_("“{field}” cannot be compared in this way."), operand.at, field=_name(operand)
    )


def _name(operand: Operand) -> str:
    return shown_value(operand) if isinstance(operand, FieldPath) else "…"
