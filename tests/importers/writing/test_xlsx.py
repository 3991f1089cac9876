import io
import random
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from core.errors import InvalidInput
from importers.writing import xlsx
from importers.writing.cell_values import Marked, SheetColumn, plain_text
from importers.writing.xlsx import write_xlsx

NAME = SheetColumn("Name")
NUMBER = SheetColumn("Number", "integer")
AMOUNT = SheetColumn("Amount", "money")

# Random characters alone would hardly ever make an escape of Excel's, an entity or an outer space.
PIECES = ["_x0041_", "_x005F_", "_x000d_", "_x", "x0041_", "_", "\r", "\r\n", "\n", "\t", " ", "&amp;", "]]>", "=", "|"]
LEGAL = st.characters(
    exclude_categories=["Cs", "Cc"], include_characters="\t\n\r\x7f\x85", exclude_characters="\ufffe\uffff"
)
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(LEGAL)).map("".join)
VALUES = st.none() | TEXTS | st.integers() | st.booleans() | st.dates() | st.decimals(allow_nan=False, places=3)


def written(columns, rows, **options):
    target = io.BytesIO()
    write_xlsx(target, "Customers", columns, rows, **options)
    return target.getvalue()


def rows_read(content, sheet=0):
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return workbook.get_sheet_by_index(sheet).to_python(skip_empty_area=False)


def part(content, name="xl/worksheets/sheet1.xml"):
    return zipfile.ZipFile(io.BytesIO(content)).read(name).decode()


@given(st.lists(TEXTS, min_size=1))
def test_every_text_that_xml_can_carry_is_read_back_exactly(texts):
    content = written([NAME, NUMBER], [(text, 1) for text in texts])

    assert [row[0] for row in rows_read(content)[1:]] == texts


@given(st.lists(VALUES, min_size=1))
def test_texts_are_exact_beside_blanks_and_values_of_other_types(values):
    content = written([NAME, NUMBER], [(value, 1) for value in values])

    expected = [
        value if isinstance(value, bool) else "" if value is None else plain_text("text", value) for value in values
    ]
    assert [row[0] for row in rows_read(content)[1:]] == expected


@pytest.mark.parametrize(
    "text",
    [
        "  two spaces  ",
        "a\nb",
        "a\tb",
        "a\rb",
        "<b>&\"'",
        "😀𠮷",
        "=1+1",
        "@SUM(A1)",
        "007",
        "2026-01-31",
        "\u3000全角",
    ],
)
def test_openpyxl_shows_the_same_text_and_no_formula(text):
    content = written([NAME], [(text,)])

    cell = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]["A2"]
    assert (cell.value, cell.data_type) == (text, "s")


def test_a_text_that_looks_like_an_escape_of_excel_is_escaped_itself():
    content = written([NAME], [("_x0041_",)])

    assert ">_x005F_x0041_<" in part(content)
    assert rows_read(content)[1] == ["_x0041_"]


@given(st.lists(VALUES, min_size=3, max_size=3))
def test_no_exported_cell_is_ever_a_formula(values):
    texts = ["=1+1", "=cmd|' /C calc'!A0", "{=1}"]

    content = written([NAME, NAME], zip(texts, values, strict=True), totals=["=SUM(A1)", None])

    assert "<f" not in part(content)


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x0b", "\x1f", "\ud800", "\udfff", "\ufffe", "\uffff"])
def test_a_character_that_no_worksheet_can_carry_is_refused_with_its_place(character):
    rows = [("fine", "fine"), ("fine", f"bad{character}")]

    with pytest.raises(InvalidInput) as refused:
        written([NAME, SheetColumn("Address")], rows)

    assert refused.value.code == "text.illegal_character"
    assert refused.value.problem.values == {"row": "3", "column": "Address", "number": f"{ord(character):04X}"}


def test_an_illegal_heading_is_refused():
    with pytest.raises(InvalidInput) as refused:
        written([SheetColumn("a\x00")], [])

    assert refused.value.problem.values["row"] == "1"


@pytest.mark.parametrize("text", ["x" * 32_767, "😀" * 16_383])
def test_the_longest_text_a_cell_holds_is_written(text):
    assert rows_read(written([NAME], [(text,)]))[1] == [text]


@pytest.mark.parametrize("text", ["x" * 32_768, "😀" * 16_384])
def test_a_text_longer_than_a_cell_holds_is_refused_with_its_place(text):
    with pytest.raises(InvalidInput) as refused:
        written([NAME], [("fine",), (text,)])

    assert refused.value.code == "text.too_long_for_cell"
    assert refused.value.problem.values["row"] == "3"


