from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.writing._xlsx_cells import column_letters
from importers.writing.cell_values import fixed_point_text, legible, number_text, plain_text


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from([2, 4]))
def test_scaled_text_is_the_exact_decimal(value, decimals):
    assert Decimal(fixed_point_text(value, decimals)) == Decimal(value).scaleb(-decimals)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_a_number_cell_holds_a_decimal_only_if_a_float_keeps_it(value):
    text = number_text("decimal", value)

    assert text is None or Decimal(f"{float(text):.15g}") == value


@pytest.mark.parametrize(
    ("style", "value", "text"),
    [
        ("money", 1230, "12.30"),
        ("unit_price", 1250, "0.1250"),
        ("decimal", Decimal("1E-8"), "0.00000001"),
        ("text", True, "TRUE"),
        ("date", date(2026, 1, 31), "2026-01-31"),
        ("datetime", datetime(2026, 1, 31, 16, 0, 1, 134_044, tzinfo=UTC), "2026-02-01 00:00:01"),
    ],
)
def test_a_value_as_text(style, value, text):
    assert plain_text(style, value) == text


def test_what_no_cell_can_show_has_a_stand_in():
    assert legible("a\x00b\ud800") == "a\ufffdb\ufffd"
    assert len(legible("x" * 40_000)) == 16_383


@pytest.mark.parametrize(
    ("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
)
def test_columns_are_lettered_as_excel_does(index, letters):
    assert column_letters(index) == letters
