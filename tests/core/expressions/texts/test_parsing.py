"""Texts of conditions: words of both languages, labels and codes, and refusals that say where."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.expressions.nodes import TEXT_LENGTH_MAX
from core.expressions.scope import Scope
from core.expressions.texts.parsing import parse_condition
from core.expressions.texts.words import (
    AGO,
    AHEAD,
    COMPARISONS,
    DIRECTION_BY_WORD,
    OPERATOR_BY_WORD,
    PERIOD_WORDS,
    PERIODS,
    TO,
)
from core.expressions.texts.writing import localized_text, text_of
from core.i18n import use_language
from resources.customers import CUSTOMERS
from resources.orders import ORDER_LINES, ORDERS
from resources.partners import PARTNERS
from resources.products import PRODUCTS
from tests.conftest import ADMIN

SCOPES = {one.name: Scope.of(one, ADMIN) for one in (ORDERS, ORDER_LINES, CUSTOMERS, PARTNERS, PRODUCTS)}


def canonical(text: str, resource: str = "orders") -> str:
    scope = SCOPES[resource]
    return text_of(parse_condition(text, scope), scope)


def refusal(text: str, resource: str = "orders") -> str:
    with use_language("en"), pytest.raises(InvalidInput) as caught:
        parse_condition(text, SCOPES[resource])
    with use_language("en"):
        return caught.value.text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("status = draft", "status = draft"),
        ("状态 = 草稿", "status = draft"),
        ("状态为草稿且订单金额大于100", "status = draft and total > 100"),
        ("状态是草稿 或者 状态是已发货", "status = draft or status = shipped"),
        ("Status is Draft", "status = draft"),
        ("Placed at > 2026-11-22", "placed_at > 2026-11-22"),
        ("[Placed at] > 2026/11/22", "placed_at > 2026-11-22"),
        ("下单时间 晚于 2026年11月22日", "placed_at > 2026-11-22"),
        ("placed_at < 2026-11-22T08:00", "placed_at < 2026-11-22T00:00:00Z"),
        ("total >= 1万 且 total <= 2.5万元", "total >= 10000 and total <= 25000"),
        ("１００ ＜ total", "total > 100"),
        ("订单金额 介于 100 和 200 之间", "total between 100 and 200"),
        ("订单金额 不属于 （100，200）", "total not in (100, 200)"),
        ("status in (draft)", "status = draft"),
        ("buyer = HD01", 'buyer = "HD01"'),
        ("buyer in (HD01、SZ)", 'buyer in ("HD01", "SZ")'),
        ("订货方的层级 属于（经销商，一级代理）", "buyer.tier in (dealer, agent_1)"),
        ("Buyer.Upstream.Tier = Dealer", "buyer.upstream.tier = dealer"),
        ("备注 包含 周五 且 备注 不包含 “周六”", 'note contains "周五" and note not contains "周六"'),
        ("note starts with ab", 'note starts with "ab"'),
        ("note 不为空", "note is not empty"),
        ("not note is empty", "note is not empty"),
        ("非 (状态 = 草稿 且 备注 为空)", "not (status = draft and note is empty)"),
        ("status = draft and total > 1 or total < 5", "status = draft and total > 1 or total < 5"),
        ("status = draft and (total > 1 or total < 5)", "status = draft and (total > 1 or total < 5)"),
        ("tax / total > 13%", "tax / total > 13%"),
        ("total - tax * 2 > -(5)", "total - tax * 2 > -5"),
        ("(total - tax) * 0.5 <= 2 * 500", "(total - tax) * 0.5 <= 1000"),
        ("total − tax × 2 ÷ 4 > 1", "total - tax * 2 / 4 > 1"),
        ("ship_to_phone = 13800138000", 'ship_to_phone = "13800138000"'),
        ("ship_to_region = 上海", 'ship_to_region = "310000"'),
        ("note = 'it''s'", 'note = "it\'s"'),
        ('note = "say ""yes"""', 'note = "say ""yes"""'),
    ],
)
def test_what_people_type_is_understood(typed: str, meant: str):
    assert canonical(typed) == meant
    assert canonical(meant) == meant


def test_a_choice_that_is_called_like_a_field_is_the_choice_and_brackets_mean_the_field():
    assert canonical("unit = unit", "order_lines") == "unit = unit"
    assert canonical("unit = [unit]", "order_lines") == "unit = [unit]"


def test_every_word_of_the_tables_is_understood_in_both_languages():
    written = {}
    for comparison, words in COMPARISONS.items():
        for word in words.all:
            written[f"total {word} 5"] = f"total {comparison.value} 5"
    for words in PERIODS.values():
        for word in words.all:
            written[f"placed_at = {word}"] = f"placed_at = {words.english[0]}"
    for table in (AGO, AHEAD):
        for words in table.values():
            for word in words.all:
                written[f"placed_at >= 3 {word}"] = f"placed_at >= 3 {words.english[0]}"

    assert {text: canonical(text) for text in written} == written
    assert len(written) > 80


def test_a_label_with_a_remark_is_written_without_it():
    scope = SCOPES["orders"]
    condition = parse_condition("total > 100 and status = draft", scope)

    with use_language("zh_CN"):
        assert localized_text(condition, scope) == "订单金额 > 100 且 状态 = 草稿"
    with use_language("en"):
        assert localized_text(condition, scope) == "Total > 100 and Status = Draft"


