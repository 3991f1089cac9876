import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from importers.writing import text
from importers.writing.cell_values import SheetColumn
from importers.writing.text import guard, unguard, write_csv, write_jsonl

NAME = SheetColumn("name")
AMOUNT = SheetColumn("amount", "money")
TRICKY = st.text(st.sampled_from("'=+-@＝＋－＠\t\r\n \u3000a,;\"")) | st.text()


def csv_of(columns, rows):
    target = io.BytesIO()
    write_csv(target, columns, rows)
    return target.getvalue()


def cells_of(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def jsonl_of(columns, rows):
    target = io.BytesIO()
    write_jsonl(target, columns, rows)
    return target.getvalue()


@given(TRICKY)
def test_unguarding_gives_back_what_was_guarded(text):
    assert unguard(guard(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+8613800000000",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\rx",
        "\nx",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        " =1",
        "'=1",
        "''=1",
    ],
)
def test_a_text_that_could_be_taken_for_a_formula_gets_an_apostrophe(text):
    assert guard(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "abc", "13800000000", "'quoted'", "a=b", "客户-1", " x"])
def test_other_texts_are_left_alone(text):
    assert (guard(text), unguard(text)) == (text, text)


@given(TRICKY)
def test_no_guarded_text_begins_like_a_formula(text):
    assert guard(text).lstrip()[:1] not in set("=+-@＝＋－＠")


@given(st.lists(st.tuples(TRICKY, TRICKY)))
def test_texts_written_as_csv_are_read_back_exactly(rows):
    legal = [tuple(cell for cell in row) for row in rows if all(map(is_legal, row))]

    read = cells_of(csv_of([NAME, SheetColumn("note")], legal))

    assert [tuple(map(unguard, row)) for row in read[1:]] == legal


def is_legal(text):
    return all(c in "\t\n\r" or (" " <= c <= "\ud7ff") or ("\ue000" <= c <= "\ufffd") or c > "\uffff" for c in text)


def test_csv_is_utf_8_with_mark_and_windows_line_ends():
    assert csv_of([NAME, AMOUNT], [("客户", 1230)]) == '\ufeff"name","amount"\r\n"客户",12.30\r\n'.encode()


def test_numbers_and_days_in_csv_are_neither_quoted_nor_guarded():
    columns = [SheetColumn(style, style) for style in ("integer", "money", "unit_price", "decimal", "date", "datetime")]
    row = (-7, -1230, 1250, Decimal("-31.50"), date(2026, 1, 31), datetime(2026, 1, 30, 16, 0, tzinfo=UTC))

    content = csv_of(columns, [row, [None] * 6])

    assert content.splitlines()[1:] == [b"-7,-12.30,0.1250,-31.50,2026-01-31,2026-01-31 00:00:00", b",,,,,"]


def test_a_heading_in_csv_is_guarded_too():
    assert cells_of(csv_of([SheetColumn("=1")], [])) == [["'=1"]]


def test_a_separator_of_another_country_does_not_cut_a_text():
    assert b'"a;=1+1"' in csv_of([NAME, NAME], [("a;=1+1", 'say "x"')])


def test_a_blank_row_of_one_column_is_still_a_row():
    assert cells_of(csv_of([AMOUNT], [(None,), (100,)])) == [["amount"], [""], ["1.00"]]


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\ud800", "\uffff"])
def test_an_illegal_character_in_csv_is_refused_with_its_place(character):
    with pytest.raises(InvalidInput) as refused:
        csv_of([AMOUNT, NAME], [(1, "fine"), (1, character)])

    assert refused.value.code == "text.illegal_character"
    assert (refused.value.problem.values["row"], refused.value.problem.values["column"]) == ("3", "name")


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\ud800", "\uffff"])
def test_an_illegal_character_that_nobody_can_correct_is_replaced(character):
    column = SheetColumn("reason", replaces=True)

    assert cells_of(csv_of([AMOUNT, column], [(1, f"a{character}b"), (1, None)]))[1:] == [
        ["0.01", "a\ufffdb"],
        ["0.01", ""],
    ]


def test_rows_are_counted_over_all_batches(monkeypatch):
    monkeypatch.setattr(text, "BATCH_ROWS", 2)
    rows = [(str(n),) for n in range(5)]

    target = io.BytesIO()
    count = write_csv(target, [NAME], rows)

    assert count == 5
    assert [row[0] for row in cells_of(target.getvalue())[1:]] == ["0", "1", "2", "3", "4"]
    assert write_jsonl(io.BytesIO(), [NAME], rows) == 5


def test_a_json_line_has_decimal_strings_and_iso_dates():
    columns = [
        SheetColumn("name"),
        SheetColumn("stock", "integer"),
        SheetColumn("total", "money"),
        SheetColumn("price", "unit_price"),
        SheetColumn("latitude", "decimal"),
        SheetColumn("day", "date"),
        SheetColumn("at", "datetime"),
        SheetColumn("active"),
    ]
    row = ("渠道\n=1", 3, 1230, 1250, Decimal("31.230416"), date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC), True)

    content = jsonl_of(columns, [row, [None] * 8])

    first, second = content.decode().splitlines()
    assert json.loads(first) == {
        "name": "渠道\n=1",
        "stock": 3,
        "total": "12.30",
        "price": "0.1250",
        "latitude": "31.230416",
        "day": "2026-01-31",
        "at": "2026-01-31T00:00:00+00:00",
        "active": True,
    }
    assert set(json.loads(second).values()) == {None}


def test_an_instant_without_zone_is_on_the_brands_clock():
    content = jsonl_of([SheetColumn("at", "datetime")], [(datetime(2026, 1, 31, 8, 0),)])  # noqa: DTZ001

    assert json.loads(content) == {"at": "2026-01-31T08:00:00+08:00"}


@given(st.text(st.characters() | st.sampled_from("\ud800\udfff\x00\u2028\n")))
def test_a_json_line_carries_every_text_on_one_line(text):
    content = jsonl_of([NAME], [(text,)])

    assert content.count(b"\n") == 1
    assert json.loads(content) == {"name": text}


def test_money_that_is_not_whole_cents_is_a_mistake_of_the_caller():
    with pytest.raises(TypeError, match="smallest unit"):
        jsonl_of([AMOUNT], [(12.3,)])