@pytest.mark.parametrize(
    ("cents", "text"),
    [(0, "0.00"), (1, "0.01"), (-1, "-0.01"), (1230, "12.30"), (-123456, "-1234.56"), (10**15 - 1, "9999999999999.99")],
)
def test_money_is_an_exact_decimal_number(cents, text):
    content = written([AMOUNT], [(cents,), (0,)])

    assert f"<v>{text}</v>" in part(content)
    assert Decimal(str(rows_read(content)[1][0])) == Decimal(text)


def test_unit_prices_have_four_decimals():
    assert "<v>0.1250</v>" in part(written([SheetColumn("Price", "unit_price")], [(1250,)]))


@pytest.mark.parametrize(
    ("style", "value", "text"),
    [
        ("integer", 10**15, "1000000000000000"),
        ("money", -(10**15) - 1, "-10000000000000.01"),
        ("decimal", Decimal("0.1234567890123456"), "0.1234567890123456"),
        ("date", date(1900, 2, 28), "1900-02-28"),
        ("datetime", datetime(1899, 1, 1, 8, 30), "1899-01-01 08:30:00"),  # noqa: DTZ001
    ],
)
def test_what_a_number_cell_would_not_keep_is_text(style, value, text):
    content = written([SheetColumn("Value", style)], [(value,)])

    assert rows_read(content)[1] == [text]


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_an_amount_of_up_to_15_digits_survives_the_reader_s_float(cents):
    read = rows_read(written([AMOUNT], [(cents,)]))[1][0]

    assert Decimal(f"{read:.15g}") == Decimal(cents).scaleb(-2)


@given(st.lists(st.dates(min_value=date(1900, 3, 1)), min_size=1))
def test_days_are_read_back(days):
    content = written([SheetColumn("Day", "date")], [(day,) for day in days])

    assert [row[0] for row in rows_read(content)[1:]] == days


def test_an_instant_is_shown_on_the_brands_clock():
    instant = datetime(2026, 11, 22, 16, 30, 15, tzinfo=UTC)

    content = written([SheetColumn("At", "datetime")], [(instant,)])

    assert rows_read(content)[1] == [datetime(2026, 11, 23, 0, 30, 15)]  # noqa: DTZ001


def test_a_column_of_several_types_keeps_each_value():
    column = SheetColumn("Value", "decimal")
    values = [Decimal("1.50"), None, 2, "x", True, 0.25, float("inf"), "", Decimal("NaN")]

    content = written([NUMBER, column], [(1, value) for value in values])

    assert [row[1] for row in rows_read(content)[1:]] == [1.5, "", 2.0, "x", True, 0.25, "inf", "", "NaN"]


@pytest.mark.parametrize("value", [12.3, Decimal("12.3")])
def test_money_that_is_not_whole_cents_is_a_mistake_of_the_caller(value):
    with pytest.raises(TypeError, match="smallest unit"):
        written([AMOUNT], [(value,)])


def test_a_value_no_file_carries_is_a_mistake_of_the_caller():
    with pytest.raises(TypeError, match="bytes"):
        written([NAME], [(b"x",)])


def test_a_row_of_the_wrong_width_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="zip"):
        written([NAME, NAME], [("a", "b"), ("a",)])


def test_headings_are_frozen_filtered_and_of_the_given_width():
    content = written([SheetColumn("Name", width=30), AMOUNT], [("a", 1), ("b", 2)], totals=["Total", 3])

    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:B3")
    assert sheet.column_dimensions["A"].width == 30
    assert [cell.font.b for cell in sheet[1]] == [True, True]