@pytest.mark.parametrize(
    ("typed", "resource", "said"),
    [
        ("", "orders", "Character 1: The condition ends too early."),
        ("total", "orders", "Character 1: This is no condition: compare it with something."),
        ("total and status = draft", "orders", "Character 1: This is no condition: compare it with something."),
        ("total or 1", "orders", "Character 1: This is no condition: compare it with something."),
        ("note 之间 5", "orders", "Character 1: This is no condition: compare it with something."),
        ("not", "orders", "Character 4: The condition ends too early."),
        ("total not 5", "orders", "Character 11: “5” is not expected here."),
        ("total >", "orders", "Character 8: The condition ends too early."),
        ("total > 1 )", "orders", "Character 11: “)” is not expected here."),
        ("total > ; 1", "orders", "Character 9: “;” has no meaning here. Put texts in quotation marks."),
        ('note = "a', "orders", 'Character 8: “"” begins something that has no end.'),
        ("total > draft", "orders", "Character 9: There is no field “draft” here. There are: Order number, Buyer,"),
        ("total > buyer.name", "orders", "“total” and “buyer.name” cannot be compared: they are of different kinds."),
        ('total > "many"', "orders", "Character 9: “many”: is not a number: write it like 1234.56"),
        ("total > today", "orders", "Character 9: There is no field “today” here."),
        ("placed_at > 5", "orders", "A day or a time is expected here, such as 2026-11-22 or today."),
        ("placed_at > 2026-02-30", "orders", "Character 13: “2026-02-30”: is not a date: write it like 2026-11-22"),
        ("valid_from > 2026-11-22T10:00", "partners", "A day is expected here, such as 2026-11-22 or today."),
        ("note > 5", "orders", "“note” cannot be compared in this way."),
        ("status contains dra", "orders", "“status” cannot be compared in this way."),
        ("status = gone", "orders", "Character 10: “gone”: is none of: Draft / "),
        ("1 = 1", "orders", "Compare a field with something."),
        ("total + status > 1", "orders", "“total + status” makes no sense: numbers and amounts are not mixed so."),
        ("total * tax > 1", "orders", "“total * tax” makes no sense"),
        ("total > 1.001", "orders", "“1.001”: has more than 2 decimals"),
        ("total > 1.0000001", "orders", "A number has at most 6 decimals."),
        ("total > 99999999999999999999", "orders", "This number is too large."),
        ("tax_rate = 13", "products", "A share is expected here: write 13% or 0.13."),
        ("status = draft and (total > 1) > 2", "orders", "“>” is not expected here."),
        ("buyer.upstream.upstream.upstream.upstream = HD", "orders", "There is no field “buyer.upstream.upstream.ups"),
        ("note contains status = draft", "orders", "Character 15: A text is expected here: put it in quotation"),
        ("placed_at >= 900000 days ago", "orders", "Periods are this, last and next, days up to 5000 ago or ahead."),
        ("total * 0.5 * 0.5 * 0.5 * 0.5 * 0.5 > 1", "orders", "At most 4 products and quotients can stand within"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(typed: str, resource: str, said: str):
    assert said in refusal(typed, resource)


NAMES = ["total", "status", "状态", "note", "buyer", "placed_at", "draft", "草稿", "x", "é"]
LITERALS = ['"a"', "5", "13%", "1.5", "2026-11-22", "2026-11-22T10:00"]
SIGNS = [*"()[].,+-*/%;'", '"', "“", "\x00"]
PARTS = [*OPERATOR_BY_WORD, *PERIOD_WORDS, *DIRECTION_BY_WORD, *TO.all, *NAMES, *LITERALS, *SIGNS]


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(PARTS), max_size=12).map(" ".join), st.text(max_size=40)))
def test_any_text_is_a_condition_or_refused_in_words(text: str):
    try:
        condition = parse_condition(text, SCOPES["orders"])
    except InvalidInput as refused:
        assert refused.code.startswith("expressions.") and refused.text
    else:
        assert canonical(text_of(condition, SCOPES["orders"])) == text_of(condition, SCOPES["orders"])


@pytest.mark.parametrize(
    "hostile",
    [
        "(" * 100_000,
        "(" * (TEXT_LENGTH_MAX - 1),
        "not " * (TEXT_LENGTH_MAX // 4),
        "-" * TEXT_LENGTH_MAX,
        "[" * TEXT_LENGTH_MAX,
        '"' * (TEXT_LENGTH_MAX - 1),
        "状" * TEXT_LENGTH_MAX,
        "total > 1 and " * (TEXT_LENGTH_MAX // 14) + "total > 1",
        "total > " + "1+" * (TEXT_LENGTH_MAX // 2 - 10) + "1",
        "total > " + "total+" * (TEXT_LENGTH_MAX // 6 - 10) + "1",
        "status in (" + "draft," * (TEXT_LENGTH_MAX // 6 - 10) + "draft)",
        "buyer" + ".upstream" * (TEXT_LENGTH_MAX // 9 - 2) + " is empty",
        "9" * TEXT_LENGTH_MAX,
    ],
    ids=lambda text: text[:12],
)
def test_a_hostile_text_is_answered_fast(hostile: str):
    begun = time.process_time()

    try:
        canonical(hostile)
    except InvalidInput as refused:
        assert refused.code.startswith("expressions.")

    assert time.process_time() - begun < 2
