"""The text of an expression cut into tokens, each with its position.

Chinese is written without spaces: where a known word begins (an operator, a label of a field or of a choice), the
longest one is cut out. What is no known word ends where its script does.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from core.expressions.nodes import TEXT_LENGTH_MAX
from core.expressions.problems import refusal
from core.expressions.texts.words import PHRASES
from core.i18n import N_
from core.kinds.plain_texts import INVISIBLE


class TokenType(StrEnum):
    """What a token is."""

    WORD = "word"
    NAME = "name in brackets"
    TEXT = "text in quotation marks"
    NUMBER = "number"
    DATE = "date"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a text; ``text`` of a quoted one without its quotation marks, ``at`` from 0."""

    type: TokenType
    text: str
    at: int


_CHINESE = "\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PLAIN = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0x3000, 0x00A0, *INVISIBLE), 0x20),
    **str.maketrans("、×÷−", ",*/-"),
}
"""Sign → the plain one in its place; positions stay as they are."""
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "「": "」", "＂": "＂"}
_BRACKETS = {"[": "]", "【": "】", "［": "］"}
_DATE = re.compile(
    r"(\d{4})([-/.])\d{1,2}\2\d{1,2}(?![\d.])([T ]\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?"
    r"|\d{4}年\d{1,2}月\d{1,2}日"
)
_NUMBER = re.compile(r"\d{1,20}(\.\d{1,12})?(%|万元|万|元)?")
_SIGN = re.compile(r"==|!=|<>|<=|>=|[=<>≠≤≥(),.+*/-]")
_WORD = re.compile(rf"[{_CHINESE}]+|(?:(?![{_CHINESE}])\w)+")
_OPERATOR = re.compile("|".join(sorted(one for one in PHRASES if len(one) > 1 and not one.isascii())))
"""What ends a Chinese word that is not known; of one character it may be a part of the word."""
_ASCII_WORD = re.compile(r"[A-Za-z0-9_]")
_SPACES = re.compile(r"\s+")


def tokens_of(text: str, known: Collection[str]) -> list[Token]:
    """Return the tokens of a text, with an end token behind them.

    Args:
        text: As typed.
        known: Words that are cut out whole, in lower case.

    Raises:
        InvalidInput: ``expressions.too_long``, ``expressions.unknown_sign``, ``expressions.no_end``.
    """
    if len(text) > TEXT_LENGTH_MAX:
        raise refusal("too_long", N_("A condition may have at most {length} characters."), length=TEXT_LENGTH_MAX)
    plain = text.translate(_PLAIN)
    lower = "".join(one.lower() if len(one.lower()) == 1 else one for one in plain)
    lengths = sorted({len(word) for word in known}, reverse=True)
    tokens: list[Token] = []
    at = 0
    while at < len(plain):
        if spaces := _SPACES.match(plain, at):
            at = spaces.end()
            continue
        length = 0 if plain[at].isdigit() else _known_at(lower, at, known, lengths)
        token, at = _token(text, plain, at, length)
        tokens.append(token)
    return [*tokens, Token(TokenType.END, "", len(text))]


def _token(text: str, plain: str, at: int, known: int) -> tuple[Token, int]:
    """Return the token that begins at a position, a known word if ``known``, its length, is not 0; and its end."""
    if text[at] in _QUOTES:
        return _enclosed(text, at, _QUOTES[text[at]], TokenType.TEXT)
    if text[at] in _BRACKETS:
        return _enclosed(text, at, _BRACKETS[text[at]], TokenType.NAME)
    if known:
        return Token(TokenType.WORD, plain[at : at + known], at), at + known
    for pattern, type_ in ((_DATE, TokenType.DATE), (_NUMBER, TokenType.NUMBER), (_SIGN, TokenType.SIGN)):
        if found := pattern.match(plain, at):
            return Token(type_, found[0], at), found.end()
    if found := _WORD.match(plain, at):
        cut = _OPERATOR.search(plain, at + 1, found.end())
        end = cut.start() if cut else found.end()
        return Token(TokenType.WORD, plain[at:end], at), end
    raise refusal("unknown_sign", N_("“{sign}” has no meaning here. Put texts in quotation marks."), at, sign=text[at])


def _enclosed(text: str, at: int, end: str, type_: TokenType) -> tuple[Token, int]:
    """Return a text in quotation marks or a name in brackets; a mark within is written twice."""
    parts: list[str] = []
    start = at + 1
    while (found := text.find(end, start)) >= 0:
        parts.append(text[start:found])
        if text[found + 1 : found + 2] != end:
            return Token(type_, end.join(parts), at), found + 1
        start = found + 2
    raise refusal("no_end", N_("“{sign}” begins something that has no end."), at, sign=text[at])


def _known_at(lower: str, at: int, known: Collection[str], lengths: list[int]) -> int:
    """Return the length of the longest known word that begins here, 0 if there is none."""
    for length in lengths:
        if lower[at : at + length] in known:
            is_cut = _ASCII_WORD.match(lower, at + length - 1) and _ASCII_WORD.match(lower, at + length)
            if not is_cut:
                return length
    return 0
