"""Workbooks written by hand, part by part, because no program writes the odd and hostile ones."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from core.errors import InvalidInput
from core.i18n import use_language
from core.kinds.kind import Cell
from importers.reading.workbooks import read_sheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def relations(*targets: tuple[str, str]) -> str:
    """Return the relations r1, r2, … of (type, target)."""
    lines = "".join(
        f'<Relationship Id="r{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{RELATIONS}">{lines}</Relationships>'


def sheet_xml(rows: str, dimension: str = "A1:B2") -> str:
    """Return a sheet around ``rows``."""
    return f'<worksheet xmlns="{MAIN}"><dimension ref="{dimension}"/><sheetData>{rows}</sheetData></worksheet>'


def write_xlsx(
    path: Path, *sheets: str, strings: str = "", workbook: str = "", extra: dict[str, str] | None = None
) -> Path:
    """Write an .xlsx with the sheets "S1", "S2", … of the given XML."""
    kinds = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)]
    kinds += [("sharedStrings", "sharedStrings.xml")] if strings else []
    names = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n in range(1, len(sheets) + 1))
    listed = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>'
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": workbook or listed,
        "xl/_rels/workbook.xml.rels": relations(*kinds),
        **{f"xl/worksheets/sheet{number}.xml": xml for number, xml in enumerate(sheets, start=1)},
        **({"xl/sharedStrings.xml": strings} if strings else {}),
        **(extra or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def row_xml(number: int, *cells: str) -> str:
    """Return a row of text cells, the first in column A; "" leaves a cell out."""
    xml = "".join(
        f'<c r="{chr(65 + place)}{number}" t="inlineStr"><is><t>{cell}</t></is></c>'
        for place, cell in enumerate(cells)
        if cell
    )
    return f'<row r="{number}">{xml}</row>'


def rows_of(path: Path, *, sheet: str | None = None, header_row: int | None = None) -> dict[int, list[Cell]]:
    """Return row number → cells below the headings, blank rows left out."""
    found: dict[int, list[Cell]] = {}
    with read_sheet(path, path.name, sheet=sheet, header_row=header_row) as reading:
        for chunk in reading:
            for position, cells in enumerate(zip(*chunk.columns, strict=True)):
                if any(cell is not None for cell in cells):
                    found[chunk.first_row + position] = list(cells)
    return found


def text_file(path: Path, lines: Iterable[str], encoding: str = "utf-8") -> Path:
    """Write a text, line by line."""
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode(encoding))
    return path


def open_document(path: Path) -> Path:
    """Write an .ods with the sheet "客户": headings, and a row of a text, a date and an error value."""
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    failed = (
        '<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value=""'
        ' calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
    )
    day = '<table:table-cell office:value-type="date" office:date-value="2026-01-03"/>'
    rows = [cell.format("编码") + cell.format("day") + cell.format("x"), cell.format("007") + day + failed]
    lines = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    spaces = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"' for prefix in ("office", "table", "text")
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f'<office:document-content {spaces} xmlns:calcext="urn:calcext"><office:body>'
            f'<office:spreadsheet><table:table table:name="客户">{lines}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def refusal_of(path: Path, *, sheet: str | None = None, header_row: int | None = None) -> str:
    """Return code and English sentence of the refusal that reading ends in."""
    with pytest.raises(InvalidInput) as caught:
        rows_of(path, sheet=sheet, header_row=header_row)
    with use_language("en"):
        return f"{caught.value.code}: {caught.value.text}"


def saved(folder: Path, *rows: list[object], workbook: openpyxl.Workbook | None = None) -> Path:
    """Save rows below what the workbook already has."""
    workbook = workbook or openpyxl.Workbook()
    for row in rows:
        active_sheet(workbook).append(row)
    workbook.save(folder / "list.xlsx")
    return folder / "list.xlsx"


def active_sheet(workbook: openpyxl.Workbook) -> Worksheet:
    """Return the sheet that is open."""
    assert isinstance(workbook.active, Worksheet)
    return workbook.active
