"""File type by content, and checks that refuse a file before anything is unpacked.

Shared with the child process, so nothing but the standard library may be imported here.
"""

import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from importers.reading.errors import FileError

HEAD_BYTES = 8192
ENTRIES_MAX = 2_000
DIRECTORY_BYTES_MAX = 2 * 1024 * 1024  # of the list of parts at the end of a zip: 1,000 for each of 2,000 parts
RATIO_MAX = 200
RATIO_FREE_BYTES = 10 * 1024 * 1024  # below this unpacked size the ratio does not matter
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, LookupError)
END_OF_ZIP = b"PK\x05\x06"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OTHER_FILES = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"\x1f\x8b": "gzip",
    b"{\\rtf": "RTF",
    b"SQLite format 3": "SQLite",
}
LEGACY_FILES = {
    b"\x09\x00": "Excel 2",
    b"\x09\x02": "Excel 3",
    b"\x09\x04": "Excel 4",
    b"\x00\x00\x02\x00": "Lotus 1-2-3",
    b"\x00\x00\x1a\x00": "Lotus 1-2-3",
    b"ID;P": "SYLK",
    b"TABLE\r\n0,1": "DIF",
    b"TABLE\n0,1": "DIF",
}
_WEB_PAGE = re.compile(rb"<(?:!doctype html|html|head|body|table|meta|style|div|script)\b|mime-version:")


def identify(path: Path, bytes_max: int, unpacked_bytes_max: int) -> str:
    """Return "xlsx", "xls", "xlsb", "ods" or "csv" (any delimited text), whatever the file is called.

    Costs the head of the file and, of a zip, its list of parts; nothing is unpacked.

    Raises:
        FileError: ``file_too_large``, ``empty``, ``not_a_workbook``, ``encrypted``,
            ``legacy_format``, ``html_disguised``, ``damaged``, ``too_many_parts``, ``unpacked_too_large``,
            ``part_name``, ``part_twice``.
    """
    size = path.stat().st_size
    if size > bytes_max:
        raise FileError("file_too_large", megabytes=-(-size // 2**20), limit=bytes_max // 2**20)
    if size == 0:
        raise FileError("empty")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if head.startswith((b"PK\x03\x04", END_OF_ZIP)):
            return _zip_kind(file, size, unpacked_bytes_max)
        if head.startswith(OLE):
            return _ole_kind(file)
    for start, name in OTHER_FILES.items():
        if head.startswith(start):
            raise FileError("not_a_workbook", found=name)
    for start, name in LEGACY_FILES.items():
        if head.startswith(start):
            raise FileError("legacy_format", found=name)
    _refuse_markup(head)
    return "csv"


def entries_of(file: BinaryIO, size: int) -> list[zipfile.ZipInfo]:
    """Return the parts of a zip, without unpacking them. Raises ``FileError`` for a list that cannot be trusted."""
    _refuse_long_directory(file, size)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except ZIP_ERRORS as error:
        raise FileError("damaged", detail=str(error)) from error
    if len(entries) > ENTRIES_MAX:
        raise FileError("too_many_parts", count=len(entries), limit=ENTRIES_MAX)
    seen: set[str] = set()
    for entry in entries:
        _check_entry(entry, seen)
    return entries


def part_key(name: str) -> str:
    """Return the name by which a part is looked up: Excel minds neither case nor the direction of slashes."""
    return name.replace("\\", "/").lower()


def _check_entry(entry: zipfile.ZipInfo, seen: set[str]) -> None:
    key = part_key(entry.filename)
    if key.startswith("/") or ":" in key.split("/")[0] or ".." in key.split("/"):
        raise FileError("part_name", part=entry.filename)
    if key in seen:
        raise FileError("part_twice", part=entry.filename)
    seen.add(key)
    if entry.flag_bits & 1:
        raise FileError("encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileError("damaged", detail=f"{entry.filename}: compression {entry.compress_type}")


def _refuse_long_directory(file: BinaryIO, size: int) -> None:
    # The list of parts is read into memory by every zip reader, so its length is looked at before.
    tail_start = max(0, size - 65_557)
    file.seek(tail_start)
    tail = file.read(65_557)
    at = tail.rfind(END_OF_ZIP)
    if at < 0 or len(tail) < at + 22:
        raise FileError("damaged", detail="end of zip not found")
    count, length, offset = struct.unpack_from("<H2L", tail, at + 10)
    is_zip64 = tail.rfind(b"PK\x06\x07", 0, at) >= 0
    if not is_zip64 and length > DIRECTORY_BYTES_MAX:
        raise FileError("too_many_parts", count=max(count, length // 46), limit=ENTRIES_MAX)  # 46 bytes at least
    if not is_zip64 and offset + length > tail_start + at:
        raise FileError("damaged", detail="list of parts is cut short")
    if is_zip64:
        record = tail.rfind(b"PK\x06\x06", 0, at)
        if record < 0 or struct.unpack_from("<Q", tail, record + 40)[0] > DIRECTORY_BYTES_MAX:
            raise FileError("too_many_parts", count=count, limit=ENTRIES_MAX)
    file.seek(0)


def _zip_kind(file: BinaryIO, size: int, unpacked_bytes_max: int) -> str:
    entries = entries_of(file, size)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > unpacked_bytes_max or (unpacked > RATIO_FREE_BYTES and unpacked > RATIO_MAX * size):
        raise FileError("unpacked_too_large", megabytes=-(-unpacked // 2**20), limit=unpacked_bytes_max // 2**20)
    parts = {part_key(entry.filename) for entry in entries}
    if "xl/workbook.bin" in parts:
        return "xlsb"
    if "content.xml" in parts and "xl/workbook.xml" not in parts:
        mime = _mime_of(file) if "mimetype" in parts else b""
        if b"spreadsheet" in mime or not mime:
            return "ods"
        raise FileError("not_a_workbook", found=mime.decode("ascii", "replace").strip())
    if any(part.startswith(("xl/", "worksheets/")) or part.endswith("workbook.xml") for part in parts):
        return "xlsx"
    found = "Word" if "word/document.xml" in parts else "PowerPoint" if "ppt/presentation.xml" in parts else "zip"
    raise FileError("not_a_workbook", found=found)


def _mime_of(file: BinaryIO) -> bytes:
    try:
        with zipfile.ZipFile(file) as archive, archive.open("mimetype") as part:
            return part.read(100)
    except ZIP_ERRORS as error:
        raise FileError("part_damaged", part="mimetype", detail=str(error)) from error


def _ole_kind(file: BinaryIO) -> str:
    # Names of streams stand in UTF-16 in a directory that may lie anywhere.
    streams = {name: name.encode("utf-16-le") for name in ("EncryptedPackage", "Workbook", "Book", "WordDocument")}
    found = set()
    file.seek(0)
    overlap = b""
    while block := file.read(1 << 20):
        text = overlap + block
        found |= {name for name, needle in streams.items() if needle in text}
        overlap = text[-64:]
    if "EncryptedPackage" in found:
        raise FileError("encrypted")
    if "Workbook" in found or "Book" in found:
        return "xls"
    raise FileError("not_a_workbook", found="Word" if "WordDocument" in found else "OLE")


def _refuse_markup(head: bytes) -> None:
    text = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if _WEB_PAGE.match(text):
        raise FileError("html_disguised")
    if text.startswith((b"<?xml", b"<workbook")):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in text:
            raise FileError("legacy_format", found="XML Spreadsheet 2003")
        raise FileError("html_disguised" if b"<html" in text else "not_a_workbook", found="XML")
