"""Kinds: what a value may look like, the same one by one and by column, and refused in words."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.i18n import use_language
from core.kinds.kind import CellDate, CellError, Choice, Kind, Refused
from core.kinds.standard import (
    CODE,
    DAY,
    EMAIL,
    MONEY,
    NAME,
    NOTE,
    PHONE,
    RATE,
    TAGS,
    UNIT_PRICE,
    USCC,
    choice,
    grouped_yuan,
    integer,
    yuan,
)
from core.kinds.uscc import are_valid, check_character, is_valid, organisation_check
from resources.customers import CUSTOMERS
from resources.products import PRODUCTS

BARCODE = PRODUCTS.field("barcode").kind
PARTNER = CUSTOMERS.field("partner").kind
KINDS = (BARCODE, PARTNER, CODE, DAY, EMAIL, MONEY, NAME, NOTE, PHONE, RATE, TAGS, UNIT_PRICE, USCC, integer(0, 10))
TEXTS = st.text(max_size=30) | st.from_regex(
    r"[0-9A-Za-z.,\-+ eE%万元¥/年月日\u200b\u202e\u00a0]{0,20}", fullmatch=True
)
TEXTS |= st.from_regex(r"\d(\.\d{1,12})?[eE]\+?\d{1,2}", fullmatch=True)
DATES = st.dates().map(date.isoformat)
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
CELLS = TEXTS | st.none() | st.booleans() | NUMBERS | DATES | DATES.map(CellDate) | TEXTS.map(CellError)


@given(st.lists(CELLS, max_size=20))
def test_a_column_is_read_as_its_cells_one_by_one(cells):
    for kind in KINDS:
        values, problems = kind.parse_column(cells)
        for index, cell in enumerate(cells):
            try:
                expected = kind.parse_cell(cell)
            except Refused as refused:
                assert (values[index], problems[index].code) == (None, refused.problem.code)
            else:
                assert (values[index], index in problems) == (expected, False)


@given(TEXTS)
def test_what_counts_as_canonical_is_its_own_value(text):
    for kind in KINDS:
        if kind.is_canonical and kind.is_canonical([text])[0]:
            assert kind.parse(text) == text


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (NAME, "  两端有空格 ", "  两端有空格 "),
        (NAME, "007", "007"),
        (NAME, 7.0, "7"),
        (NAME, 0.1 + 0.2, "0.3"),
        (NAME, -0.0, "0"),
        (NAME, "   ", "   "),
        (NAME, "", None),
        (NOTE, "   ", "   "),
        (CODE, " ＡＢ０１ ", "AB01"),
        (PHONE, 13800138000.0, "13800138000"),
        (PHONE, "+86 138-0013-8000", "13800138000"),
        (PHONE, "（０２１）6234 5678", "02162345678"),
        (PHONE, "13800138000.0", "13800138000"),
        (PHONE, "1.3800138000E+10", "13800138000"),
        (PHONE, "1.3800138000e10", "13800138000"),
        (PHONE, "138\u202d0013\u202c8000\ufeff", "13800138000"),
        (PHONE, "2026-03-01", "20260301"),
        (CODE, "2E5", "2E5"),
        (CODE, "12E3", "12E3"),
        (CODE, "6.901234567892E+12", "6901234567892"),
        (CODE, "TW\u200bIN", "TWIN"),
        (CODE, "\u00a0T\u00adW\u2060I\u2066N\ufeff", "TWIN"),
        (CODE, "T\u202eWIN", "TWIN"),
        (CODE, "A\u00a01", "A 1"),
        (CODE, "\u200b", None),
        (PARTNER, "TW\u200fIN", "TWIN"),
        (NAME, "恒\u200b源", "恒\u200b源"),
        (NAME, CellDate("2026-03-01"), "2026-03-01"),
        (DAY, CellDate("2026-03-01"), date(2026, 3, 1)),
        (EMAIL, "li\u200b@example.com\u00a0", "li@example.com"),
        (MONEY, "1.25E+2", 12500),
        (PHONE, "+44 20 7946 0958", "+442079460958"),
        (MONEY, "￥1,200.50", 120050),
        (MONEY, "1.2万", 1_200_000),
        (MONEY, 12.3, 1230),
        (UNIT_PRICE, "21.35", 213_500),
        (UNIT_PRICE, 0.0001, 1),
        (RATE, "13%", 130_000),
        (RATE, 0.13, 130_000),
        (RATE, "13", 130_000),
        (DAY, "2026年1月3日", date(2026, 1, 3)),
        (DAY, "2026/1/3", date(2026, 1, 3)),
        (DAY, 46025, date(2026, 1, 3)),
        (DAY, "20260103", date(2026, 1, 3)),
        (DAY, "2026-01-03 00:00:00", date(2026, 1, 3)),
        (TAGS, "连锁； 重点;;连锁", "连锁;重点"),
        (EMAIL, " Li.Min@Example.com ", "li.min@example.com"),
        (USCC, "91350100m000100y43", "91350100M000100Y43"),
        (USCC, "91 350100-M000100Y43", "91350100M000100Y43"),
    ],
)
def test_what_people_and_excel_make_of_a_value_is_understood(kind: Kind, cell, value):
    assert kind.parse_cell(cell) == value


@pytest.mark.parametrize(
    ("kind", "cell", "code"),
    [
        (NAME, "a\x00b", "text.illegal_character"),
        (NAME, "a\ud800", "text.illegal_character"),
        (NAME, "a\ufffe", "text.illegal_character"),
        (NAME, "x" * 201, "text.too_long"),
        (NAME, 4.4030019e17, "cells.digits_lost"),
        (NAME, CellError("#N/A"), "cells.error_value"),
        (PHONE, "12345", "phone.invalid"),
        (PHONE, "call me", "phone.invalid"),
        (PHONE, "1.38E+10", "cells.digits_lost"),
        (PHONE, "1.38123E+10", "cells.digits_lost"),
        (PHONE, "8.61E+12", "cells.digits_lost"),
        (PHONE, "8.6138E+12", "cells.digits_lost"),
        (PHONE, "1.380013800E+10", "cells.digits_lost"),
        (PHONE, "1.38E10", "cells.digits_lost"),
        (PHONE, CellDate("2026-03-01"), "cells.is_date"),
        (CODE, "6.90123E+12", "cells.digits_lost"),
        (CODE, "1E+05", "cells.digits_lost"),
        (CODE, CellDate("2026-03-01"), "cells.is_date"),
        (CODE, CellDate("08:30:00"), "cells.is_date"),
        (CODE, 6.9e17, "cells.digits_lost"),
        (CODE, "x" * 65, "text.too_long"),
        (CODE, "x" * 100_000, "text.too_long"),
        (BARCODE, "6.90123E+12", "cells.digits_lost"),
        (BARCODE, CellDate("2026-03-01"), "cells.is_date"),
        (PARTNER, CellDate("2026-03-01"), "cells.is_date"),
        (PARTNER, "1.38E+10", "cells.digits_lost"),
        (MONEY, "1.38E+10", "cells.digits_lost"),
        (integer(1, 10**9), "1.2E+3", "cells.digits_lost"),
        (MONEY, "1.005", "number.decimals"),
        (MONEY, "-1", "money.out_of_range"),
        (MONEY, "1.234,56", "number.invalid"),
        (MONEY, "NaN", "number.invalid"),
        (MONEY, "1e400", "number.invalid"),
        (UNIT_PRICE, 9.80000019, "number.decimals"),
        (RATE, "130%", "rate.out_of_range"),
        (DAY, "2026-02-30", "date.invalid"),
        (DAY, "3/4/2026", "date.invalid"),
        (EMAIL, "nobody", "email.invalid"),
        (USCC, "91350100M000100Y4Z", "uscc.check_digit"),
        (USCC, "9135O1OOM0OO1OOY43", "uscc.suggestion"),
        (USCC, "123", "uscc.length"),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason(kind: Kind, cell, code):
    with pytest.raises(Refused) as refused:
        kind.parse_cell(cell)

    assert refused.value.problem.code == code
    assert refused.value.problem.text


@pytest.mark.parametrize(
    "code",
    ["914403001922038216", "91330100799655058B", "9144030071526726XG", "91110108551385082Q", "91110000802100433B"],
)
def test_credit_codes_of_public_companies_are_valid_and_every_slip_is_found(code):
    slips = [code[:i] + ("1" if code[i] != "1" else "2") + code[i + 1 :] for i in range(18)]

    assert is_valid(code)
    assert are_valid([code, *slips]) == [True] + [False] * 18
    assert check_character(code[:17]) == code[17]
    assert organisation_check(code[8:16]) == code[16]


@given(st.integers(-(10**15), 10**15))
def test_an_amount_in_yuan_is_the_same_amount_in_cents(cents):
    sign = -1 if yuan(cents).startswith("-") else 1
    whole, rest = yuan(cents).lstrip("-").split(".")

    assert sign * (int(whole) * 100 + int(rest)) == cents
    assert grouped_yuan(cents).replace(",", "") == yuan(cents)


def test_amounts_in_sentences_are_grouped_by_thousands():
    assert [grouped_yuan(cents) for cents in (0, 99_999, -105, 123_456_789)] == [
        "0.00",
        "999.99",
        "-1.05",
        "1,234,567.89",
    ]


def test_a_date_and_the_text_that_looks_like_it_are_two_things():
    values, problems = CODE.parse_column(["2026-03-01", CellDate("2026-03-01"), "2026-03-01"])

    assert values == ["2026-03-01", None, "2026-03-01"]
    assert {index: problem.code for index, problem in problems.items()} == {1: "cells.is_date"}


def test_an_error_and_the_text_that_looks_like_it_are_two_things():
    values, problems = NAME.parse_column(["#N/A", CellError("#N/A"), "#N/A"])

    assert values == ["#N/A", None, "#N/A"]
    assert list(problems) == [1]


TIER = choice(Choice("dealer", "Dealer"), Choice("store", "Store"), Choice("micro_merchant", "Micro-merchant"))


@pytest.mark.parametrize(
    ("stated", "language", "sentence"),
    [
        ("皇帝", "zh_CN", "不是以下之一：经销商 / 门店 / 微商"),
        ("emperor", "en", "is none of: Dealer / Store / Micro-merchant"),
        ("经销", "zh_CN", "无法识别，是否为“经销商”？可选：经销商 / 门店 / 微商"),
        ("门店（直营）", "en", "is not known; is it “Store”? Possible are: Dealer / Store / Micro-merchant"),
        ("Dealr", "zh_CN", "无法识别，是否为“经销商”？可选：经销商 / 门店 / 微商"),
        ("micro merchant", "en", "is not known; is it “Micro-merchant”? Possible are: Dealer / Store / Micro-merchant"),
        ("x" * 100_000, "en", "is none of: Dealer / Store / Micro-merchant"),
    ],
)
def test_a_value_that_is_none_of_few_is_answered_in_the_words_of_who_reads_it(stated, language, sentence):
    with pytest.raises(Refused) as refused:
        TIER.parse(stated)

    with use_language(language):
        assert (refused.value.problem.code, refused.value.problem.text) == ("choice.unknown", sentence)


def test_of_several_equally_similar_choices_the_first_is_suggested():
    tiers = choice(*(Choice(f"agent_{tier}", f"Tier {tier}") for tier in range(1, 10)))

    with pytest.raises(Refused) as refused:
        tiers.parse("agent")

    with use_language("en"):
        assert "is it “Tier 1”?" in refused.value.problem.text


def test_a_label_with_full_width_signs_is_understood_as_it_is_written():
    kind = choice(Choice("wgs84", "WGS-84（GPS）"))

    assert [kind.parse(text) for text in ("WGS-84（GPS）", "wgs-84(gps)")] == ["wgs84", "wgs84"]


@given(TEXTS)
def test_a_choice_is_understood_or_answered_with_a_whole_sentence(text):
    try:
        assert TIER.parse(text) in {"dealer", "store", "micro_merchant"}
    except Refused as refused:
        for language in ("en", "zh_CN"):
            with use_language(language):
                assert "{" not in refused.problem.text
