"""Parts of an .xlsx package: safe unpacking, and its list of sheets.

Runs in the child process: nothing but the standard library may be imported here.
"""

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO
from xml.parsers import expat

from importers.reading.errors import FileError
from importers.reading.file_types import ZIP_ERRORS, part_key

BLOCK_BYTES = 1 << 20
SMALL_PART_BYTES_MAX = 32 * 1024 * 1024  # of a part that is held whole: the list of sheets and its relations
HIDDEN = ("hidden", "veryHidden")
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)")


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A worksheet of the package: its name, whether it is hidden from people, and the part that holds its cells."""

    name: str
    hidden: bool
    part: str


@dataclass(frozen=True, slots=True)
class Package:
    """Contents of a workbook. ``date1904``: whether its dates count from 1904."""

    sheets: tuple[SheetPart, ...]
    shared_strings: str | None
    styles: str | None
    date1904: bool


class Parts:
    """The parts of a zip by name, whatever the case and slashes, unpacked block by block."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._entries = {part_key(entry.filename): entry for entry in archive.infolist()}

    def __contains__(self, name: str) -> bool:
        return part_key(name) in self._entries

    def names(self) -> list[str]:
        """Return the name of each part, as written."""
        return [entry.filename for entry in self._entries.values() if not entry.is_dir()]

    def size(self, name: str) -> int:
        """Return the unpacked size of a part in bytes, 0 if there is no such part."""
        entry = self._entries.get(part_key(name))
        return 0 if entry is None else entry.file_size

    def blocks(self, name: str, *, xml: bool = True) -> Iterator[bytes]:
        """Yield a part in blocks, never more than it says it has.

        Args:
            name: Of the part.
            xml: Refuse a part that declares entities.

        Raises:
            FileError: ``part_missing``, ``part_damaged``, ``doctype``.
        """
        entry = self._entries.get(part_key(name))
        if entry is None:
            raise FileError("part_missing", part=name)
        try:
            with self._archive.open(entry) as file:
                yield from _without_doctype(file, entry.filename) if xml else _blocks(file)
        except ZIP_ERRORS as error:
            raise FileError("part_damaged", part=entry.filename, detail=str(error)) from error

    def whole(self, name: str) -> bytes:
        """Return a small part as a whole. Raises ``FileError`` as ``blocks``."""
        if self.size(name) > SMALL_PART_BYTES_MAX:
            raise FileError("part_damaged", part=name, detail=f"{self.size(name) >> 20} MB")
        return b"".join(self.blocks(name))


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block


def _without_doctype(file: IO[bytes], name: str) -> Iterator[bytes]:
    overlap = b""
    for block in _blocks(file):
        # A declaration of entities is how one small file becomes gigabytes; no spreadsheet program writes one.
        text = overlap + block
        if b"<!" in text and _DOCTYPE.search(text):
            raise FileError("doctype", part=name)
        overlap = block[-10:]
        yield block


def read_package(parts: Parts) -> Package:
    """Return the sheets of a workbook in its order, without chart, dialogue and macro sheets.

    Raises:
        FileError: ``no_sheets`` if it lists none; otherwise as ``Parts.blocks``.
    """
    workbook = _workbook_part(parts)
    targets, kinds = _relations(parts, workbook)
    sheets: list[SheetPart] = []
    date1904 = False
    for tag, attributes in _elements(parts.whole(workbook), workbook):
        if tag == "workbookPr":
            # Extensions have an element of the same name that knows nothing of dates.
            date1904 = date1904 or attributes.get("date1904", "") in ("1", "true", "on")
        elif tag == "sheet" and kinds.get(attributes.get("id", "")) == "worksheet":
            part = targets[attributes["id"]]
            sheets.append(SheetPart(attributes.get("name", ""), attributes.get("state", "") in HIDDEN, part))
    if not sheets:
        raise FileError("no_sheets")
    found = {kind: targets[key] for key, kind in kinds.items() if targets[key] in parts}
    return Package(tuple(sheets), found.get("sharedStrings"), found.get("styles"), date1904)


def relations_of(parts: Parts, part: str) -> dict[str, str]:
    """Return id → target part of the relations of ``part``. Raises ``FileError`` as ``Parts.blocks``."""
    return _relations(parts, part)[0]


def _workbook_part(parts: Parts) -> str:
    if "_rels/.rels" in parts:
        targets, kinds = _relations(parts, "")
        for key, kind in kinds.items():
            if kind == "officeDocument" and targets[key] in parts:
                return targets[key]
    if "xl/workbook.xml" in parts:
        return "xl/workbook.xml"
    raise FileError("part_missing", part="xl/workbook.xml")


def _relations(parts: Parts, part: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return id → target part and id → last word of the relation's type."""
    folder, name = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    targets: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for tag, attributes in _elements(parts.whole(relations), relations):
        if tag != "Relationship" or attributes.get("TargetMode") == "External":
            continue
        target = attributes.get("Target", "").replace("\\", "/")
        key = attributes.get("Id", "")
        targets[key] = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        kinds[key] = attributes.get("Type", "").rsplit("/", 1)[-1]
    return targets, kinds


def _elements(text: bytes, part: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        found.append((local_name(name), {local_name(key): value for key, value in attributes.items()}))

    XmlParser(part, start).feed(text, is_last=True)
    return found


class XmlParser:
    """Calls back for the elements and texts of one XML part; a part that declares entities is refused."""

    def __init__(
        self,
        part: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        self._part = part
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = start
        self._parser.EndElementHandler = end
        self._parser.CharacterDataHandler = text
        self._parser.buffer_text = True

    def feed(self, block: bytes, *, is_last: bool = False) -> None:
        """Parse the next block. Raises ``FileError``: ``doctype``, ``part_damaged``."""
        try:
            self._parser.Parse(block, is_last)
        except expat.ExpatError as error:
            raise FileError("part_damaged", part=self._part, detail=str(error)) from error

    def _refuse(self, *_: object) -> None:
        raise FileError("doctype", part=self._part)


def local_name(name: str) -> str:
    """Return the name of an element or attribute without its prefix."""
    return name.rpartition(":")[2]
