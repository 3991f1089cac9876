"""The child process that reads foreign files; it may be killed at any moment.

It gets one request as JSON in its argument and answers on its standard output with frames: eight bytes of length,
then a tuple in marshal's form. The last frame is ``("end",)`` or ``("refused", code, values)``; a stream without it
was cut short. It imports the standard library and calamine only, has limits set on itself before it touches the
file, and ends when its parent goes away.
"""

import gc
import json
import marshal
import os
import shutil
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

try:
    import resource
except ImportError:  # Windows has no such limits; there the parent alone watches
    resource = None  # type: ignore[assignment]

from core.limits import CELL_LENGTH_MAX
from importers.reading._headings import guess_heading_row, heading_texts
from importers.reading._sliced_workbooks import XlsxWorkbook
from importers.reading._text_files import TextTable
from importers.reading._whole_workbooks import WholeWorkbook
from importers.reading.errors import FileError
from importers.reading.tables import (
    ColumnBlock,
    RawBlock,
    SheetName,
    SheetOverview,
    block_by_columns,
    long_cell,
    pack_columns,
)
from importers.reading.xlsx.rewriting import letters_of

SAMPLE_ROWS = 5
LIMIT_SLACK_BYTES = 64 * 1024 * 1024  # the parent looks at real memory; the system's limit is the net below

Workbook = XlsxWorkbook | WholeWorkbook
Request = dict[str, Any]


def main() -> None:
    """Answer the request in the first argument."""
    request: Request = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    os.dup2(2, 1)  # whatever a library prints must not get between the frames
    gc.disable()  # it only goes through millions of fresh cells in vain; nothing here refers to itself
    threading.Thread(target=_end_with_parent, args=(request["folder"],), daemon=True).start()
    _limit_memory(request["memory_bytes_max"])
    try:
        _send_all(answers, request)
    except BrokenPipeError:  # the parent is gone, so nobody else removes the folder
        shutil.rmtree(request["folder"], ignore_errors=True)
    finally:
        os._exit(0)  # skip the interpreter's clean-up: a living parent removes the folder


def _send_all(answers: BinaryIO, request: Request) -> None:
    try:
        for frame in response_frames(request):
            _send(answers, frame)
        _send(answers, ("end",))
    except FileError as refusal:
        _send(answers, ("refused", refusal.code, refusal.values))
    except MemoryError:
        _send(answers, ("refused", "memory", {}))
    except BrokenPipeError:
        raise
    except BaseException as error:  # calamine's panics are no Exceptions; all of them mean a bad file
        _send(answers, ("refused", *_reason_of(error)))


def response_frames(request: Request) -> Iterator[tuple[object, ...]]:
    """Yield the frames that answer ``request``. Raises ``FileError`` and any exception of a parser."""
    path, kind, folder = Path(request["path"]), request["kind"], Path(request["folder"])
    if kind == "csv":
        table = TextTable(path, request["name"])
        return inspect_text(table, request) if request["task"] == "inspect" else read_text(table, request)
    workbook: Workbook = XlsxWorkbook(path, folder) if kind == "xlsx" else WholeWorkbook(path, kind, folder)
    return inspect_workbook(workbook, request) if request["task"] == "inspect" else read_workbook(workbook, request)


def inspect_workbook(workbook: Workbook, request: Request) -> Iterator[tuple[object, ...]]:
    """Yield one frame that describes every sheet."""
    deadline = time.monotonic() + request["count_s_max"]
    sheets = [_described(sheet, workbook.overview(i, deadline)) for i, sheet in enumerate(workbook.sheets)]
    yield ("inspection", workbook.kind, None, None, sheets)


def inspect_text(table: TextTable, request: Request) -> Iterator[tuple[object, ...]]:
    """Yield one frame that describes a text as a workbook of one sheet without a name."""
    deadline = time.monotonic() + request["count_s_max"]
    head: RawBlock | None = None
    last_row = width = 0
    for first_row, rows in table.blocks(deadline):
        head = head or RawBlock(first_row, rows[:40])
        filled = [i for i, row in enumerate(rows) if any(row)]
        last_row = first_row + filled[-1] if filled else last_row
        width = max(width, max(map(len, rows)))
    is_counted = table.bytes_read >= request["size"]
    if not is_counted:
        last_row = last_row * request["size"] // max(1, table.bytes_read)
    overview = SheetOverview(last_row, width, is_counted, head)
    yield ("inspection", "csv", table.encoding, table.delimiter, [_described(SheetName("", False), overview)])


def _described(sheet: SheetName, overview: SheetOverview) -> tuple[object, ...]:
    heading_row, headings, samples = 0, list[str](), list[list[object]]()
    errors: list[tuple[int, int]] = []
    if overview.head is not None:
        block = block_by_columns(overview.head).trimmed(0)
        _refuse_long_cell(block, sheet.name)
        rows = [block.row(i) for i in range(block.row_count)]
        position = guess_heading_row(rows)
        if position is not None:
            heading_row, headings = block.first_row + position, heading_texts(rows[position])
            below = block.after(heading_row).trimmed(len(headings))
            first = [below.row(i) for i in range(min(SAMPLE_ROWS, below.row_count))]
            samples = [[str(cell) if isinstance(cell, str) else cell for cell in row] for row in first]
            errors = [place for place in below.errors if place[0] < SAMPLE_ROWS]
    size = (overview.last_row, overview.last_column, overview.is_counted)
    return (sheet.name, sheet.hidden, *size, heading_row, headings, samples, errors)


