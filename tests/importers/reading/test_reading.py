from datetime import date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from core.kinds.kind import CellError
from importers.reading.workbooks import Chunk, SheetInfo, inspect_file, read_sheet
from tests.importers.workbooks import (
    MAIN,
    active_sheet,
    refusal_of,
    row_xml,
    rows_of,
    saved,
    sheet_xml,
    write_xlsx,
)
from tests.support.source import ROOT

pytestmark = pytest.mark.usefixtures("nothing_left_behind", "reading_in_process")

DATA = ROOT / "tests" / "data" / "workbooks"


# --- values ---


def test_values_arrive_as_they_are(tmp_path: Path):
    path = saved(
        tmp_path,
        ["code", "phone", "amount", "active", "big", "note"],
        ["007", 13800000001, 12.5, True, 350000000000000000, " two  spaces "],
        ["1e5", 7.0, -0.1, False, 999999999999999, None],
    )

    assert rows_of(path) == {
        2: ["007", 13800000001, 12.5, True, 3.5e17, " two  spaces "],
        3: ["1e5", 7, -0.1, False, 999999999999999, None],
    }
    assert [type(cell) for cell in rows_of(path)[2]] == [str, int, float, bool, float, str]


@pytest.mark.parametrize("epoch", [None, CALENDAR_MAC_1904])
def test_dates_and_times_arrive_as_iso_text_in_both_date_systems(tmp_path: Path, epoch: datetime | None):
    workbook = openpyxl.Workbook()
    if epoch is not None:
        workbook.epoch = epoch
    path = saved(
        tmp_path,
        ["day", "instant", "midnight", "time", "duration"],
        [
            date(2026, 1, 3),
            datetime.fromisoformat("2026-01-03 10:00:05"),
            datetime.fromisoformat("2026-01-03"),
            clock_time(9, 30),
            timedelta(hours=30),
        ],
        workbook=workbook,
    )

    found = rows_of(path)[2]

    assert found[:4] == ["2026-01-03", "2026-01-03 10:00:05", "2026-01-03", "09:30:00"]
    assert found[4] == "30:00:00"


def test_old_and_binary_formats_give_the_same_dates():
    expected = {2: ["2021-01-02", 16], 3: ["255:10:10", 17]}

    assert rows_of(DATA / "dates.xls", header_row=1) == expected
    assert rows_of(DATA / "dates_1904.xlsb", header_row=1) == expected


@pytest.mark.parametrize("name", ["errors.xls", "errors.xlsb"])
def test_error_values_of_old_and_binary_formats_are_not_taken_for_blank(name: str):
    with read_sheet(DATA / name, name) as reading:
        chunk = next(iter(reading))

    assert chunk.columns[0][:7] == ["#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"]
    assert {type(cell) for cell in chunk.columns[0][:7]} == {CellError}
    assert len(chunk.errors) == 20


def test_error_values_and_formulas_nobody_calculated_are_marked(tmp_path: Path):
    path = saved(tmp_path, ["code", "sum"], ["a", "=1+1"], ["#N/A as text", '=B2&"x"'], ["b", 3])
    failed = write_xlsx(
        tmp_path / "failed.xlsx",
        sheet_xml(
            row_xml(1, "code", "sum")
            + '<row r="2"><c r="A2" s="0" t="e"><v>#N/A</v></c><c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
            + '<row r="3"><c r="A3" t="str"><f>""</f><v></v></c><c r="B3"><f>1+1</f><v>2</v></c></row>'
            + '<row r="4"><c r="A4" t="str"><v>#N/A</v></c><c r="B4"><v>0</v></c></row>'
        ),
    )

    with read_sheet(path, "list.xlsx") as reading:
        (chunk,) = reading

    assert chunk == Chunk(2, [["a", "#N/A as text", "b"], ["=1+1", '=B2&"x"', 3]], ((0, 1), (1, 1)))
    assert type(chunk.columns[1][0]) is CellError
    assert [[type(cell) for cell in row] for row in rows_of(failed).values()] == [
        [CellError, CellError],
        [type(None), int],
        [str, int],
    ]
    assert rows_of(failed) == {2: ["#N/A", "#DIV/0!"], 3: [None, 2], 4: ["#N/A", 0]}


