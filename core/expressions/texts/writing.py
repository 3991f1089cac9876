"""Conditions written as text, in field names and codes or in labels; what is read back is the same condition."""

import re

from core.expressions.checking import operand_type
from core.expressions.labels import unique_label
from core.expressions.nodes import (
    And,
    Arithmetic,
    Between,
    Condition,
    Contains,
    Day,
    DayAway,
    FieldPath,
    In,
    IsEmpty,
    Moment,
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
from core.expressions.scope import Scope
from core.expressions.texts.words import (
    AGO,
    AHEAD,
    AND,
    BETWEEN,
    COMPARISONS,
    CONTAINS,
    EMPTY,
    IN,
    NOT,
    NOT_CONTAINS,
    NOT_EMPTY,
    NOT_IN,
    OR,
    PERIODS,
    RESERVED,
    STARTS,
    TO,
    Words,
)
from core.i18n import current_language, translate
from core.kinds.kind import Kind, Refused
from core.kinds.standard import scaled_text

_NAME = re.compile(r"[^\W\d]\w*")
_CODE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MULTIPLIED = frozenset({Sign.TIMES, Sign.OVER})


def text_of(condition: Condition, scope: Scope) -> str:
    """Return a checked condition in its canonical text: English operators, names of fields, codes."""
    return _Writer(scope, "").condition(condition)


def localized_text(condition: Condition, scope: Scope) -> str:
    """Return a checked condition as people read it in the current language: operators and labels."""
    return _Writer(scope, current_language()).condition(condition)


def field_texts(scope: Scope) -> dict[str, str]:
    """Return how each field is written in a condition in the current language → what it is called."""
    labels = [unique_label(scope, field) for field in scope.fields.values()]
    return {_name(label): label for label in labels}


class _Writer:
    """Writes conditions; ``language`` is "" for the canonical text."""

    def __init__(self, scope: Scope, language: str) -> None:
        self._scope = scope
        self._language = language

    def condition(self, node: Condition) -> str:
        """Return a condition as text."""
        match node:
            case And():
                return f" {self._word(AND)} ".join(self._part(part, (And, Or)) for part in node.parts)
            case Or():
                return f" {self._word(OR)} ".join(self._part(part, (Or,)) for part in node.parts)
            case Not():
                return self._not(node.part)
            case IsEmpty():
                return f"{self._operand(node.operand)} {self._word(EMPTY)}"
            case Contains():
                return f"{self._operand(node.field)} {self._word(CONTAINS)} {_quoted(node.part)}"
            case StartsWith():
                return f"{self._operand(node.field)} {self._word(STARTS)} {_quoted(node.part)}"
            case Between():
                least, most = (self._value(end, node.operand) for end in (node.least, node.most))
                return f"{self._operand(node.operand)} {self._word(BETWEEN)} {least} {self._word(TO)} {most}"
            case In():
                return f"{self._operand(node.operand)} {self._word(IN)} {self._list(node)}"
        sign = self._word(COMPARISONS[node.comparison])
        return f"{self._operand(node.left)} {sign} {self._value(node.right, node.left)}"

    def _not(self, part: Condition) -> str:
        match part:
            case IsEmpty():
                return f"{self._operand(part.operand)} {self._word(NOT_EMPTY)}"
            case In():
                return f"{self._operand(part.operand)} {self._word(NOT_IN)} {self._list(part)}"
            case Contains():
                return f"{self._operand(part.field)} {self._word(NOT_CONTAINS)} {_quoted(part.part)}"
        return f"{self._word(NOT)} ({self.condition(part)})"

    def _part(self, part: Condition, bracketed: tuple[type[Node], ...]) -> str:
        text = self.condition(part)
        return f"({text})" if isinstance(part, bracketed) else text

    def _list(self, node: In) -> str:
        return f"({', '.join(self._value(value, node.operand) for value in node.values)})"

    def _value(self, operand: Operand, compared: Operand) -> str:
        """Return an operand that is compared with another, which says what a text means."""
        if isinstance(operand, Text):
            kind = operand_type(compared, self._scope).kind
            return self._choice(kind, operand.value) if kind is not None and kind.choices else _quoted(operand.value)
        kind = operand_type(compared, self._scope).kind
        if isinstance(operand, FieldPath) and kind is not None and kind.choices:
            return ".".join(f"[{name.replace(']', ']]')}]" for name in operand.names)
        return self._operand(operand)

    def _choice(self, kind: Kind, code: str) -> str:
        label = translate(kind.label_of(code)) if self._language else code
        try:
            text = label if kind.parse(label) == code else code
        except Refused:
            text = code
        is_bare = _is_bare(text) if self._language else _CODE.fullmatch(text) and text.lower() not in RESERVED
        return text if is_bare else _quoted(text)

    def _operand(self, operand: Operand) -> str:
        match operand:
            case FieldPath():
                return self._path(operand)
            case Text():
                return _quoted(operand.value)
            case Number():
                percent = f"{scaled_text(operand.millionths, 10_000)}%"
                return percent if operand.is_percent else scaled_text(operand.millionths, 1_000_000)
            case Day():
                return operand.day.isoformat()
            case Moment():
                width = "microseconds" if operand.is_microsecond else "seconds"
                return operand.start.replace(tzinfo=None).isoformat(timespec=width) + "Z"
            case Period():
                words = PERIODS.get((operand.unit, operand.distance))
                return self._word(words) if words else self._shift(operand.unit, operand.distance)
            case DayAway():
                return self._shift(operand.unit, operand.distance)
            case Negative():
                inner = self._operand(operand.operand)
                return f"-({inner})" if isinstance(operand.operand, Arithmetic) else f"-{inner}"
        return f"{self._term(operand.left, operand, is_right=False)} {operand.sign.value} " + self._term(
            operand.right, operand, is_right=True
        )

    def _term(self, part: Operand, whole: Arithmetic, *, is_right: bool) -> str:
        text = self._operand(part)
        if not isinstance(part, Arithmetic):
            return text
        is_looser = whole.sign in _MULTIPLIED and part.sign not in _MULTIPLIED
        is_equal = (whole.sign in _MULTIPLIED) == (part.sign in _MULTIPLIED)
        return f"({text})" if is_looser or (is_right and is_equal) else text

    def _shift(self, unit: Unit, distance: int) -> str:
        words = AGO[unit] if distance <= 0 else AHEAD[unit]
        if self._language == "zh_CN":
            return f"{abs(distance)}{words.chinese[0]}"
        return f"{abs(distance)} {words.english[1 if abs(distance) == 1 else 0]}"

    def _path(self, path: FieldPath) -> str:
        if not self._language:
            return ".".join(_name(name) for name in path.names)
        return ".".join(self._label(scope, field.name) for scope, field in self._scope.steps(path))

    def _label(self, scope: Scope, name: str) -> str:
        return _name(unique_label(scope, scope.fields[name]))

    def _word(self, words: Words) -> str:
        return words.written(self._language)


def _name(text: str) -> str:
    return text if _is_bare(text) else f"[{text.replace(']', ']]')}]"


def _is_bare(text: str) -> bool:
    """Return whether a label is cut out of a text whole, without brackets or quotation marks."""
    return all(_NAME.fullmatch(word) is not None and word.lower() not in RESERVED for word in text.split(" "))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
