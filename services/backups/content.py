"""Reading of a backup from front to end, with its checksums compared on the way."""

import hashlib
import io
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

import orjson
import zstandard

from core.errors import Conflict, InvalidInput
from core.i18n import N_
from core.schema.versions import is_known
from core.transfer.shapes import TableShape, shapes_from_json
from services.backups.archive import (
    ANCHORS,
    BLOCK_BYTES,
    MANIFEST,
    SECRETS,
    SETTINGS,
    TOTALS,
    damaged,
    forget_members,
    not_a_backup,
    read_archive,
    verify_file,
)
from services.backups.backup import FORMAT
from services.backups.encryption import WrongKeyOrDamage

SMALL_BYTES_MAX = 64 * 1024 * 1024  # of a member that is read whole
_HASH = re.compile("[0-9a-f]{64}")
Rows = list[list[Any]]


class Manifest(NamedTuple):
    """What a backup says of itself.

    Attributes:
        revision: Migration of its tables. installation: name of the installation.
        created_at: Instant as ISO 8601, in UTC.
    """

    release: str
    revision: str
    database: str
    created_at: str
    installation: str
    tables: list[TableShape]


class Content:
    """The content of a backup that is being read. Its parts are read once, in the order of the methods."""

    def __init__(self, archive: tarfile.TarFile, file: Path) -> None:
        self._archive, self._file = archive, file
        self._member = archive.next()
        self.found: dict[str, dict[str, Any]] = {}
        self.rows = self.files = 0

    def manifest(self) -> Manifest:
        """Return the manifest.

        Raises:
            Conflict: ``backups.newer_release``.
            InvalidInput: ``backups.not_a_backup``.
        """
        facts = orjson.loads(self._take(MANIFEST))
        if facts["product"] != "qudao":
            raise not_a_backup(self._file)
        if facts["format"] > FORMAT or not is_known(facts["revision"]):
            message = N_(
                "This backup was made by release {release}. Install that release or a later one to restore it."
            )
            raise Conflict("backups.newer_release", message, release=facts["release"])
        named = {name: str(facts[name]) for name in Manifest._fields if name != "tables"}
        return Manifest(**named, tables=shapes_from_json(facts["tables"]))

    def settings(self) -> dict[str, Any]:
        """Return the settings that are no secrets."""
        return dict(orjson.loads(self._take(SETTINGS)))

    def secrets(self) -> dict[str, Any]:
        """Return the secrets; {} if the backup was made without them."""
        return dict(orjson.loads(self._take(SECRETS))) if self._is_at(SECRETS) else {}

    def anchors(self) -> bytes:
        """Return the anchors of the audit log, lines of JSON."""
        return self._take(ANCHORS)

    def batches(self, table: TableShape) -> Iterator[Rows]:
        """Yield the rows of the next table, a line at a time."""
        digest, count = hashlib.sha256(), 0
        while self._member is not None and self._member.name.startswith(f"tables/{table.name}/"):
            with zstandard.ZstdDecompressor().stream_reader(self._stream()) as stream:
                for line in io.BufferedReader(stream, BLOCK_BYTES):
                    digest.update(line)
                    rows = orjson.loads(line)
                    count += len(rows)
                    yield rows
            self._next()
        self.found[table.name] = {"rows": count, "sha256": digest.hexdigest()}
        self.rows += count

    def stored_files(self, take: Callable[[str, int, BinaryIO], None]) -> None:
        """Call ``take`` with hash, size and stream of each stored file.

        Raises:
            InvalidInput: ``backups.damaged``: content has another hash than its name.
        """
        while self._member is not None and self._member.name.startswith("files/"):
            sha256 = self._member.name.removeprefix("files/")
            hashed = _Hashed(self._stream())
            if not _HASH.fullmatch(sha256):
                raise damaged(self._file)
            take(sha256, self._member.size, io.BufferedReader(hashed, BLOCK_BYTES))
            if hashed.sha256 != sha256:
                raise damaged(self._file)
            self.files += 1
            self._next()

    def compare_totals(self) -> dict[str, Any]:
        """Compare what was read with the totals at the end, and return them.

        Raises:
            InvalidInput: ``backups.damaged``.
        """
        totals = dict(orjson.loads(self._take(TOTALS)))
        if (totals["tables"], totals["files"], self._member) != (self.found, self.files, None):
            raise damaged(self._file)
        return totals

    def _is_at(self, name: str) -> bool:
        return self._member is not None and self._member.name == name

    def _take(self, name: str) -> bytes:
        if not self._is_at(name) or self._member is None or self._member.size > SMALL_BYTES_MAX:
            raise not_a_backup(self._file)
        content = self._stream().read()
        self._next()
        return content

    def _next(self) -> None:
        forget_members(self._archive)
        self._member = self._archive.next()

    def _stream(self) -> IO[bytes]:
        stream = self._archive.extractfile(self._member) if self._member is not None else None
        if stream is None:  # a folder or a link
            raise not_a_backup(self._file)
        return stream


@contextmanager
def content_of(file: Path, passphrase: bytes | None) -> Iterator[Content]:
    """Provide the content of a backup whose bytes are those that were written.

    Raises:
        InvalidInput: ``backups.unreadable``, ``backups.not_a_backup``, ``backups.damaged``,
            ``backups.passphrase_needed``, ``backups.wrong_passphrase``.
    """
    verify_file(file)
    try:
        with read_archive(file, passphrase) as archive:
            yield Content(archive, file)
    except WrongKeyOrDamage as error:
        message = N_("This is not the pass phrase of {file}.")
        raise InvalidInput("backups.wrong_passphrase", message, file=file) from error
    except (ValueError, KeyError, TypeError, zstandard.ZstdError) as error:
        raise not_a_backup(file) from error


class _Hashed(io.RawIOBase):
    """A stream to read from that hashes what is read."""

    def __init__(self, source: IO[bytes]) -> None:
        super().__init__()
        self._source, self._digest = source, hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Return the hash of all bytes; reads those that are left."""
        while self.read(BLOCK_BYTES):
            pass
        return self._digest.hexdigest()

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any, /) -> int:
        block = self._source.read(len(target))
        self._digest.update(block)
        target[: len(block)] = block
        return len(block)
