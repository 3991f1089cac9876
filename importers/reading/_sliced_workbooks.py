"""Chunked reading of .xlsx: one thread cuts a sheet into chunks, another parses them, so two processors share the work.

Runs in the child process: nothing but the standard library and calamine may be imported here.
"""

import queue
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

from importers.reading._chunk_workbooks import ChunkWorkbook
from importers.reading.errors import ROW_MAX, FileError
from importers.reading.tables import RawBlock, SheetName, SheetOverview
from importers.reading.xlsx.package import Parts, SheetPart, read_package
from importers.reading.xlsx.rewriting import rewrite
from importers.reading.xlsx.slices import Irregular, RowRange, Scan, Slicer

HEAD_ROWS = 40  # rows of each sheet that an inspection reads
FIRST_CHUNK_ROWS = 20_000
CHUNK_GROWTH = 8  # each chunk costs reading the shared strings once more, so the next is so many times as long

Chunks = queue.Queue[ChunkWorkbook | BaseException | None]


class XlsxWorkbook:
    """An .xlsx or .xlsm file.

    Args:
        path: The file.
        folder: A folder for chunk workbooks; its owner removes it.
    """

    kind = "xlsx"

    def __init__(self, path: Path, folder: Path) -> None:
        self._parts = Parts(zipfile.ZipFile(path))
        self._package = read_package(self._parts)
        self._folder = folder
        self.sheets = [SheetName(sheet.name, sheet.hidden) for sheet in self._package.sheets]

    def blocks(self, index: int) -> Iterator[RawBlock]:
        """Yield the rows of a sheet. Raises ``FileError``, naming sheet and row."""
        chunks: Chunks = queue.Queue(maxsize=1)
        threading.Thread(target=self._fill, args=(self._package.sheets[index], chunks), daemon=True).start()
        while (chunk := chunks.get()) is not None:
            if isinstance(chunk, BaseException):
                raise chunk
            yield from chunk.blocks()
            chunk.remove()

    def overview(self, index: int, deadline: float) -> SheetOverview:
        """Return size and first rows of a sheet. Raises ``FileError``."""
        sheet = self._package.sheets[index]
        writer = _ChunkWriter(self, sheet)
        scan = writer.cut(HEAD_ROWS, deadline)
        if not writer.chunk.slices:
            return SheetOverview(0, 0, True, None)
        writer.close_chunk(writer.chunk.last_shared_string)
        head = next(writer.chunk.blocks())
        writer.chunk.remove()
        last_row = scan.last_row
        if not scan.is_complete:
            last_row = min(ROW_MAX, last_row * self._parts.size(sheet.part) // max(1, scan.bytes_read))
        return SheetOverview(last_row, scan.last_column, scan.is_complete, head)

    def _fill(self, sheet: SheetPart, chunks: Chunks) -> None:
        writer = _ChunkWriter(self, sheet, chunks)
        try:
            writer.cut()
            if writer.chunk.slices:
                writer.close_chunk(None)
                chunks.put(writer.chunk)
            chunks.put(None)
        except BaseException as error:
            chunks.put(error)  # raised again by the thread that reads

    def new_chunk(self, number: int, sheet: SheetPart) -> ChunkWorkbook:
        """Begin a chunk workbook in the folder."""
        return ChunkWorkbook(self._folder / f"{number}-{id(sheet)}.xlsx", sheet.name)

    def rows_xml(self, sheet: SheetPart, *, as_written: bool) -> Iterator[bytes]:
        """Yield the XML of a sheet, as it is or in the plainest form."""
        blocks = self._parts.blocks(sheet.part, xml=False)
        return blocks if as_written else rewrite(blocks, sheet.part)

    def finish(self, chunk: ChunkWorkbook, last_shared_string: int | None) -> None:
        """Finish a chunk workbook with the strings and styles that its cells refer to."""
        chunk.close(self._package, self._parts, last_shared_string)


class _ChunkWriter:
    """Writes the slices of a sheet to chunk workbooks, and puts full ones into the queue, if there is one."""

    def __init__(self, workbook: XlsxWorkbook, sheet: SheetPart, chunks: Chunks | None = None) -> None:
        self._workbook = workbook
        self._sheet = sheet
        self._chunks = chunks
        self._number = 1
        self._rows_max = FIRST_CHUNK_ROWS
        self._done_row = 0
        self.chunk = workbook.new_chunk(1, sheet)

    def cut(self, head_rows: int | None = None, deadline: float | None = None) -> Scan:
        """Cut the whole sheet; the last, unfinished chunk is in ``chunk``. Raises ``FileError``."""
        for as_written in (True, False):
            slicer = Slicer(self._sheet.name, self._put, self._done_row, head_rows, deadline)
            try:
                return slicer.cut(self._workbook.rows_xml(self._sheet, as_written=as_written))
            except Irregular:
                continue
        raise FileError("part_damaged", part=self._sheet.part, detail="rows")

    def close_chunk(self, last_shared_string: int | None) -> None:
        self._workbook.finish(self.chunk, last_shared_string)

    def _put(self, rows: bytes, row_range: RowRange) -> None:
        is_first = self._number == 1
        self.chunk.add(rows, row_range, note_strings=is_first)
        self._done_row = row_range.last_row
        if self._chunks is not None and self.chunk.row_count >= self._rows_max:
            self.close_chunk(self.chunk.last_shared_string if is_first else None)
            self._chunks.put(self.chunk)
            self._number += 1
            self._rows_max *= CHUNK_GROWTH
            self.chunk = self._workbook.new_chunk(self._number, self._sheet)
