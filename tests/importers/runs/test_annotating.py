import datetime

import openpyxl
import pytest
import xlsxwriter
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from python_calamine import CalamineWorkbook

from core.i18n import use_language
from importers.runs import _own_workbook, annotating
from importers.runs.annotating import MarkedCell, RefusedRow, write_errors_workbook

HEADINGS = ["Code", "Phone", "Since"]
RED = "FFFFC7CE"


@pytest.fixture(autouse=True)
def english():
    with use_language("en"):
        yield


@pytest.fixture
def source(tmp_path):
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = "Customers"
    for row in (HEADINGS, ["C1", "123", datetime.date(2026, 1, 31)], ["C2", "13800000000", None]):
        sheet.append(row)
    sheet["A2"].font = Font(italic=True)
    sheet["C2"].number_format = "dd.mm.yyyy"
    sheet.column_dimensions["B"].width = 33
    workbook.create_sheet("Notes")["A1"] = "mine"
    path = tmp_path / "customers.xlsx"
    workbook.save(path)
    return path


def edited(path, edit):
    workbook = openpyxl.load_workbook(path)
    edit(workbook["Customers"])
    workbook.save(path)
    return path


def marked(source, errors, *, kind="xlsx", refused=(), row_count=3, header_row=1, sheet="Customers", headings=HEADINGS):
    target = source.with_name("errors.xlsx")
    write_errors_workbook(
        source,
        kind,
        target,
        sheet=sheet,
        header_row=header_row,
        errors=errors,
        headings=headings,
        refused=refused,
        row_count=row_count,
    )
    return target


def sheet_of(path, name="Customers"):
    return openpyxl.load_workbook(path)[name]


def test_openpyxl_parses_with_defusedxml():
    assert openpyxl.DEFUSEDXML is True


def test_a_wrong_cell_is_red_and_says_why(source):
    sheet = sheet_of(marked(source, [MarkedCell(2, 2, "is too short")]))

    assert (sheet["B2"].value, sheet["B2"].fill.fgColor.rgb) == ("123", RED)
    assert sheet["B2"].comment.text == "[Qudao] is too short"
    assert sheet["B3"].fill.fill_type is None
    assert sheet["B3"].comment is None


def test_a_last_column_holds_all_reasons_of_a_row(source):
    errors = [MarkedCell(2, 1, "is taken"), MarkedCell(3, None, "repeats row 2"), MarkedCell(2, 2, "is too short")]

    sheet = sheet_of(marked(source, errors))

    assert [cell.value for cell in sheet["D"]] == [
        "Errors in this row",
        "Code: is taken\nPhone: is too short",
        "repeats row 2",
    ]
    assert sheet["D3"].fill.fgColor.rgb == RED


def test_the_workbook_keeps_its_formats_and_other_sheets(source):
    path = marked(source, [MarkedCell(2, 2, "is too short")])

    sheet = sheet_of(path)
    assert sheet["A2"].font.i is True
    assert (sheet["C2"].value, sheet["C2"].number_format) == (datetime.datetime(2026, 1, 31), "dd.mm.yyyy")  # noqa: DTZ001
    assert sheet.column_dimensions["B"].width == 33
    assert sheet_of(path, "Notes")["A1"].value == "mine"


def test_the_heading_is_in_the_language_of_the_person(source):
    with use_language("zh_CN"):
        sheet = sheet_of(marked(source, [MarkedCell(2, 2, "过短")]))

    assert (sheet["D1"].value, sheet["D2"].value) == ("错误 Errors", "Phone：过短")


def test_a_second_round_takes_the_old_marks_off(source):
    first = marked(source, [MarkedCell(2, 2, "is too short"), MarkedCell(3, 1, "is taken")])
    again = first.rename(first.with_name("again.xlsx"))

    with use_language("zh_CN"):  # the language of the reader
        sheet = sheet_of(marked(again, [MarkedCell(3, 1, "is taken")]))

    assert sheet["B2"].comment is None
    assert sheet["B2"].fill.fill_type is None
    assert sheet["A3"].fill.fgColor.rgb == RED
    assert [cell.value for cell in sheet["D"]] == ["错误 Errors", None, "Code：is taken"]
    assert sheet.max_column == 4


def test_a_comment_of_the_person_stays(source):
    edited(source, lambda sheet: setattr(sheet["B2"], "comment", Comment("call again", "Wei")))
    errors = [MarkedCell(2, 2, "is too short"), MarkedCell(2, 2, "is no phone")]

    first = marked(source, errors)
    comment = sheet_of(first)["B2"].comment
    again = first.rename(first.with_name("again.xlsx"))
    left = sheet_of(marked(again, []))["B2"].comment

    assert (comment.text, comment.author) == ("call again\n[Qudao] is too short\nis no phone", "Wei")
    assert (left.text, left.author) == ("call again", "Wei")


