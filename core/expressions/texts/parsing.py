"""Recursive-descent parser of conditions, with one method for each level of precedence.

::

    disjunction = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | comparison
    comparison  = sum [ comparator sum | "is empty" | ["not"] "in" list | ["not"] "between" sum "and" sum
                  | ["not"] "contains" text | ["not"] "starts with" text ]
    comparator  = "=" | "!=" | "<" | "<=" | ">" | ">="
    list        = "(" literal { "," literal } ")" | literal
    sum         = product { ("+" | "-") product }
    product     = factor { ("*" | "/") factor }
    factor      = "-" factor | "(" disjunction ")" | literal | name { "." name }

Whether brackets hold a condition or a value is checked after they have been parsed.
"""

from collections.abc import Callable
from decimal import Decimal

from core.expressions.checking import checked_condition, folded, operand_type, too_large, unknown_field
from core.expressions.labels import field_named
from core.expressions.literals import dated_literal
from core.expressions.nodes import (
    CONDITIONS,
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
    DayAway,
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
    Period,
    Sign,
    StartsWith,
    Text,
    Unit,
)
from core.expressions.problems import refusal
from core.expressions.scope import Scope
from core.expressions.texts._known_words import known_words
from core.expressions.texts._tokens import Token, TokenType, tokens_of
from core.expressions.texts.words import (
    AND,
    BETWEEN_END,
    DIRECTION_BY_WORD,
    NOT,
    OPERATOR_BY_WORD,
    OPERATOR_WORDS,
    OR,
    PATH_SEPARATOR,
    PERIOD_WORDS,
    TO,
    Words,
)
from core.expressions.value_types import DATED, TEXTUAL, Family, Type
from core.i18n import N_
from core.kinds.kind import Refused, shown_value
from core.kinds.standard import NAME

NESTING_MAX = 3 * DEPTH_MAX
"""Maximum nesting of brackets, "not" and minus signs; more than ``DEPTH_MAX``, because brackets make no node."""
_COMPARISONS = {one.value: one for one in Comparison}
_OPERATORS = frozenset(
    {*_COMPARISONS, *(name for name in OPERATOR_WORDS if "not" in name), "in", "between", "contains", "starts", "empty"}
)
"""Names of the operators that follow an operand."""
_TEXT = Type(Family.TEXT, kind=NAME)
_TIMES_TEN_THOUSAND = ("万", "万元")
_SHIFT_DIGITS_MAX = 6


def parse_condition(text: str, scope: Scope) -> Condition:
    """Parse a condition.

    Args:
        text: Field names, codes, English and Chinese labels and operators, mixed at will.
        scope: Fields that may be used: those of a resource that the actor may see.

    Raises:
        InvalidInput: ``expressions.syntax``, ``expressions.too_long`` and others of ``_tokens``, and as
            ``core.expressions.checking.checked_condition``; the sentence says at which character.
    """
    return checked_condition(_Parser(tokens_of(text, known_words(scope)), scope).parse(), scope)


