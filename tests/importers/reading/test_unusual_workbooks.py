import zipfile
from datetime import date, time
from pathlib import Path
from types import NoneType

import openpyxl
import pytest

from core.kinds.kind import CellDate
from importers.reading.workbooks import inspect_file, read_sheet
from tests.importers.workbooks import (
    MAIN,
    open_document,
    refusal_of,
    relations,
    row_xml,
    rows_of,
    sheet_xml,
    text_file,
    write_xlsx,
)
from tests.support.source import ROOT

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

DATA = ROOT / "tests" / "data" / "workbooks"


# --- nothing gets lost ---


def test_many_rows_arrive_in_order_and_complete(tmp_path: Path):
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("S")
    sheet.append(["code", "number"])
    for number in range(25_000):
        sheet.append([f"C{number}", number if number % 7 else None])
    workbook.save(tmp_path / "a.xlsx")

    found = rows_of(tmp_path / "a.xlsx")

    assert list(found) == list(range(2, 25_002))
    assert all(cells == [f"C{row - 2}", (row - 2) if (row - 2) % 7 else None] for row, cells in found.items())


def test_a_declared_dimension_that_lies_loses_no_rows(tmp_path: Path):
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml("".join(row_xml(n, f"x{n}") for n in range(1, 500)), "A1:A2"))

    assert list(rows_of(path)) == list(range(2, 500))


@pytest.mark.parametrize("numbers", [(1, 2, 2), (1, 3, 2), (1, 2, 5, 2, 9)])
def test_rows_that_come_twice_or_out_of_order_refuse_the_sheet(tmp_path: Path, numbers: tuple[int, ...]):
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml("".join(row_xml(n, "x", "y") for n in numbers)))

    assert refusal_of(path).startswith("imports.row_twice: Sheet “S1” of a.xlsx holds row 2 twice or out of order.")


def test_cells_that_name_another_row_than_theirs_refuse_the_sheet(tmp_path: Path):
    path = write_xlsx(
        tmp_path / "a.xlsx",
        sheet_xml(row_xml(1, "a") + '<row r="2"><c r="A9"><v>1</v></c></row>' + row_xml(3, "b") + row_xml(4, "c")),
    )

    assert refusal_of(path).startswith("imports.rows_lost: Row ")


def test_a_sheet_cut_off_in_the_middle_is_refused_and_not_read_in_part(tmp_path: Path):
    whole = sheet_xml("".join(row_xml(n, "x") for n in range(1, 200)))
    path = write_xlsx(tmp_path / "a.xlsx", whole[: whole.index('<row r="150"') + 30])

    assert refusal_of(path).startswith("imports.sheet_damaged: Sheet “S1” of a.xlsx cannot be read from row 150 on")