def test_a_formula_becomes_the_value_that_was_read(tmp_path):
    source = tmp_path / "formulas.xlsx"
    with xlsxwriter.Workbook(source) as workbook:
        sheet = workbook.add_worksheet("Customers")
        sheet.write_row(0, 0, HEADINGS)
        sheet.write_formula(1, 0, '="C"&1', value="C1")
        sheet.write_formula(1, 1, "=60+63", value=123)

    sheet = sheet_of(marked(source, [MarkedCell(2, 2, "is too short")]))

    assert [(cell.value, cell.data_type) for cell in sheet[2][:2]] == [("C1", "s"), (123, "n")]


def test_a_text_that_begins_like_a_formula_stays_text(source):
    def type_text(sheet):
        sheet["A2"].value = "=1+1"
        sheet["A2"].data_type = "s"

    edited(source, type_text)

    sheet = sheet_of(marked(source, [MarkedCell(2, None, "=2+2")]))

    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=1+1", "s")
    assert (sheet["D2"].value, sheet["D2"].data_type) == ("=2+2", "s")


def test_a_reason_with_a_character_no_worksheet_carries_is_shown_with_a_stand_in(source):
    sheet = sheet_of(marked(source, [MarkedCell(2, 2, "holds \x01")]))

    assert sheet["D2"].value == "Phone: holds \ufffd"
    assert sheet["B2"].comment.text == "[Qudao] holds \ufffd"


def test_a_merged_cell_is_marked_where_it_is_shown(source):
    edited(source, lambda sheet: sheet.merge_cells("B2:B3"))

    sheet = sheet_of(marked(source, [MarkedCell(3, 2, "is too short")]))

    assert sheet["B2"].comment.text == "[Qudao] is too short"
    assert sheet["D3"].value == "Phone: is too short"


def test_headings_merged_over_the_last_columns_stay_whole(source):
    edited(source, lambda sheet: sheet.merge_cells("C1:E1"))

    sheet = sheet_of(marked(source, [MarkedCell(2, 2, "is too short")]))

    assert (sheet["F1"].value, sheet["F2"].value) == ("Errors in this row", "Phone: is too short")


def test_a_refused_row_that_a_filter_hid_is_shown(source):
    def hide(sheet):
        sheet.row_dimensions[2].hidden = True

    sheet = sheet_of(marked(edited(source, hide), [MarkedCell(2, 2, "is too short")]))

    assert sheet.row_dimensions[2].hidden is False


def test_a_stray_format_far_out_neither_moves_the_column_nor_fills_memory(source):
    edited(source, lambda sheet: setattr(sheet["XFD1048576"], "fill", PatternFill("solid", fgColor="FF00FF00")))

    sheet = sheet_of(marked(source, [MarkedCell(2, 2, "is too short")]))

    assert sheet["D2"].value == "Phone: is too short"


def test_the_sheet_with_the_errors_is_the_one_shown(source):
    workbook = openpyxl.load_workbook(source)
    workbook.move_sheet("Notes", offset=-1)
    workbook.active = 0
    workbook.save(source)

    path = marked(source, [MarkedCell(2, 2, "is too short")])

    workbook = openpyxl.load_workbook(path)
    assert workbook.active.title == "Customers"
    assert [sheet.sheet_view.tabSelected for sheet in workbook.worksheets] == [False, True]


REFUSED = [RefusedRow(7, ["C7", "=1+1", "x\x01"]), RefusedRow(9, ["", "13800000000"])]
REFUSALS = [MarkedCell(7, 2, "is no phone"), MarkedCell(7, 3, "holds U+0001"), MarkedCell(9, None, "has no code")]


def refused_rows(path):
    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def assert_new_workbook(path):
    assert refused_rows(path) == [
        ["Code", "Phone", "Since", "Errors in this row", "Row in your file"],
        ["C7", "=1+1", "x\ufffd", "Phone: is no phone\nSince: holds U+0001", 7],
        ["", "13800000000", "", "has no code", 9],
    ]
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert (sheet["B2"].fill.fgColor.rgb, sheet["B2"].data_type) == (RED, "s")
    assert sheet["A2"].fill.fill_type is None


@pytest.mark.parametrize("kind", ["csv", "xls", "xlsb", "ods"])
def test_other_kinds_of_file_give_a_new_workbook_of_the_refused_rows(tmp_path, kind):
    source = tmp_path / f"customers.{kind}"
    source.write_bytes(b"")

    assert_new_workbook(marked(source, REFUSALS, kind=kind, refused=REFUSED))


def test_a_large_workbook_gives_a_new_one_of_the_refused_rows(source):
    assert_new_workbook(marked(source, REFUSALS, refused=REFUSED, row_count=annotating.OWN_ROWS_MAX + 1))


def test_a_workbook_of_large_other_sheets_gives_a_new_one_of_the_refused_rows(source, monkeypatch):
    monkeypatch.setattr(annotating, "OWN_BYTES_MAX", 1000)

    assert_new_workbook(marked(source, REFUSALS, refused=REFUSED))


def test_a_workbook_that_openpyxl_cannot_keep_gives_a_new_one_of_the_refused_rows(source, monkeypatch):
    def fail(*args, **options):
        raise KeyError("xl/theme/theme1.xml")

    monkeypatch.setattr(_own_workbook, "load_workbook", fail)

    assert_new_workbook(marked(source, REFUSALS, refused=REFUSED))