def read_workbook(workbook: Workbook, request: Request) -> Iterator[tuple[object, ...]]:
    """Yield the headings of a sheet and its rows below."""
    wanted = request["sheet"]
    if wanted is not None:
        index = _index_of(workbook.sheets, wanted)
        return read_rows(workbook.sheets[index].name, workbook.blocks(index), request)
    # Default: the first visible sheet that is not blank.
    for index in sorted(range(len(workbook.sheets)), key=lambda i: workbook.sheets[i].hidden):
        blocks = workbook.blocks(index)
        first = next(blocks, None)
        if first is not None:
            return read_rows(workbook.sheets[index].name, _again(first, blocks), request)
    raise FileError("no_rows", sheet=workbook.sheets[0].name)


def read_text(table: TextTable, request: Request) -> Iterator[tuple[object, ...]]:
    """Yield the headings of a text and its rows below."""
    if request["sheet"]:
        raise FileError("sheet_not_found", sheet="")
    return read_rows("", (RawBlock(first_row, rows) for first_row, rows in table.blocks()), request)


def _again(first: RawBlock, blocks: Iterator[RawBlock]) -> Iterator[RawBlock]:
    yield first
    yield from blocks


def _index_of(sheets: list[SheetName], wanted: str) -> int:
    names = [sheet.name for sheet in sheets]
    if wanted in names:
        return names.index(wanted)
    alike = [i for i, name in enumerate(names) if name.strip().casefold() == wanted.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    raise FileError("sheet_not_found", sheet=wanted, sheets=", ".join(names[:20]))


def read_rows(sheet: str, blocks: Iterator[RawBlock], request: Request) -> Iterator[tuple[object, ...]]:
    """Yield ``("headings", sheet, row, texts)``, then a ``("chunk", first row, columns, errors, dated)`` per block.

    Raises:
        FileError: ``no_rows``, ``no_headings`` if the wanted heading row is blank, ``too_many_rows``,
            ``cell_too_long``.
    """
    heading_row: int | None = None
    width = row_count = 0
    for raw in blocks:
        block = block_by_columns(raw)
        _refuse_long_cell(block, sheet)
        if heading_row is None:
            heading_row = _heading_row_of(block, request["header_row"], sheet)
            if heading_row is None:
                continue
            headings = heading_texts(block.row(heading_row - block.first_row))
            width = len(headings)
            yield ("headings", sheet, heading_row, headings)
            block = block.after(heading_row)
        block = block.trimmed(width)
        if not block.row_count:
            continue
        row_count += block.row_count
        if row_count > request["rows_max"]:
            raise FileError("too_many_rows", sheet=sheet, limit=request["rows_max"])
        columns, dated = pack_columns(block.columns)
        yield ("chunk", block.first_row, columns, block.errors, dated)
    if heading_row is None:
        if request["header_row"] is not None:
            raise FileError("no_headings", sheet=sheet, row=request["header_row"])
        raise FileError("no_rows", sheet=sheet)


def _refuse_long_cell(block: ColumnBlock, sheet: str) -> None:
    found = long_cell(block.columns)
    if found is not None:
        cell = f"{letters_of(found[1] + 1)}{block.first_row + found[0]}"
        raise FileError("cell_too_long", sheet=sheet, cell=cell, limit=CELL_LENGTH_MAX)


def _heading_row_of(block: ColumnBlock, wanted: int | None, sheet: str) -> int | None:
    """Return the number of the heading row if the block holds it."""
    if wanted is None:
        rows = [block.row(i) for i in range(min(40, block.row_count))]
        position = guess_heading_row(rows)
        if position is None:
            later = (i for i in range(len(rows), block.row_count) if heading_texts(block.row(i)))
            position = next(later, None)
        return None if position is None else block.first_row + position
    if wanted >= block.first_row + block.row_count:
        return None
    if wanted < block.first_row or not any(heading_texts(block.row(wanted - block.first_row))):
        raise FileError("no_headings", sheet=sheet, row=wanted)
    return wanted


def _reason_of(error: BaseException) -> tuple[str, dict[str, str]]:
    text = str(error)
    if type(error).__name__ == "PasswordError" or "password" in text.lower() or "codepage" in text.lower():
        return "encrypted", {}
    if isinstance(error, OSError) and error.errno == 28:  # ENOSPC
        return "no_space", {}
    return "damaged", {"detail": text[:200]}


def _send(answers: BinaryIO, frame: tuple[Any, ...]) -> None:
    data = marshal.dumps(frame, 2)
    answers.write(struct.pack("<Q", len(data)))
    answers.write(data)
    answers.flush()


def _end_with_parent(folder: str) -> None:
    sys.stdin.buffer.read()  # returns when the parent dies; a living one kills this process and cleans up itself
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _limit_memory(bytes_max: int) -> None:
    if resource is None:
        return  # type: ignore[unreachable]
    limit = bytes_max + LIMIT_SLACK_BYTES
    for name in ("RLIMIT_DATA", "RLIMIT_AS"):
        _, hard = resource.getrlimit(getattr(resource, name))
        wanted = limit + (256 * 1024 * 1024 if name == "RLIMIT_AS" else 0)  # addresses are not memory
        if hard == resource.RLIM_INFINITY or wanted < hard:
            try:
                resource.setrlimit(getattr(resource, name), (wanted, hard))
            except (ValueError, OSError):  # macOS refuses some
                continue
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
