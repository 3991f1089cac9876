"""Arithmetic on whole numbers at a scale, the same in Python and in SQL.

What a calculation does is stated once, over an ``Algebra``; one works on integers, one makes SQL. A result is rounded
once, half away from zero. What leaves the range of 64 bits on the way has no value, nor has what is divided by zero.
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from core.expressions.nodes import MILLION, Sign
from core.expressions.value_types import NUMERIC, Family, Type

LIMIT = 2**63
"""A number from here on has no value, nor has one below its negative."""
V = TypeVar("V")


class Algebra(Protocol[V]):
    """Operations on whole numbers that may have no value."""

    def plus(self, left: V, right: V) -> V:
        """Return the sum."""

    def minus(self, left: V, right: V) -> V:
        """Return the difference."""

    def times(self, left: V, right: V | int) -> V:
        """Return the product."""

    def quotient(self, left: V, right: V | int) -> V:
        """Return the quotient, rounded half away from zero."""


def result_type(left: Type, sign: Sign, right: Type) -> Type | None:
    """Return the type of a calculation, None if it makes no sense: yuan times yuan, a number plus yuan."""
    if left.family not in NUMERIC or right.family not in NUMERIC:
        return None
    roundings = max(left.roundings, right.roundings)
    if sign in {Sign.PLUS, Sign.MINUS}:
        left, right = beside(left, right)
        same = left.family is right.family
        return Type(left.family, max(left.scale, right.scale), roundings=roundings) if same else None
    if sign is Sign.OVER:
        if left.family is right.family:
            return Type(Family.NUMBER, MILLION, roundings=roundings + 1)
        is_money = left.family is Family.MONEY
        return Type(Family.MONEY, left.scale, roundings=roundings + 1) if is_money else None
    if left.family is right.family is Family.MONEY:
        return None
    money = left if left.family is Family.MONEY else right
    scale = max(left.scale, right.scale) if money.family is Family.NUMBER else money.scale
    is_rounded = left.scale * right.scale > scale
    return Type(money.family, scale, roundings=roundings + is_rounded)


def beside(left: Type, right: Type) -> tuple[Type, Type]:
    """Return two types that are added or compared: a plain number literal beside money means yuan."""
    if left.family is Family.MONEY and right.is_literal:
        return left, Type(Family.MONEY, right.scale, is_literal=True)
    if right.family is Family.MONEY and left.is_literal:
        return Type(Family.MONEY, left.scale, is_literal=True), right
    return left, right


def calculated(algebra: Algebra[V], left: V, left_type: Type, sign: Sign, right: V, right_type: Type) -> V:
    """Return the result of a calculation at the scale of its ``result_type``."""
    if sign in {Sign.PLUS, Sign.MINUS}:
        left, right = same_scale(algebra, left, left_type, right, right_type)
        return algebra.plus(left, right) if sign is Sign.PLUS else algebra.minus(left, right)
    if sign is Sign.TIMES:
        result = result_type(left_type, sign, right_type)
        product = algebra.times(left, right)
        surplus = left_type.scale * right_type.scale // result.scale if result is not None else 1
        return product if surplus == 1 else algebra.quotient(product, surplus)
    is_share = left_type.family is right_type.family
    factor = MILLION * right_type.scale // left_type.scale if is_share else right_type.scale
    return algebra.quotient(left if factor == 1 else algebra.times(left, factor), right)


def same_scale(algebra: Algebra[V], left: V, left_type: Type, right: V, right_type: Type) -> tuple[V, V]:
    """Return two numbers at the larger of their scales."""
    if left_type.scale < right_type.scale:
        return algebra.times(left, right_type.scale // left_type.scale), right
    if right_type.scale < left_type.scale:
        return left, algebra.times(right, left_type.scale // right_type.scale)
    return left, right


@dataclass(frozen=True, slots=True)
class Integers:
    """The algebra of Python's integers; None has no value."""

    limit: int = LIMIT

    def plus(self, left: int | None, right: int | None) -> int | None:
        """Return the sum."""
        return None if left is None or right is None else self._bounded(left + right)

    def minus(self, left: int | None, right: int | None) -> int | None:
        """Return the difference."""
        return None if left is None or right is None else self._bounded(left - right)

    def times(self, left: int | None, right: int | None) -> int | None:
        """Return the product."""
        return None if left is None or right is None else self._bounded(left * right)

    def quotient(self, left: int | None, right: int | None) -> int | None:
        """Return the quotient, rounded half away from zero."""
        doubled = self.times(left, 2)
        if doubled is None or right is None or right == 0:
            return None
        halves = self._bounded(_truncated(doubled, right))
        return None if halves is None else halves - _truncated(halves, 2)

    def _bounded(self, value: int) -> int | None:
        return value if -self.limit <= value < self.limit else None


def _truncated(left: int, right: int) -> int:
    """Return the quotient of whole numbers without its fraction, as SQL has it."""
    whole = abs(left) // abs(right)
    return whole if (left < 0) == (right < 0) else -whole