def test_a_flipped_bit_is_found_by_its_checksum(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    write_xlsx(path, sheet_xml("".join(row_xml(n, "x") for n in range(1, 200))))
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
    content = bytearray(path.read_bytes())
    content[entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2] ^= 0x10
    path.write_bytes(content)

    assert refusal_of(path).split(":")[0] in {"imports.part_damaged", "imports.sheet_damaged"}


# --- legal, but unusual ---


UNUSUAL = {
    "prefix": "<x:row r='1'><x:c r='A1' t='inlineStr'><x:is><x:t>a</x:t></x:is></x:c></x:row>"
    "<x:row r='2'><x:c r='A2'><x:v>1</x:v></x:c><x:c r='B2' t='e'><x:v>#N/A</x:v></x:c></x:row>",
    "comment": '<!-- by hand --><row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    '<!-- <row r="9"></row> --><row r="2"><c r="A2"><v>1</v></c><c r="B2" t="e"><v>#N/A</v></c></row>',
    "cdata": '<row r="1"><c r="A1" t="inlineStr"><is><t><![CDATA[a]]></t></is></c></row>'
    '<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="e"><v>#N/A</v></c></row>',
    "no numbers": '<row><c t="inlineStr"><is><t>a</t></is></c></row><row><c><v>1</v></c><c t="e"><v>#N/A</v></c></row>',
    "line breaks": '\n <row\n r="1">\n  <c\n r="A1"\n t="inlineStr">\n<is>\n<t>a</t>\n</is>\n</c>\n </row>\n'
    ' <row r="2" >\n  <c r="A2">\n<v>1</v>\n</c>\n<c r="B2" t="e">\n<v>#N/A</v>\n</c>\n </row\n>\n',
    "order": '<row spans="1:1" r="1"><c t="inlineStr" s="0" r="A1"><is><t>a</t></is></c></row>'
    '<row spans="1:1" r="2"><c s="0" r="A2"><v>1</v></c><c s="0" t="e" r="B2"><v>#N/A</v></c></row>',
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_xml_of_unusual_programs_reads_like_any_other(tmp_path: Path, name: str):
    xml = sheet_xml(UNUSUAL[name])
    if name == "prefix":
        xml = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{UNUSUAL[name]}</x:sheetData></x:worksheet>'
    path = write_xlsx(tmp_path / "a.xlsx", xml)

    with read_sheet(path, "a.xlsx") as reading:
        (chunk,) = reading

    assert (reading.headings, chunk.columns, chunk.errors) == (["a"], [[1], ["#N/A"]], ((0, 1),))


def test_rich_text_reads_the_same_in_unusual_xml(tmp_path: Path):
    runs = '<r><rPr><b/></rPr><t>苏</t></r><r><t xml:space="preserve"> 州 </t></r><rPh sb="0" eb="1"><t>SU</t></rPh>'
    cells = (
        f'<row r="1"><c r="A1" t="inlineStr"><is>{runs}</is></c><c r="B1" t="inlineStr"><is><t> b </t></is></c></row>'
    )
    usual = write_xlsx(tmp_path / "a.xlsx", sheet_xml(cells))
    unusual = write_xlsx(tmp_path / "b.xlsx", sheet_xml("<!-- -->" + cells))

    headings = []
    for path in (usual, unusual):
        with read_sheet(path, path.name) as reading:
            headings.append(reading.headings)

    assert headings == [["苏 州 ", "b"]] * 2


def test_extensions_do_not_hide_the_date_system(tmp_path: Path):
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    workbook = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{office}" xmlns:x="urn:x"><workbookPr date1904="1"/>'
        '<sheets><sheet name="S1" sheetId="1" r:id="r1"/></sheets><extLst><x:workbookPr a="1"/></extLst></workbook>'
    )
    path = write_xlsx(
        tmp_path / "a.xlsx",
        sheet_xml(
            row_xml(1, "day")
            + '<row r="2"><c r="A2" s="1"><v>0</v></c></row><row r="3"><c r="A3" s="1"><v>44561</v></c></row>'
        ),
        workbook=workbook,
        extra={
            "xl/styles.xml": styles,
            "xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")),
        },
    )

    assert rows_of(path)[3] == ["2026-01-01"]


def test_a_comment_after_many_rows_neither_loses_nor_doubles_one(tmp_path: Path):
    rows = [row_xml(n, f"name {n}", "x" * 200) for n in range(1, 45_000)]
    rows.insert(30_000, "<!-- </row> -->")
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml("".join(rows)))

    assert list(rows_of(path)) == list(range(2, 45_000))


def test_parts_may_lie_anywhere_in_any_case_and_with_any_slash(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_rels/.rels", relations(("officeDocument", "/Book/WorkBook.xml")))
        sheets = '<sheets><sheet name="A &amp; B" sheetId="1" r:id="r1"/></sheets>'
        archive.writestr("book/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{office}">{sheets}</workbook>')
        archive.writestr("book/_rels/workbook.xml.rels", relations(("worksheet", "..\\Data\\one.xml")))
        archive.writestr("data\\ONE.XML", sheet_xml(row_xml(1, "a") + row_xml(2, "b")))

    assert rows_of(path, sheet="A & B") == {2: ["b"]}


def test_an_open_document_is_read_with_its_error_values(tmp_path: Path):
    path = open_document(tmp_path / "a.ods")

    with read_sheet(path, "a.ods") as reading:
        (chunk,) = reading

    assert (reading.sheet, reading.headings) == ("客户", ["编码", "day", "x"])
    assert (chunk.columns, chunk.errors) == ([["007"], ["2026-01-03"], ["#N/A"]], ((0, 2),))


# --- rows that Excel sees, and no others ---


ONE, TWO, THREE = row_xml(1, "a"), row_xml(2, "x"), row_xml(3, "y")
OWN_PREFIX = {
    "row": f'<z:row xmlns:z="{MAIN}" r="2"><z:c r="A2" t="inlineStr"><z:is><z:t>x</z:t></z:is></z:c></z:row>',
    "cell": f'<row r="2"><z:c xmlns:z="{MAIN}" r="A2" t="inlineStr"><z:is><z:t>x</z:t></z:is></z:c></row>',
    "value": f'<row r="2"><c r="A2" t="str"><z:v xmlns:z="{MAIN}">x</z:v></c></row>',
    "other space": TWO.replace("</row>", "</row >"),
}


@pytest.mark.parametrize("name", OWN_PREFIX)
@pytest.mark.parametrize("after", [THREE, ""], ids=["in the middle", "at the end"])
def test_a_row_under_a_name_of_its_own_is_read_like_any_other(tmp_path: Path, name: str, after: str):
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml(ONE + OWN_PREFIX[name] + after))

    assert rows_of(path) == ({2: ["x"], 3: ["y"]} if after else {2: ["x"]})


def test_a_prefix_declared_for_the_whole_sheet_loses_no_row(tmp_path: Path):
    own = OWN_PREFIX["row"].replace(f' xmlns:z="{MAIN}"', "")
    xml = sheet_xml(ONE + own + THREE).replace("<worksheet ", f"<worksheet xmlns:z='{MAIN}' ")

    assert rows_of(write_xlsx(tmp_path / "a.xlsx", xml)) == {2: ["x"], 3: ["y"]}


@pytest.mark.parametrize(
    "hidden",
    [f"<!-- {THREE} -->", f"<!-- {THREE}\n{row_xml(4, 'z')} -->", f"<?note {THREE} ?>"],
    ids=["comment", "comment of two rows", "instruction"],
)
@pytest.mark.parametrize("is_last", [True, False])
def test_a_row_in_a_comment_is_no_row(tmp_path: Path, hidden: str, is_last: bool):
    rows = ONE + TWO + hidden + ("" if is_last else row_xml(5, "v"))
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml(rows))

    assert rows_of(path) == {2: ["x"]} | ({} if is_last else {5: ["v"]})


