"""Conditions made up at random over the fields of orders and customers, and rows for them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from core.errors import InvalidInput
from core.expressions.checking import checked_condition, operand_type
from core.expressions.nodes import (
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
from core.expressions.scope import Scope
from core.expressions.value_types import DATED, NUMERIC, ORDERED, SEARCHED, Family, Type
from resources import BY_NAME
from tests.conftest import ADMIN

PATHS = {
    "orders": ("number", "status", "total", "tax", "placed_at", "submitted_at", "note", "ship_to_region", "buyer",
               "buyer.tier", "buyer.credit_limit", "buyer.valid_from", "buyer.name", "buyer.upstream",
               "buyer.upstream.code", "buyer.upstream.credit_limit", "buyer.region"),
    "customers": ("code", "name", "source", "tags", "region", "stage", "partner", "owner", "created_at",
                  "partner.tier", "partner.upstream.valid_from", "partner.credit_limit", "owner.name"),
}  # fmt: skip
TEXTS = ("", "a", "A", "ab", "100%", "_", "a_b", "/", "é", "上海", "“x”", 'say "yes"', "ａｂ", "%", "]", "and", "草稿")
TAGS = ("vip", "连锁", "重点")
REGIONS = ("310000", "310100", "310106", "320000", "320500", "320505")
DAYS = (date(2026, 1, 1), date(2026, 3, 31), date(2026, 4, 1), date(2026, 11, 30), date(2026, 12, 1))
NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
CENTS = (0, 1, 99, 100, 101, 5_000_000, 100_000_000, 10**15)


def midnight(day: date) -> datetime:
    """The beginning of a day in Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)


INSTANTS = tuple(midnight(day) + timedelta(microseconds=shift) for day in DAYS for shift in (-1, 0, 1))


@cache
def conditions(resource: str) -> SearchStrategy[Condition]:
    """Conditions as ``checked_condition`` returns them for an administrator."""
    scope = Scope.of(BY_NAME[resource], ADMIN)
    paths = [FieldPath(tuple(name.split("."))) for name in PATHS[scope.resource.name]]
    single = st.one_of([_comparison(path, paths, scope) for path in paths])
    return st.recursive(
        single,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
            inner.map(Not),
        ),
        max_leaves=5,
    ).map(lambda condition: _checked(condition, scope))


def _checked(condition: Condition, scope: Scope) -> Condition:
    try:
        return checked_condition(condition, scope)
    except InvalidInput as refused:
        assume("too large" not in refused.problem.message and "products" not in refused.problem.message)
        raise


def _comparison(path: FieldPath, paths: Sequence[FieldPath], scope: Scope) -> SearchStrategy[Condition]:
    type_ = operand_type(path, scope)
    operand: SearchStrategy[Operand] = st.just(path)
    if type_.family in NUMERIC:
        operand = _amounts(paths, scope)
    literals = _literals(type_)
    others = [one for one in paths if _is_comparable(one, type_, scope)]
    right = literals if not others else st.one_of(literals, st.sampled_from(others))
    if type_.family in NUMERIC:
        right = st.one_of(literals, _amounts(paths, scope))
    signs = list(Comparison) if type_.family in ORDERED else [Comparison.IS, Comparison.IS_NOT]
    ways: list[SearchStrategy[Any]] = [
        st.builds(Compare, operand, st.sampled_from(signs), right),
        st.builds(In, operand, st.lists(literals, min_size=1, max_size=3).map(tuple)),
        st.builds(IsEmpty, operand),
    ]
    if type_.family in ORDERED:
        ways.append(st.builds(Between, operand, right, right))
    if type_.family in SEARCHED:
        parts = st.sampled_from([text for text in (*TEXTS, *TAGS, "HD", "总代", "31") if text])
        ways += [st.builds(Contains, st.just(path), parts), st.builds(StartsWith, st.just(path), parts)]
    return st.one_of(ways)


def _is_comparable(path: FieldPath, type_: Type, scope: Scope) -> bool:
    own = operand_type(path, scope)
    if own.family in {Family.REGION, Family.TAGS, Family.CHOICE}:
        return False
    same_reference = (own.reference and own.reference.resource) == (type_.reference and type_.reference.resource)
    return own.family is type_.family and same_reference


