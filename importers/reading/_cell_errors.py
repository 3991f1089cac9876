"""Error cells (such as #N/A) of .xls and .xlsb files, which calamine reads as blank.

Runs in the child process: nothing but the standard library may be imported here.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
CellErrors = dict[tuple[int, int], str]  # (row, column), from 0, to error

# Records of .xls (MS-XLS 2.3) and .xlsb (MS-XLSB 2.1.4), by their numbers there.
BOUND_SHEET, FORMULA, BOOLERR, EOF = 0x85, 0x06, 0x205, 0x0A
BIFF_BEGIN = (0x809, 0x409, 0x209, 0x09)
ROW_HEADER, CELL_ERROR, FORMULA_ERROR = 0, 3, 11
END_OF_CHAIN = 0xFFFFFFFA  # and above: free, end, table sectors


def errors_of_xls(path: Path) -> list[CellErrors]:
    """Return the error cells of each sheet, in the order of the workbook.

    Raises:
        ValueError, struct.error, IndexError: The file is not built as an .xls is.
    """
    stream = _workbook_stream(path.read_bytes())
    starts = []
    for number, start, length in _biff_records(stream, 0):
        if number == BOUND_SHEET and length >= 4:
            starts.append(struct.unpack_from("<L", stream, start)[0])
        if number == EOF:
            break
    return [_sheet_errors(stream, start) for start in starts]


def _sheet_errors(stream: bytes, start: int) -> CellErrors:
    found: CellErrors = {}
    depth = 0
    for number, at, length in _biff_records(stream, start):
        if number in BIFF_BEGIN:
            depth += 1
        elif number == EOF:
            depth -= 1
            if depth <= 0:
                break
        elif number == BOOLERR and length >= 8 and stream[at + 7] == 1:
            found[struct.unpack_from("<HH", stream, at)] = ERRORS.get(stream[at + 6], "#ERROR!")
        elif number == FORMULA and length >= 14 and stream[at + 12 : at + 14] == b"\xff\xff" and stream[at + 6] == 2:
            found[struct.unpack_from("<HH", stream, at)] = ERRORS.get(stream[at + 8], "#ERROR!")
    return found


def _biff_records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and length of each record's content."""
    end = len(stream)
    unpack = struct.Struct("<HH").unpack_from
    while at + 4 <= end:
        number, length = unpack(stream, at)
        yield number, at + 4, length
        at += 4 + length


def _workbook_stream(data: bytes) -> bytes:
    """Return the stream "Workbook" (or "Book") of a compound file (MS-CFB 2)."""
    sector = 1 << struct.unpack_from("<H", data, 30)[0]
    (directory_start,) = struct.unpack_from("<L", data, 48)
    cutoff, mini_start = struct.unpack_from("<LL", data, 56)
    table = _sector_table(data, sector)
    directory = _chain(data, table, directory_start, sector, sector)
    streams: dict[str, tuple[int, int]] = {}
    for at in range(0, len(directory) - 127, 128):
        length = struct.unpack_from("<H", directory, at + 64)[0]
        name = directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        streams[name] = struct.unpack_from("<LL", directory, at + 116)
    start, size = streams.get("Workbook") or streams["Book"]
    if size >= cutoff:
        return _chain(data, table, start, sector, sector)[:size]
    root = _chain(data, table, streams["Root Entry"][0], sector, sector)
    mini_bytes = _chain(data, table, mini_start, sector, sector)
    mini_table = struct.unpack(f"<{len(mini_bytes) // 4}L", mini_bytes)
    return _chain(root, mini_table, start, 64, 0)[:size]


def _sector_table(data: bytes, sector: int) -> tuple[int, ...]:
    places = list(struct.unpack_from("<109L", data, 76))
    following, count = struct.unpack_from("<LL", data, 68)
    for _ in range(min(count, len(data) // sector + 1)):
        more = struct.unpack_from(f"<{sector // 4}L", data, (following + 1) * sector)
        places += more[:-1]
        following = more[-1]
    table: list[int] = []
    for place in places:
        if place < END_OF_CHAIN:
            block = data[(place + 1) * sector : (place + 2) * sector]
            table += struct.unpack(f"<{len(block) // 4}L", block[: len(block) // 4 * 4])
    return tuple(table)


def _chain(data: bytes, table: tuple[int, ...], start: int, sector: int, offset: int) -> bytes:
    blocks: list[bytes] = []
    for _ in range(len(table) + 1):
        if start >= END_OF_CHAIN:
            return b"".join(blocks)
        blocks.append(data[offset + start * sector : offset + (start + 1) * sector])
        start = table[start]
    raise ValueError("a chain of sectors runs in a circle")


def errors_of_xlsb_sheet(stream: bytes) -> CellErrors:
    """Return the error cells of one sheet part. Raises ``IndexError`` or ``struct.error`` if it is cut short."""
    found: CellErrors = {}
    row = at = 0
    end = len(stream)
    while at < end:
        number = stream[at]
        at += 1
        if number & 0x80:
            number = (number & 0x7F) | (stream[at] & 0x7F) << 7
            at += 1
        length = shift = 0
        while True:
            byte = stream[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 or shift == 28:
                break
        if number == ROW_HEADER:
            row = struct.unpack_from("<L", stream, at)[0]
        elif number in (CELL_ERROR, FORMULA_ERROR):
            column = struct.unpack_from("<L", stream, at)[0]
            found[row, column] = ERRORS.get(stream[at + 8], "#ERROR!")
        at += length
    return found