@pytest.mark.parametrize("first", [f"<sheetData>{ONE}{TWO}</sheetData>", "<sheetData/>", "<sheetData></sheetData>"])
@pytest.mark.parametrize("prefix", ["", "z:"])
def test_rows_in_two_places_refuse_the_sheet(tmp_path: Path, first: str, prefix: str):
    second = f"<{prefix}sheetData>{THREE.replace('<', '<' + prefix).replace('<' + prefix + '/', '</' + prefix)}"
    xml = (
        f'<worksheet xmlns="{MAIN}" xmlns:z="{MAIN}">{first}<sheetProtection/>{second}</{prefix}sheetData></worksheet>'
    )

    refused = refusal_of(write_xlsx(tmp_path / "a.xlsx", xml))

    assert refused.startswith("imports.part_damaged: a.xlsx is damaged in its part xl/worksheets/sheet1.xml.")


def test_words_of_xml_in_a_cell_are_words(tmp_path: Path):
    words = "&lt;a xmlns=&quot;urn:a&quot;&gt; &lt;!-- sheetData --&gt; &lt;?xml?&gt; :row"
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml(ONE + row_xml(2, words) + "<!-- -->" + THREE))

    assert rows_of(path) == {2: ['<a xmlns="urn:a"> <!-- sheetData --> <?xml?> :row'], 3: ["y"]}


# --- dates and long texts ---


def test_a_date_is_distinguished_from_a_text_that_looks_like_one(tmp_path: Path):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in (["code", "at"], [date(2026, 3, 1), "2026-03-01"], ["2026-03-01", time(8, 30)], [7, None]):
        sheet.append(row)
    workbook.save(tmp_path / "a.xlsx")

    found = rows_of(tmp_path / "a.xlsx")
    (shown,) = inspect_file(tmp_path / "a.xlsx", "a.xlsx").sheets

    assert found == {2: ["2026-03-01", "2026-03-01"], 3: ["2026-03-01", "08:30:00"], 4: [7, None]}
    assert [[type(cell) for cell in row] for row in found.values()] == [
        [CellDate, str],
        [str, CellDate],
        [int, NoneType],
    ]
    assert shown.samples[0] == ("2026-03-01", "2026-03-01")


@pytest.mark.parametrize(("sign", "length"), [("x", 32_767), ("\U0001f600", 16_383)])
def test_a_cell_holds_what_excel_can_hold_and_no_more(tmp_path: Path, sign: str, length: int):
    text, longer = sign * length, sign * (length + 1)
    good = write_xlsx(tmp_path / "a.xlsx", sheet_xml(ONE + row_xml(2, text)))
    wrong = write_xlsx(tmp_path / "b.xlsx", sheet_xml(ONE + row_xml(2, "x") + row_xml(3, "y", longer)))
    good_text = text_file(tmp_path / "a.csv", ["a,b", f"1,{text}"])
    wrong_text = text_file(tmp_path / "b.csv", ["a,b", "1,2", f"1,{longer}"])

    assert rows_of(good) == {2: [text]}
    assert rows_of(good_text) == {2: ["1", text]}
    assert refusal_of(wrong).startswith(
        "imports.cell_too_long: Cell B3 of sheet “S1” of b.xlsx holds more than 32767 characters"
    )
    assert refusal_of(wrong_text).startswith("imports.cell_too_long: Cell B3 of b.csv holds more than 32767 characters")
    huge = text_file(tmp_path / "c.csv", ["a,b", f"1,{'x' * 300_000}"])
    assert refusal_of(huge).startswith("imports.cell_too_long: Cell B2 of c.csv")