class _Parser:
    """Parses tokens from left to right."""

    def __init__(self, tokens: list[Token], scope: Scope) -> None:
        self._tokens = tokens
        self._scope = scope
        self._index = 0
        self._nesting = 0

    def parse(self) -> Condition:
        """Return the condition that all tokens make."""
        found = self._condition_of(self._disjunction(None))
        if self._next.type is not TokenType.END:
            raise self._unexpected()
        return found

    # --- levels of the grammar, the loosest first ---

    def _disjunction(self, expected: Type | None) -> Node:
        self._nesting += 1
        if self._nesting > NESTING_MAX:
            raise too_large(self._next.at)
        parts = [self._conjunction(expected)]
        while self._accept(OR):
            parts.append(self._conjunction(expected))
        self._nesting -= 1
        return Or(tuple(map(self._condition_of, parts)), parts[0].at) if len(parts) > 1 else parts[0]

    def _conjunction(self, expected: Type | None) -> Node:
        parts = [self._negation(expected)]
        while self._accept(AND):
            parts.append(self._negation(expected))
        return And(tuple(map(self._condition_of, parts)), parts[0].at) if len(parts) > 1 else parts[0]

    def _negation(self, expected: Type | None) -> Node:
        at = self._next.at
        if not self._accept(NOT):
            return self._comparison(expected)
        self._nesting += 1
        if self._nesting > NESTING_MAX:
            raise too_large(at)
        part = self._condition_of(self._negation(expected))
        self._nesting -= 1
        return Not(part, at)

    def _comparison(self, expected: Type | None) -> Node:
        left = self._sum(expected)
        operator = self._operator()
        if operator is None or operator not in _OPERATORS or isinstance(left, CONDITIONS):
            return left
        self._index += 1
        if operator == "not":
            operator = self._operator() or ""
            if operator not in {"in", "between", "contains", "starts", "empty"}:
                raise self._unexpected()
            self._index += 1
            operator = f"not {operator}"
        positive = operator.removeprefix("not ")
        found = self._compared(left, positive)
        return found if positive == operator else Not(found, left.at)

    def _compared(self, left: Node, operator: str) -> Condition:
        if isinstance(left, CONDITIONS):
            raise self._unexpected()
        if operator == "empty":
            return IsEmpty(left, left.at)
        if operator in {"contains", "starts"}:
            part = self._leaf(_TEXT)
            if not isinstance(left, FieldPath) or not isinstance(part, Text):
                raise refusal("other_kind", N_("A text is expected here: put it in quotation marks."), part.at)
            return (Contains if operator == "contains" else StartsWith)(left, part.value, left.at)
        left = folded(left)
        type_ = None if isinstance(left, LITERALS) else operand_type(left, self._scope)
        if operator == "in":
            return In(left, tuple(self._list(type_)), left.at)
        if operator == "between":
            return self._between(left, type_)
        return Compare(left, _COMPARISONS[operator], self._value(type_), left.at)

    def _between(self, left: Operand, type_: Type | None) -> Condition:
        least = self._value(type_)
        if not self._accept(TO):
            raise self._unexpected()
        most = self._value(type_)
        self._accept(BETWEEN_END)
        return Between(left, least, most, left.at)

    def _list(self, type_: Type | None) -> list[Literal]:
        if not self._accept_sign("("):
            return [self._literal(type_)]
        values = [self._literal(type_)]
        while self._accept_sign(","):
            values.append(self._literal(type_))
        self._close()
        return values

    def _literal(self, type_: Type | None) -> Literal:
        found = folded(self._value(type_))
        if not isinstance(found, LITERALS):
            raise refusal("other_kind", N_("A list holds values, no fields."), found.at)
        return found

    def _value(self, type_: Type | None) -> Operand:
        found = self._sum(type_)
        if isinstance(found, CONDITIONS):
            raise refusal("other_kind", N_("A value is expected here, no condition."), found.at)
        return found

    def _sum(self, expected: Type | None) -> Node:
        return self._chain("+-", self._product, expected)

    def _product(self, expected: Type | None) -> Node:
        return self._chain("*/", self._factor, expected)

    def _chain(self, signs: str, part: Callable[[Type | None], Node], expected: Type | None) -> Node:
        left = part(expected)
        while self._next.type is TokenType.SIGN and self._next.text in signs:
            sign = Sign(self._next.text)
            self._index += 1
            right = part(expected)
            if isinstance(left, CONDITIONS) or isinstance(right, CONDITIONS):
                raise refusal("other_kind", N_("A value is expected here, no condition."), right.at)
            left = Arithmetic(left, sign, right, left.at)
        return left

    def _factor(self, expected: Type | None) -> Node:
        at = self._next.at
        if self._accept_sign("-"):
            self._nesting += 1
            if self._nesting > NESTING_MAX:
                raise too_large(at)
            operand = self._factor(expected)
            self._nesting -= 1
            if isinstance(operand, CONDITIONS):
                raise refusal("other_kind", N_("A value is expected here, no condition."), operand.at)
            return Negative(operand, at)
        if self._accept_sign("("):
            inner = self._disjunction(expected)
            self._close()
            return inner
        return self._leaf(expected)

    # --- names and literals ---

    def _leaf(self, expected: Type | None) -> Node:
        token = self._next
        family = expected.family if expected is not None else None
        match token.type:
            case TokenType.TEXT:
                self._index += 1
                return Text(token.text, token.at)
            case TokenType.NUMBER | TokenType.DATE if family in TEXTUAL:
                self._index += 1
                return Text(token.text, token.at)
            case TokenType.NUMBER:
                return self._number()
            case TokenType.DATE:
                self._index += 1
                is_time = "T" in token.text or " " in token.text
                text = token.text.replace(" ", "T")
                return dated_literal(text, Family.INSTANT if is_time else Family.DAY, at=token.at)
            case TokenType.NAME:
                return self._path()
            case TokenType.WORD:
                return self._word(token, expected)
        raise self._unexpected()

    def _number(self) -> Node:
        token = self._next
        self._index += 1
        shift = DIRECTION_BY_WORD.get(self._next.text.lower()) if self._next.type is TokenType.WORD else None
        if shift is not None and token.text.isdigit() and len(token.text) <= _SHIFT_DIGITS_MAX:
            self._index += 1
            unit, direction = shift
            distance = direction * int(token.text)
            return Period(unit, distance, token.at) if unit is Unit.DAY else DayAway(unit, distance, token.at)
        plain = token.text.rstrip("%万元")
        suffix = token.text[len(plain) :]
        factor = 10_000 if suffix in _TIMES_TEN_THOUSAND else 1
        millionths = Decimal(plain) * factor * MILLION / (100 if suffix == "%" else 1)
        if millionths != int(millionths):
            raise refusal("invalid_value", N_("A number has at most 6 decimals."), token.at)
        return Number(int(millionths), suffix == "%", token.at)

    def _word(self, token: Token, expected: Type | None) -> Node:
        lower = token.text.lower()
        family = expected.family if expected is not None else None
        if family is Family.CHOICE and expected is not None and expected.kind is not None:
            try:
                code = expected.kind.parse(token.text)
            except Refused:
                pass
            else:
                self._index += 1
                return Text(str(code), token.at)
        if (family is None or family in DATED) and lower in PERIOD_WORDS:
            self._index += 1
            return Period(*PERIOD_WORDS[lower], token.at)
        if lower in OPERATOR_BY_WORD:
            raise self._unexpected()
        if family in TEXTUAL and field_named(self._scope, token.text) is None:
            self._index += 1
            return Text(token.text, token.at)
        return self._path()

    def _path(self) -> FieldPath:
        at = self._next.at
        names: list[str] = []
        scope: Scope | None = self._scope
        while True:
            token = self._next
            if token.type not in {TokenType.WORD, TokenType.NAME}:
                raise self._unexpected()
            self._index += 1
            field = field_named(scope, token.text) if scope is not None else None
            if field is None or scope is None:
                raise unknown_field(FieldPath((*names, token.text), at), self._scope)
            names.append(field.name)
            if not self._accept(PATH_SEPARATOR):
                return FieldPath(tuple(names), at)
            scope = scope.of_reference(field.name)

    # --- tokens ---

    @property
    def _next(self) -> Token:
        return self._tokens[self._index]

    def _operator(self) -> str | None:
        token = self._next
        return OPERATOR_BY_WORD.get(token.text.lower()) if token.type in {TokenType.WORD, TokenType.SIGN} else None

    def _accept(self, words: Words) -> bool:
        is_next = self._next.type in {TokenType.WORD, TokenType.SIGN} and self._next.text.lower() in words.all
        self._index += is_next
        return is_next

    def _accept_sign(self, sign: str) -> bool:
        is_next = self._next.type is TokenType.SIGN and self._next.text == sign
        self._index += is_next
        return is_next

    def _close(self) -> None:
        if not self._accept_sign(")"):
            raise self._unexpected()

    def _condition_of(self, node: Node) -> Condition:
        if isinstance(node, CONDITIONS):
            return node
        raise refusal("no_condition", N_("This is no condition: compare it with something."), node.at)

    def _unexpected(self) -> Exception:
        token = self._next
        if token.type is TokenType.END:
            return refusal("syntax", N_("The condition ends too early."), token.at)
        return refusal("syntax", N_("“{word}” is not expected here."), token.at, word=shown_value(token.text))
