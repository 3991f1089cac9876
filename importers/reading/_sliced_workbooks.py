"""Reading .xlsx in slices: one thread cuts a sheet, another reads what is cut, so two processors share the work.

Runs in the child process: nothing but the standard library and calamine may be imported here.
"""

import queue
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

from importers.reading._sliced_books import SlicedBook
from importers.reading.refusals import ROW_MAX, Refusal
from importers.reading.tables import RawBlock, SheetName, SheetOverview
from importers.reading.xlsx.package import Parts, SheetPart, read_package
from importers.reading.xlsx.rewriting import rewrite
from importers.reading.xlsx.slices import Irregular, RowRange, Scan, Slicer

HEAD_ROWS = 40  # rows of each sheet that an inspection reads
FIRST_BOOK_ROWS = 20_000
BOOK_GROWTH = 8  # each book costs reading the shared strings once more, so the next is so many times as long

Books = queue.Queue[SlicedBook | BaseException | None]


class XlsxWorkbook:
    """An .xlsx or .xlsm file.

    Args:
        path: The file.
        folder: A folder for books of slices; its owner removes it.
    """

    kind = "xlsx"

    def __init__(self, path: Path, folder: Path) -> None:
        self._parts = Parts(zipfile.ZipFile(path))
        self._package = read_package(self._parts)
        self._folder = folder
        self.sheets = [SheetName(sheet.name, sheet.hidden) for sheet in self._package.sheets]

    def blocks(self, index: int) -> Iterator[RawBlock]:
        """Yield the rows of a sheet. Raises ``Refusal``, naming sheet and row."""
        books: Books = queue.Queue(maxsize=1)
        threading.Thread(target=self._fill, args=(self._package.sheets[index], books), daemon=True).start()
        while (book := books.get()) is not None:
            if isinstance(book, BaseException):
                raise book
            yield from book.blocks()
            book.remove()

    def overview(self, index: int, deadline: float) -> SheetOverview:
        """Return size and first rows of a sheet. Raises ``Refusal``."""
        sheet = self._package.sheets[index]
        shelf = _Shelf(self, sheet)
        scan = shelf.cut(HEAD_ROWS, deadline)
        if not shelf.book.slices:
            return SheetOverview(0, 0, True, None)
        shelf.close_book(shelf.book.last_shared_string)
        head = next(shelf.book.blocks())
        shelf.book.remove()
        last_row = scan.last_row
        if not scan.is_complete:
            last_row = min(ROW_MAX, last_row * self._parts.size(sheet.part) // max(1, scan.bytes_read))
        return SheetOverview(last_row, scan.last_column, scan.is_complete, head)

    def _fill(self, sheet: SheetPart, books: Books) -> None:
        shelf = _Shelf(self, sheet, books)
        try:
            shelf.cut()
            if shelf.book.slices:
                shelf.close_book(None)
                books.put(shelf.book)
            books.put(None)
        except BaseException as error:
            books.put(error)  # raised again by the thread that reads

    def new_book(self, number: int, sheet: SheetPart) -> SlicedBook:
        """Begin a book in the folder."""
        return SlicedBook(self._folder / f"{number}-{id(sheet)}.xlsx", sheet.name)

    def rows_xml(self, sheet: SheetPart, *, as_written: bool) -> Iterator[bytes]:
        """Yield the XML of a sheet, as it is or in the plainest form."""
        blocks = self._parts.blocks(sheet.part, xml=False)
        return blocks if as_written else rewrite(blocks, sheet.part)

    def finish(self, book: SlicedBook, last_shared_string: int | None) -> None:
        """Give a book its strings and styles."""
        book.close(self._package, self._parts, last_shared_string)


class _Shelf:
    """Puts the slices of a sheet into books, and full books into the queue, if there is one."""

    def __init__(self, workbook: XlsxWorkbook, sheet: SheetPart, books: Books | None = None) -> None:
        self._workbook = workbook
        self._sheet = sheet
        self._books = books
        self._number = 1
        self._rows_max = FIRST_BOOK_ROWS
        self._done_row = 0
        self.book = workbook.new_book(1, sheet)

    def cut(self, head_rows: int | None = None, deadline: float | None = None) -> Scan:
        """Cut the whole sheet; what no full book holds is in ``book``. Raises ``Refusal``."""
        for as_written in (True, False):
            slicer = Slicer(self._sheet.name, self._put, self._done_row, head_rows, deadline)
            try:
                return slicer.cut(self._workbook.rows_xml(self._sheet, as_written=as_written))
            except Irregular:
                continue
        raise Refusal("part_damaged", part=self._sheet.part, detail="rows")

    def close_book(self, last_shared_string: int | None) -> None:
        self._workbook.finish(self.book, last_shared_string)

    def _put(self, rows: bytes, piece: RowRange) -> None:
        is_first = self._number == 1
        self.book.add(rows, piece, note_strings=is_first)
        self._done_row = piece.last_row
        if self._books is not None and self.book.row_count >= self._rows_max:
            self.close_book(self.book.last_shared_string if is_first else None)
            self._books.put(self.book)
            self._number += 1
            self._rows_max *= BOOK_GROWTH
            self.book = self._workbook.new_book(self._number, self._sheet)
