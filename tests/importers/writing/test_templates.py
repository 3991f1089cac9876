import io
from datetime import date

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from core.i18n import use_language
from importers.writing.templates import TemplateColumn, write_template

CODE = TemplateColumn("客户编码 Code", required=True, hint="Unique.")
STAGES = TemplateColumn("阶段 Stage", choices=["lead", "won"])
LONG = TemplateColumn("大区 Region", required=True, choices=[f"region number {n:03d}" for n in range(300)])


def template(columns, examples=(), sheet="客户 Customers"):
    target = io.BytesIO()
    with use_language("en"):
        write_template(target, sheet=sheet, columns=columns, examples=examples)
    return openpyxl.load_workbook(io.BytesIO(target.getvalue())), target.getvalue()


def test_headings_and_examples_are_read_back_as_typed():
    columns = [
        CODE,
        TemplateColumn("Credit", "money"),
        TemplateColumn("From", "date"),
        TemplateColumn("Lat", "decimal"),
    ]

    _, content = template(columns, [["0012", "12.30", "2026-01-31", "31.230416"]])

    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows == [["客户编码 Code", "Credit", "From", "Lat"], ["0012", 12.3, date(2026, 1, 31), 31.230416]]


def test_an_example_that_does_not_fit_its_column_stays_text():
    columns = [TemplateColumn("Credit", "money"), TemplateColumn("From", "date"), TemplateColumn("Id", "integer")]

    workbook, _ = template(columns, [["about 5", "tomorrow", "1234567890123456"]])

    assert [cell.value for cell in workbook.worksheets[0][2]] == ["about 5", "tomorrow", "1234567890123456"]


def test_required_headings_are_bold_and_coloured_otherwise():
    workbook, _ = template([CODE, STAGES])

    code, stage = workbook.worksheets[0][1]
    assert (code.font.b, stage.font.b) == (True, False)
    assert code.fill.fgColor.rgb != stage.fill.fgColor.rgb


def test_help_is_a_comment_at_the_heading():
    workbook, _ = template([CODE, STAGES])

    code, stage = workbook.worksheets[0][1]
    assert (code.comment.text, stage.comment.text) == ("Required.\nUnique.", "May stay empty.")


def test_text_columns_keep_leading_zeros_in_every_row():
    workbook, _ = template([CODE, TemplateColumn("Credit", "money")])

    sheet = workbook.worksheets[0]
    assert sheet.column_dimensions["A"].number_format == "@"
    assert sheet.column_dimensions["B"].number_format == "#,##0.00"
    assert sheet.freeze_panes == "A2"


def test_a_short_list_is_a_drop_down_below_its_heading():
    workbook, _ = template([CODE, STAGES])

    (rule,) = workbook.worksheets[0].data_validations.dataValidation
    assert (rule.type, rule.formula1, str(rule.sqref)) == ("list", '"lead,won"', "B2:B1048576")
    assert (rule.allow_blank, rule.errorStyle) == (True, "warning")
    assert len(workbook.worksheets) == 1


@pytest.mark.parametrize("choices", [LONG.choices, ["a, b", "c"], ['say "x"'], [" outer space"]])
def test_a_list_that_a_rule_cannot_hold_stands_on_a_hidden_sheet(choices):
    workbook, _ = template([CODE, TemplateColumn("Region", choices=choices)])

    sheet, lists = workbook.worksheets
    (rule,) = sheet.data_validations.dataValidation
    assert rule.formula1 == f"'lists'!$B$1:$B${len(choices)}"
    assert lists.sheet_state == "hidden"
    assert [lists.cell(row, 2).value for row in range(1, len(choices) + 1)] == choices


def test_the_sheet_to_fill_in_is_the_first_and_the_one_shown():
    workbook, _ = template([CODE, LONG, STAGES])

    assert workbook.sheetnames == ["客户 Customers", "lists"]
    assert workbook.active.title == "客户 Customers"


def test_no_cell_is_a_formula():
    column = TemplateColumn("=1+1", choices=["=2+2", "a,b"], hint="=3")

    workbook, _ = template([column], [["=4+4"]])

    kinds = {cell.data_type for sheet in workbook.worksheets for row in sheet.iter_rows() for cell in row}
    assert kinds == {"s"}
