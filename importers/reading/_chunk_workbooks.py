"""Chunk workbooks: a plain temporary .xlsx with a sheet "1", "2", … for each slice of the original sheet.

Runs in the child process: nothing but the standard library and calamine may be imported here.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from python_calamine import CalamineWorkbook

from importers.reading.errors import FileError
from importers.reading.tables import RawBlock
from importers.reading.xlsx.package import Package, Parts
from importers.reading.xlsx.slices import RowRange

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_ROW_NUMBER = re.compile(rb'<row r="(\d+)"|<row[^<>]{0,200}?\sr\s*+=\s*+"(\d+)"')
_SHARED = re.compile(rb't="s"[^<>]{0,200}>\s*+<v>\s*+(\d+)')
_ITEM_END = re.compile(rb"</si>|<si ?/>")
# A cell of a type that is never an empty text, and with something in it.
_CERTAIN_VALUE = re.compile(
    rb'<c(?![^<>]{0,200}\st="(?:s|str|inlineStr)")[^<>]{0,200}>\s*+'
    rb"(?:<f[^<>]{0,200}(?:/>|>[^<]*</f>)\s*+)?<v>[^<\s]"
)


class ChunkWorkbook:
    """Slices of one sheet with the strings and styles of their workbook, not compressed.

    Args:
        path: Of the file to make; ``remove`` deletes it.
        sheet: Name of the sheet, for refusals.
    """

    def __init__(self, path: Path, sheet: str) -> None:
        self.slices: list[RowRange] = []
        self.row_count = 0
        self.last_shared_string = -1
        self._path = path
        self._sheet = sheet
        self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)

    def add(self, rows: bytes, row_range: RowRange, *, note_strings: bool) -> None:
        """Add a slice. ``note_strings``: keep ``last_shared_string`` up to date."""
        self.slices.append(row_range)
        self.row_count += row_range.row_count
        if note_strings:
            used = map(int, _SHARED.findall(rows))
            self.last_shared_string = max(self.last_shared_string, max(used, default=-1))
        sheet = b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (MAIN.encode(), rows)
        self._archive.writestr(f"xl/worksheets/{len(self.slices)}.xml", sheet)

    def close(self, package: Package, parts: Parts, last_shared_string: int | None) -> None:
        """Finish the file. ``last_shared_string``: the last one that is needed; None = copy all."""
        numbers = range(1, len(self.slices) + 1)
        relations = [_relation(f"r{n}", "worksheet", f"worksheets/{n}.xml") for n in numbers]
        if package.shared_strings is not None and last_shared_string != -1:
            self._copy(_first_strings(parts.blocks(package.shared_strings), last_shared_string), "xl/sharedStrings.xml")
            relations.append(_relation("shared", "sharedStrings", "sharedStrings.xml"))
        if package.styles is not None:
            self._copy(parts.blocks(package.styles), "xl/styles.xml")
            relations.append(_relation("styles", "styles", "styles.xml"))
        sheets = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
        system = '<workbookPr date1904="1"/>' if package.date1904 else ""
        workbook = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{system}<sheets>{sheets}</sheets></workbook>'
        self._archive.writestr("xl/workbook.xml", workbook)
        self._archive.writestr("xl/_rels/workbook.xml.rels", _relations(relations))
        self._archive.writestr("_rels/.rels", _relations([_relation("r", "officeDocument", "xl/workbook.xml")]))
        self._archive.close()

    def blocks(self) -> Iterator[RawBlock]:
        """Yield each slice as rows. Raises ``FileError``: ``sheet_damaged``, ``rows_lost``, naming the row."""
        try:
            workbook = CalamineWorkbook.from_path(self._path)
        except Exception as error:
            raise FileError("damaged", detail=str(error)) from error
        for number, row_range in enumerate(self.slices, start=1):
            yield self._read(workbook, number, row_range)

    def remove(self) -> None:
        """Delete the file."""
        self._archive.close()
        self._path.unlink()

    def _read(self, workbook: CalamineWorkbook, number: int, row_range: RowRange) -> RawBlock:
        try:
            sheet = workbook.get_sheet_by_name(str(number))
        except Exception as error:
            raise FileError("sheet_damaged", sheet=self._sheet, row=row_range.first_row, detail=str(error)) from error
        rows: list[list[object]] = []
        first, left = row_range.first_row, 0
        if sheet.start is not None:
            first, left = sheet.start[0] + 1, sheet.start[1]
            rows = list(sheet.to_python())  # type: ignore[arg-type]
        if first < row_range.first_row or first + len(rows) - 1 > row_range.last_row:
            raise FileError("rows_lost", sheet=self._sheet, row=row_range.first_row)
        if sum(map(any, rows)) < row_range.row_count:
            self._refuse_lost_rows(number, first, rows)
        return RawBlock(first, rows, left, is_marked=row_range.is_marked)

    def _refuse_lost_rows(self, number: int, first: int, rows: list[list[object]]) -> None:
        # Fewer rows arrived than were sent. That is right for rows of empty texts and of zeros, and for nothing else.
        with zipfile.ZipFile(self._path) as archive:
            written = archive.read(f"xl/worksheets/{number}.xml").split(b"</row>")[:-1]
        last = 0
        for row in written:
            found = _ROW_NUMBER.search(row)
            if found is None or not _CERTAIN_VALUE.search(row):
                continue
            row_number = int(found[1] or found[2])
            position = row_number - first
            lost = not 0 <= position < len(rows) or all(cell == "" for cell in rows[position])
            if lost or row_number <= last:
                raise FileError("rows_lost", sheet=self._sheet, row=row_number)
            last = row_number

    def _copy(self, blocks: Iterator[bytes], name: str) -> None:
        with self._archive.open(name, "w", force_zip64=True) as part:
            for block in blocks:
                part.write(block)


def _relation(key: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{escape(target)}"/>'


def _relations(relations: list[str]) -> str:
    return f'<Relationships xmlns="{RELATIONS}">{"".join(relations)}</Relationships>'


def _first_strings(blocks: Iterator[bytes], last: int | None) -> Iterator[bytes]:
    """Yield the list of shared strings up to number ``last``; None = all of it."""
    if last is None:
        yield from blocks
        return
    rest, seen = b"", 0
    for block in blocks:
        text = rest + block
        ends = [match.end() for match in _ITEM_END.finditer(text)]
        if seen + len(ends) > last:
            yield text[: ends[last - seen]] + b"</sst>"
            return
        seen += len(ends)
        cut = ends[-1] if ends else 0
        yield text[:cut]
        rest = text[cut:]
    yield rest