def test_rich_text_is_read_without_phonetic_guides(tmp_path: Path):
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>名称</t></si><si><r><t>苏</t></r><r><t xml:space="preserve"> 州</t></r>'
        '<rPh sb="0" eb="1"><t>SU</t></rPh></si></sst>'
    )
    cells = '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row>'
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml(cells), strings=strings)

    assert rows_of(path) == {2: ["苏 州"]}


# --- where the table begins and ends ---


def test_headings_are_found_under_titles_notes_and_merged_cells(tmp_path: Path):
    workbook = openpyxl.Workbook()
    sheet = active_sheet(workbook)
    sheet["A1"] = "2026 年客户清单"
    sheet.merge_cells("A1:D1")
    path = saved(
        tmp_path,
        ["填写说明：请勿修改表头，电话号码请按文本填写，日期写成年月日，其余见第二张表"],
        ["制表：", "小李"],
        [],
        ["编码", "名称", None, "电话"],
        ["C1", "华东", "x", 13800000001],
        workbook=workbook,
    )

    info = inspect_file(path, "list.xlsx").sheets[0]

    assert info == SheetInfo(
        "Sheet", 6, 4, True, False, 5, ("编码", "名称", "", "电话"), (("C1", "华东", "x", 13800000001),)
    )
    assert rows_of(path) == {6: ["C1", "华东", "x", 13800000001]}


def test_the_caller_may_say_which_row_holds_the_headings(tmp_path: Path):
    path = saved(tmp_path, ["a", "b"], ["c", "d"], [None], ["e", "f"])

    assert rows_of(path, header_row=2) == {4: ["e", "f"]}
    assert refusal_of(path, header_row=3) == (
        "imports.no_headings: Row 3 of sheet “Sheet” of list.xlsx is blank. Choose the row that holds the headings."
    )
    assert refusal_of(path, header_row=99).startswith("imports.no_headings: Row 99 ")


def test_duplicate_and_blank_headings_stay(tmp_path: Path):
    path = saved(tmp_path, ["name", None, "name", "phone", None], ["a", 1, "b", 2, 3])

    with read_sheet(path, "list.xlsx") as reading:
        assert reading.headings == ["name", "", "name", "phone"]
        assert next(iter(reading)).columns == [["a"], [1], ["b"], [2], [3]]


def test_row_numbers_stay_true_over_blank_rows_and_formatted_ones_do_not_count(tmp_path: Path):
    cells = row_xml(3, "", "a", "b") + row_xml(5, "", "1") + '<row r="6"><c r="A6" s="0"/></row><row r="7"/>'
    far = '<row r="40000"><c r="C40000"><v>9</v></c></row><row r="1048576"><c r="A1048576" s="0"/></row>'
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml(cells + row_xml(8, "x") + far))

    assert rows_of(path) == {5: [None, "1", None], 8: ["x", None, None], 40000: [None, None, 9]}
    assert inspect_file(path, "a.xlsx").sheets[0].row_count == 40000


def test_the_first_visible_sheet_with_rows_is_read_unless_another_is_named(tmp_path: Path):
    workbook = openpyxl.Workbook()
    hidden = workbook.create_sheet("secret", 0)
    hidden.append(["hidden"])
    hidden.sheet_state = "hidden"
    workbook.create_sheet("客户").append(["shown"])
    path = saved(tmp_path, workbook=workbook)

    with read_sheet(path, "list.xlsx") as reading:
        assert (reading.sheet, reading.headings) == ("客户", ["shown"])
    with read_sheet(path, "list.xlsx", sheet=" SECRET") as reading:
        assert reading.headings == ["hidden"]
    assert [sheet.hidden for sheet in inspect_file(path, "list.xlsx").sheets] == [True, False, False]
    assert refusal_of(path, sheet="订单") == (
        "imports.sheet_not_found: list.xlsx has no sheet “订单”. Its sheets are: secret, Sheet, 客户."
    )


def test_a_blank_sheet_is_reported_as_such(tmp_path: Path):
    assert refusal_of(saved(tmp_path)).startswith("imports.no_rows: Sheet “Sheet” of list.xlsx is blank.")