def test_cells_carry_the_number_format_of_their_column():
    styles = ["text", "integer", "money", "unit_price", "decimal", "date", "datetime"]
    values = ["007", 1, 1, 1, Decimal("1.5"), date(2026, 1, 31), datetime(2026, 1, 31, 8, 0)]  # noqa: DTZ001

    content = written([SheetColumn(style, style) for style in styles], [values], totals=values)

    formats = ["@", "0", "#,##0.00", "#,##0.00##", "General", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"]
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert [cell.number_format for cell in sheet[2]] == formats
    assert [cell.number_format for cell in sheet[3]] == formats
    assert [cell.font.b for cell in sheet[3]] == [True] * 7


def test_totals_are_values_at_the_end_and_may_be_summed_on_the_way():
    totals = ["Total", 0]

    def rows():
        for cents in (100, 250):
            totals[1] += cents
            yield ("a", cents)

    content = written([NAME, AMOUNT], rows(), totals=totals)

    assert rows_read(content)[1:] == [["a", 1.0], ["a", 2.5], ["Total", 3.5]]


def test_a_marked_text_is_red():
    content = written([NAME], [(Marked("wrong"),), ("right",)])

    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert (sheet["A2"].value, sheet["A2"].fill.fgColor.rgb) == ("wrong", "FFFFC7CE")
    assert sheet["A3"].fill.fill_type is None


def test_a_full_sheet_continues_on_the_next_with_headings(monkeypatch):
    monkeypatch.setattr(xlsx, "BATCH_ROWS", 2)
    monkeypatch.setattr(xlsx, "SHEET_ROWS_MAX", 4)
    target = io.BytesIO()

    count = write_xlsx(target, "Customers", [NUMBER], [(n,) for n in range(9)])

    content = target.getvalue()
    assert count == 9
    assert CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names == [
        "Customers",
        "Customers 2",
        "Customers 3",
    ]
    assert rows_read(content, 0) == [["Number"], [0], [1], [2], [3]]
    assert rows_read(content, 1) == [["Number"], [4], [5], [6], [7]]
    assert rows_read(content, 2) == [["Number"], [8]]


def test_totals_go_to_a_new_sheet_when_the_last_one_is_full(monkeypatch):
    monkeypatch.setattr(xlsx, "BATCH_ROWS", 2)
    monkeypatch.setattr(xlsx, "SHEET_ROWS_MAX", 4)

    content = written([NUMBER], [(n,) for n in range(4)], totals=[6])

    assert rows_read(content, 0) == [["Number"], [0], [1], [2], [3]]
    assert rows_read(content, 1) == [["Number"], [6]]


def test_whole_batches_fill_a_sheet_of_excel_to_the_last_row():
    assert xlsx.SHEET_ROWS_MAX % xlsx.BATCH_ROWS == 0


def test_a_sheet_of_too_many_bytes_ends_early(monkeypatch):
    monkeypatch.setattr(xlsx, "BATCH_ROWS", 1)
    monkeypatch.setattr(xlsx, "SHEET_BYTES_MAX", 1)

    content = written([NUMBER], [(1,), (2,)])

    assert rows_read(content, 0) == [["Number"], [1]]
    assert rows_read(content, 1) == [["Number"], [2]]


def test_no_rows_make_a_sheet_of_headings():
    assert rows_read(written([NAME, NUMBER], [])) == [["Name", "Number"]]


def test_blank_rows_and_columns_keep_their_place():
    content = written([NAME, NUMBER, NAME], [(None, None, None), ("a", None, ""), (None, None, "b")])

    assert rows_read(content) == [["Name", "Number", "Name"], ["", "", ""], ["a", "", ""], ["", "", "b"]]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("客户", "客户"),
        ("a/b[c]:d*e?\\", "a b c  d e"),
        ("'quoted'", "quoted"),
        ("History", "Sheet"),
        ("", "Sheet"),
        ("x" * 40, "x" * 31),
    ],
)
def test_a_sheet_name_is_made_acceptable_to_excel(name, shown):
    target = io.BytesIO()

    write_xlsx(target, name, [NAME], [])

    assert openpyxl.load_workbook(target).sheetnames == [shown]


def test_the_same_rows_make_the_same_bytes():
    rows = [(f"客户 {n}", n) for n in range(5_000)]

    assert written([NAME, AMOUNT], rows) == written([NAME, AMOUNT], iter(rows))


def test_a_target_that_cannot_seek_is_enough():
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.taken = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.taken += data
            return len(data)

    pipe = Pipe()

    write_xlsx(pipe, "Customers", [NAME], [("a",)])

    assert rows_read(bytes(pipe.taken)) == [["Name"], ["a"]]


def test_an_error_of_the_target_reaches_the_caller():
    class FullDisk(io.BytesIO):
        def write(self, data):
            if self.tell() > 10_000:
                raise OSError("no space left")
            return super().write(data)

    noise = random.Random(1)

    with pytest.raises(OSError, match="no space left"):
        write_xlsx(FullDisk(), "Customers", [NAME], ((str(noise.random()),) for _ in range(20_000)))


def test_ten_thousand_random_rows_are_read_back_as_they_were():
    made = random.Random(7)
    alphabet = "渠道 客户=+-@'_x0041_&<>\"\r\n\t\u3000😀𠮷aZ09"
    columns = [NAME, AMOUNT, SheetColumn("Day", "date"), SheetColumn("Address")]
    rows = [
        (
            "".join(made.choices(alphabet, k=made.randrange(12))) or None,
            None if made.random() < 0.2 else made.randrange(-(10**12), 10**12),
            date(2000, 1, 1) + timedelta(days=made.randrange(20_000)),
            f"{made.random()}",
        )
        for _ in range(10_000)
    ]

    read = rows_read(written(columns, rows))[1:]

    texts = [(row[0] or None, row[2], row[3]) for row in read]
    amounts = [None if row[1] == "" else round(Decimal(f"{row[1]:.15g}") * 100) for row in read]
    assert texts == [(name, day, address) for name, _, day, address in rows]
    assert amounts == [amount for _, amount, _, _ in rows]
