"""Reading .xls, .xlsb and .ods: calamine holds a whole sheet at a time; what it shows as blank is looked up here.

Runs in the child process: nothing but the standard library and calamine may be imported here.
"""

import itertools
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from importers.reading._cell_errors import CellErrors, errors_of_xls, errors_of_xlsb_sheet
from importers.reading.errors import COLUMNS_MAX, FileError
from importers.reading.tables import RawBlock, SheetName, SheetOverview
from importers.reading.xlsx.package import Parts, relations_of
from importers.reading.xlsx.rewriting import letters_of
from importers.reading.xlsx.slices import MARK

BLOCK_ROWS = 10_000
HEAD_ROWS = 40
_ODS_CELL_ERROR = re.compile(
    rb'<table:table-cell(?P<before>[^<>]{0,1000}?) calcext:value-type="error"(?P<after>[^<>]{0,1000})>\s*+'
    rb"<text:p>(?P<text>[^<]*)"
)
_ODS_VALUE = re.compile(rb' (?:office:(?:string-value|value-type|value)|calcext:value-type)="[^"]*"')


class WholeWorkbook:
    """An .xls, .xlsb or .ods file.

    Args:
        path: The file.
        kind: "xls", "xlsb" or "ods".
        folder: An empty folder for a copy; its owner removes it.
    """

    def __init__(self, path: Path, kind: str, folder: Path) -> None:
        self.kind = kind
        self._path = path
        self._parts: Parts | None = None
        if kind != "xls":
            self._parts = Parts(zipfile.ZipFile(path))
            path = _unpacked(self._parts, folder / f"copy.{kind}", kind)
        self._workbook = CalamineWorkbook.from_path(path)
        kinds = [sheet.typ for sheet in self._workbook.sheets_metadata]
        self._numbers = [number for number, typ in enumerate(kinds) if typ == SheetTypeEnum.WorkSheet]
        self.sheets = [
            SheetName(sheet.name, sheet.visible != SheetVisibleEnum.Visible)
            for sheet in self._workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet
        ]
        if not self.sheets:
            raise FileError("no_sheets")

    def blocks(self, index: int) -> Iterator[RawBlock]:
        """Yield the rows of a sheet. Raises ``FileError``."""
        sheet = self._sheet(index)
        if sheet is None or sheet.start is None:
            return
        errors = self._errors(index)
        rows = itertools.islice(sheet.iter_rows(), sheet.start[0], None)
        first = sheet.start[0] + 1
        while block := list(itertools.islice(rows, BLOCK_ROWS)):
            last = first + len(block) - 1
            near = {place: text for place, text in errors.items() if first <= place[0] + 1 <= last}
            yield RawBlock(first, block, sheet.start[1], self.kind == "ods", near)
            first = last + 1

    def overview(self, index: int, deadline: float) -> SheetOverview:
        """Return size and first rows of a sheet. Raises ``FileError``. ``deadline`` is kept by the parent."""
        del deadline
        sheet = self._sheet(index)
        if sheet is None or sheet.start is None or sheet.end is None:
            return SheetOverview(0, 0, True, None)
        rows = itertools.islice(sheet.iter_rows(), sheet.start[0], None)
        head = list(itertools.islice(rows, HEAD_ROWS))
        errors = self._errors(index)
        last_row = max((row for row, _ in errors), default=-1) + 1
        for number, row in enumerate(itertools.chain(head, rows), start=sheet.start[0] + 1):
            if number > last_row and any(cell != "" for cell in row):
                last_row = number
        if not last_row:
            return SheetOverview(0, 0, True, None)
        block = RawBlock(sheet.start[0] + 1, head, sheet.start[1], self.kind == "ods", errors)
        return SheetOverview(last_row, sheet.end[1] + 1, True, block)

    def _sheet(self, index: int) -> CalamineSheet | None:
        name = self.sheets[index].name
        try:
            sheet = self._workbook.get_sheet_by_index(self._numbers[index])
        except Exception as error:
            raise FileError("sheet_damaged", sheet=name, row=1, detail=str(error)) from error
        if sheet.end is not None and sheet.end[1] >= COLUMNS_MAX:
            raise FileError("too_many_columns", sheet=name, cell=letters_of(sheet.end[1] + 1), limit=COLUMNS_MAX)
        return sheet

    def _errors(self, index: int) -> CellErrors:
        number = self._numbers[index]
        try:
            if self.kind == "xls":
                return errors_of_xls(self._path)[number]
            if self.kind == "xlsb" and self._parts is not None:
                part = _xlsb_sheet_parts(self._parts)[number]
                return errors_of_xlsb_sheet(b"".join(self._parts.blocks(part, xml=False)))
        except (ValueError, IndexError, KeyError, struct.error) as error:
            raise FileError("sheet_damaged", sheet=self.sheets[index].name, row=1, detail=str(error)) from error
        return {}


def _unpacked(parts: Parts, path: Path, kind: str) -> Path:
    """Write the parts again without compression, each as long as it says, so that none can unpack without end."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in parts.names():
            if kind == "ods" and name == "content.xml":
                archive.writestr(name, _mark_ods_errors(b"".join(parts.blocks(name))))
                continue
            if name.lower().endswith((".png", ".jpg", ".jpeg", ".emf", ".wmf")):
                continue
            with archive.open(name, "w", force_zip64=True) as copy:
                for block in parts.blocks(name, xml=name.lower().endswith((".xml", ".rels"))):
                    copy.write(block)
    return path


def _mark_ods_errors(content: bytes) -> bytes:
    if b'calcext:value-type="error"' not in content:
        return content
    return _ODS_CELL_ERROR.sub(_as_marked_text, content)


def _as_marked_text(cell: re.Match[bytes]) -> bytes:
    attributes = _ODS_VALUE.sub(b"", cell["before"] + cell["after"])
    return b'<table:table-cell%s office:value-type="string"><text:p>%s%s' % (attributes, MARK.encode(), cell["text"])


def _xlsb_sheet_parts(parts: Parts) -> list[str]:
    """Return the part of each sheet in the order of the workbook, as its record BrtBundleSh names them."""
    targets = relations_of(parts, "xl/workbook.bin")
    stream = parts.whole("xl/workbook.bin")
    found = []
    at = 0
    while (at := stream.find(b"\x9c\x01", at)) >= 0:
        length = stream[at + 2]
        start = at + 3 if length < 0x80 else at + 4
        count = struct.unpack_from("<L", stream, start + 8)[0] if start + 12 <= len(stream) else 0
        key = stream[start + 12 : start + 12 + 2 * min(count, 255)].decode("utf-16-le", "replace")
        if key in targets:
            found.append(targets[key])
        at += 2
    return found