def _amounts(paths: Sequence[FieldPath], scope: Scope) -> SearchStrategy[Operand]:
    """Calculations that give money."""
    money = st.sampled_from([path for path in paths if operand_type(path, scope).family is Family.MONEY])
    shares = st.builds(Number, st.integers(-200, 200).map(lambda one: one * 10_000), st.booleans())
    return st.recursive(
        money,
        lambda inner: st.one_of(
            st.builds(Arithmetic, inner, st.sampled_from([Sign.PLUS, Sign.MINUS]), st.one_of(inner, shares)),
            st.builds(Arithmetic, inner, st.sampled_from([Sign.TIMES, Sign.OVER]), shares),
            st.builds(Arithmetic, shares, st.just(Sign.TIMES), inner),
            st.builds(Arithmetic, inner, st.just(Sign.TIMES), st.builds(Arithmetic, inner, st.just(Sign.OVER), inner)),
            st.builds(Negative, inner),
        ),
        max_leaves=3,
    )


def _literals(type_: Type) -> SearchStrategy[Literal]:
    family, kind = type_.family, type_.kind
    if family is Family.CHOICE and kind is not None:
        return st.sampled_from([Text(one.value) for one in kind.choices])
    if family is Family.REGION:
        return st.sampled_from(REGIONS).map(Text)
    if family is Family.TAGS:
        return st.sampled_from(TAGS).map(Text)
    if family is Family.REFERENCE:
        return st.sampled_from(["HD", "SZ", "BF", "NOBODY", "wei@example.com"]).map(Text)
    if family in DATED:
        dated = [*map(Day, DAYS), *(Period(unit, at) for unit in Unit for at in (-1, 0, 1))]
        dated += [Period(Unit.DAY, -30), DayAway(Unit.WEEK, -2), DayAway(Unit.MONTH, -8), DayAway(Unit.YEAR, 1)]
        moments = [Moment(at, bool(n % 2)) for n, at in enumerate(INSTANTS)] if family is Family.INSTANT else []
        return st.sampled_from([*dated, *moments])
    if family in NUMERIC:
        return st.sampled_from([*CENTS, 1_234_56]).map(lambda cents: Number(cents * MILLION // 100))
    return st.sampled_from([text for text in TEXTS if text]).map(Text)


def order_rows() -> SearchStrategy[list[dict[str, Any]]]:
    """Values of orders, as they are stored."""
    cents = st.one_of(st.sampled_from(CENTS), st.integers(0, 10**9))
    row = st.fixed_dictionaries(
        {
            "status": st.sampled_from(["draft", "submitted", "approved", "shipped"]),
            "amounts": st.tuples(cents, cents).map(sorted),
            "buyer_id": st.integers(1, 3),
            "created_at": st.sampled_from(INSTANTS),
            "submitted_at": st.one_of(st.none(), st.sampled_from(INSTANTS)),
            "note": st.one_of(st.none(), st.sampled_from(TEXTS)),
            "ship_to_region": st.one_of(st.none(), st.sampled_from(REGIONS)),
        }
    )
    return st.lists(row, min_size=1, max_size=8)


def customer_rows() -> SearchStrategy[list[dict[str, Any]]]:
    """Values of customers, as they are stored."""
    tags = st.lists(st.sampled_from((*TAGS, "连锁店")), min_size=1, max_size=2, unique=True).map(";".join)
    row = st.fixed_dictionaries(
        {
            "name": st.sampled_from(TEXTS),
            "source": st.one_of(st.none(), st.sampled_from(TEXTS)),
            "tags": st.one_of(st.none(), tags),
            "region": st.one_of(st.none(), st.sampled_from(REGIONS)),
            "stage": st.sampled_from(["lead", "won", "lost"]),
            "partner_id": st.one_of(st.none(), st.integers(1, 3)),
            "owner_id": st.one_of(st.none(), st.integers(1, 4)),
            "created_at": st.sampled_from(INSTANTS),
        }
    )
    return st.lists(row, min_size=1, max_size=8)
