"""Package parts of a workbook other than its sheets: styles, list of sheets, relations, content types."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from core.kinds.kind import Style
from importers.writing._xlsx_cells import STYLES

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADING_FILL = "FFE8EEF4"
MARKED_FILL = "FFFFC7CE"
NUMBER_FORMATS: dict[Style, str] = {
    "text": "@",
    "integer": "0",
    "money": "#,##0.00",
    "unit_price": "#,##0.00##",
    "decimal": "General",
    "date": "yyyy-mm-dd",
    "datetime": "yyyy-mm-dd hh:mm:ss",
}

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_FIRST_OWN_FORMAT = 164  # numbers below are Excel's


def workbook(sheets: Sequence[tuple[str, str]]) -> str:
    """Return the list of sheets, each with its name and the range its filter covers, e.g. $A$1:$M$10."""
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>' for n, (name, _) in enumerate(sheets, start=1)
    )
    filters = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{n}" hidden="1">{_reference(*sheet)}</definedName>'
        for n, sheet in enumerate(sheets)
    )
    return (
        f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{listed}</sheets><definedNames>{filters}</definedNames></workbook>"
    )


def _reference(name: str, cells: str) -> str:
    quoted = name.replace("'", "''")
    return escape(f"'{quoted}'!{cells}")


def styles() -> str:
    """Return number formats, fonts, fills and the cell styles that ``xlsx_cells`` numbers."""
    formats = "".join(
        f"<numFmt numFmtId={quoteattr(str(_format_number(style)))} formatCode={quoteattr(NUMBER_FORMATS[style])}/>"
        for style in STYLES
    )
    cells = [
        _cell_style(0),
        _cell_style(_format_number("text"), font=1, fill=2),
        *(_cell_style(_format_number(style)) for style in STYLES),
        *(_cell_style(_format_number(style), font=1) for style in STYLES),
        _cell_style(_format_number("text"), fill=3),
    ]
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts count="{len(STYLES)}">{formats}</numFmts>'
        f'<fonts count="2">{_font("")}{_font("<b/>")}</fonts>'
        '<fills count="4"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill>'
        f"{_fill(HEADING_FILL)}{_fill(MARKED_FILL)}</fills>"
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(cells)}">{"".join(cells)}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _format_number(style: Style) -> int:
    return _FIRST_OWN_FORMAT + STYLES.index(style)


def _cell_style(number_format: int, *, font: int = 0, fill: int = 0) -> str:
    return (
        f'<xf numFmtId="{number_format}" fontId="{font}" fillId="{fill}" borderId="0" xfId="0" '
        'applyNumberFormat="1" applyFont="1" applyFill="1"/>'
    )


def _font(weight: str) -> str:
    return f'<font>{weight}<sz val="11"/><name val="Calibri"/><family val="2"/></font>'


def _fill(argb: str) -> str:
    return f'<fill><patternFill patternType="solid"><fgColor rgb="{argb}"/><bgColor indexed="64"/></patternFill></fill>'


def workbook_relations(sheet_count: int) -> str:
    """Return the relations of the workbook to its sheets and styles."""
    sheets = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, sheet_count + 1)
    )
    styles_part = f'<Relationship Id="rId{sheet_count + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{sheets}{styles_part}</Relationships>'


def package_relations() -> str:
    """Return the relations of the package to its workbook."""
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    )


def content_types(sheet_count: int) -> str:
    """Return the content type of each part."""
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n in range(1, sheet_count + 1)
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{sheets}</Types>'
    )
