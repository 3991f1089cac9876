"""Import templates: headings, help in comments, drop-downs, an example row that imports as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from core.i18n import _
from core.kinds.kind import Style
from importers.writing.cell_values import EXACT_DIGITS_MAX, in_brand_zone, legible
from importers.writing.workbook_parts import HEADING_FILL, NUMBER_FORMATS

LISTS_SHEET = "lists"  # hidden
INLINE_LIST_LENGTH_MAX = 255  # characters of a drop-down that Excel keeps in the cell rule itself
LAST_ROW = 1_048_576
REQUIRED_FILL = "FFFFE699"


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """A column to fill in.

    Attributes:
        heading: In both languages, or as the importer knows it otherwise.
        style: How cells are typed; text columns keep leading zeros and long numbers.
        required: Marked bold and yellow.
        choices: What the drop-down offers, as the importer reads it.
        hint: Shown as a comment at the heading.
        width: In characters of the usual size.
    """

    heading: str
    style: Style = "text"
    required: bool = False
    choices: Sequence[str] = ()
    hint: str = ""
    width: int = 18


def write_template(
    target: BinaryIO, *, sheet: str, columns: Sequence[TemplateColumn], examples: Sequence[Sequence[str]]
) -> None:
    """Write a workbook to fill in.

    Args:
        target: Receives the xlsx file.
        sheet: Name of the sheet, as Excel takes it.
        columns: In the order a person fills them.
        examples: Rows as a person would type them; amounts in yuan, days as ISO 8601.
    """
    workbook = Workbook()
    worksheet = workbook.worksheets[0]
    worksheet.title = sheet
    worksheet.freeze_panes = "A2"
    for number, column in enumerate(columns, start=1):
        size = worksheet.column_dimensions[get_column_letter(number)]
        size.width = column.width
        size.number_format = NUMBER_FORMATS[column.style]
        _put_heading(worksheet, number, column)
        for row, example in enumerate(examples, start=2):
            _put_value(worksheet, row, number, _example_value(column.style, example[number - 1]), column.style)
        if column.choices:
            worksheet.add_data_validation(_drop_down(workbook, number, column))
    workbook.active = 0
    workbook.save(target)


def _put_heading(worksheet: Worksheet, number: int, column: TemplateColumn) -> None:
    _put_value(worksheet, 1, number, column.heading, "text")
    cell = worksheet.cell(1, number)
    cell.font = Font(bold=column.required)
    cell.fill = PatternFill("solid", fgColor=REQUIRED_FILL if column.required else HEADING_FILL)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    need = _("Required.") if column.required else _("May stay empty.")
    comment = Comment(legible(f"{need}\n{column.hint}".rstrip()), "Qudao")
    comment.width, comment.height = 320, 60 + len(column.hint)
    cell.comment = comment


def _put_value(worksheet: Worksheet, row: int, column: int, value: str | Decimal | date, style: Style) -> None:
    cell = worksheet.cell(row, column)
    cell.value = legible(value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"  # openpyxl would make a formula of what begins with "="
    cell.number_format = NUMBER_FORMATS[style]


def _example_value(style: Style, text: str) -> str | Decimal | date:
    """Return what Excel would store if a person typed ``text``; text that does not fit ``style`` stays text."""
    try:
        if style == "date":
            return date.fromisoformat(text)
        if style == "datetime":
            return in_brand_zone(datetime.fromisoformat(text))
        if style != "text" and len(text) <= EXACT_DIGITS_MAX:
            number = Decimal(text)
            return number if number.is_finite() else text
    except (ValueError, InvalidOperation):
        pass
    return text


def _drop_down(workbook: Workbook, number: int, column: TemplateColumn) -> DataValidation:
    """Return the rule that offers ``column.choices`` below the heading, and warns of anything else."""
    rule = DataValidation(
        type="list",
        formula1=_inline_list(column.choices) or _list_on_hidden_sheet(workbook, number, column.choices),
        allow_blank=not column.required,
        showErrorMessage=True,
        errorStyle="warning",  # other spellings that the importer knows may be pasted in
        errorTitle=_("Not in the list"),
        error=_("Choose one of the values offered."),
    )
    letter = get_column_letter(number)
    rule.add(f"{letter}2:{letter}{LAST_ROW}")
    return rule


def _inline_list(choices: Sequence[str]) -> str | None:
    joined = ",".join(choices)
    clean = not any("," in choice or '"' in choice or choice != choice.strip() for choice in choices)
    return f'"{joined}"' if clean and len(joined) <= INLINE_LIST_LENGTH_MAX else None


def _list_on_hidden_sheet(workbook: Workbook, number: int, choices: Sequence[str]) -> str:
    lists = workbook.worksheets[1] if len(workbook.worksheets) > 1 else workbook.create_sheet(LISTS_SHEET)
    lists.sheet_state = "hidden"
    for row, choice in enumerate(choices, start=1):
        _put_value(lists, row, number, choice, "text")
    letter = get_column_letter(number)
    return f"{quote_sheetname(lists.title)}!${letter}$1:${letter}${len(choices)}"
