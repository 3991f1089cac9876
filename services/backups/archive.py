"""The file of a backup: a tar archive, perhaps encrypted, with the checksum of all its bytes behind it.

Members in this order: ``manifest.json``; ``settings.json``; ``secrets.json``, if wanted; ``anchors.jsonl``;
``tables/NAME/NUMBER.jsonl.zst`` for the rows of each table; ``files/HASH`` for each stored file; ``totals.json``. After
the end of the archive, or of its encryption, stands ``TRAILER`` with the SHA-256 of all bytes before it.
docs/backup-format.md describes it for programs of others.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import InvalidInput
from core.i18n import N_
from services.backups.encryption import MAGIC, Decryption, Encryption

BLOCK_BYTES = 1024 * 1024
TRAILER = b"\nsha256:"
TRAILER_LENGTH = len(TRAILER) + 64 + 1
MANIFEST, SETTINGS, SECRETS, ANCHORS, TOTALS = (
    "manifest.json", "settings.json", "secrets.json", "anchors.jsonl", "totals.json",
)  # fmt: skip


class HashedFile:
    """A stream to write to that counts and hashes the bytes on their way to ``target``."""

    def __init__(self, target: BinaryIO) -> None:
        self._target, self._digest, self.size_bytes = target, hashlib.sha256(), 0

    @property
    def sha256(self) -> str:
        """Return the hash of what was written until now, in hexadecimal digits."""
        return self._digest.hexdigest()

    def write(self, data: bytes, /) -> int:
        """Write bytes."""
        self._target.write(data)
        self._digest.update(data)
        self.size_bytes += len(data)
        return len(data)


class ArchiveWriter:
    """The members of an archive that is being written."""

    def __init__(self, archive: tarfile.TarFile, created_at_s: int) -> None:
        self._archive, self._created_at_s = archive, created_at_s

    def add(self, name: str, content: bytes) -> None:
        """Add a member."""
        self.add_stream(name, len(content), io.BytesIO(content))

    def add_stream(self, name: str, size_bytes: int, source: BinaryIO) -> None:
        """Add a member of which the size is known. Raises ``OSError`` if ``source`` is shorter."""
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = size_bytes, self._created_at_s, 0o600
        self._archive.addfile(member, source)
        forget_members(self._archive)


def forget_members(archive: tarfile.TarFile) -> None:
    """Let an archive forget the members that are behind it; it would keep them all in memory."""
    passed: Any = archive
    passed.members.clear()


@contextmanager
def written_archive(target: HashedFile, passphrase: bytes | None, created_at_s: int) -> Iterator[ArchiveWriter]:
    """Provide an archive to fill; at the end of the block its end and the trailer are written.

    Args:
        target: Receives the file.
        passphrase: Encrypts it, if there is one.
        created_at_s: Time of all members, in seconds since 1970.
    """
    sealed = None if passphrase is None else Encryption(target, passphrase)
    stream: Any = sealed or target
    with tarfile.open(mode="w|", fileobj=stream, format=tarfile.PAX_FORMAT, bufsize=BLOCK_BYTES) as archive:
        yield ArchiveWriter(archive, created_at_s)
    if sealed is not None:
        sealed.close()
    target.write(TRAILER + target.sha256.encode() + b"\n")


def verify_file(file: Path) -> str:
    """Return the SHA-256 of a whole file after comparing its bytes with its trailer.

    Raises:
        InvalidInput: ``backups.unreadable``, ``backups.not_a_backup``, ``backups.damaged``.
    """
    before = hashlib.sha256()
    try:
        with file.open("rb") as source:
            if not source.read(len(MAGIC)).startswith((MAGIC, f"{MANIFEST}\0".encode())):
                raise not_a_backup(file)
            left = source.seek(0, io.SEEK_END) - TRAILER_LENGTH
            source.seek(0)
            while left > 0 and (block := source.read(min(BLOCK_BYTES, left))):
                before.update(block)
                left -= len(block)
            trailer = source.read(TRAILER_LENGTH + 1)
    except OSError as error:
        raise _unreadable(file, error) from error
    if trailer != TRAILER + before.hexdigest().encode() + b"\n":
        raise damaged(file)
    whole = before.copy()
    whole.update(trailer)
    return whole.hexdigest()


@contextmanager
def read_archive(file: Path, passphrase: bytes | None) -> Iterator[tarfile.TarFile]:
    """Provide the archive of a verified file, to be read from front to end.

    Raises:
        InvalidInput: ``backups.unreadable``, ``backups.passphrase_needed``, ``backups.not_a_backup``.
        WrongKeyOrDamage: While it is read.
    """
    try:
        with _opened(file) as source:
            is_encrypted = source.read(len(MAGIC)) == MAGIC
            if is_encrypted and passphrase is None:
                message = N_("{file} is encrypted. Say in which file its pass phrase stands: --passphrase-file.")
                raise InvalidInput("backups.passphrase_needed", message, file=file)
            source.seek(len(MAGIC) if is_encrypted else 0)
            content: Any = _Limited(file, source)
            if is_encrypted:
                content = io.BufferedReader(Decryption(content, passphrase or b""), BLOCK_BYTES)
            with tarfile.open(mode="r|", fileobj=content, bufsize=BLOCK_BYTES) as archive:
                yield archive
    except tarfile.TarError as error:
        raise not_a_backup(file) from error


class _Limited:
    """What is left of an open file before its trailer."""

    def __init__(self, file: Path, source: BinaryIO) -> None:
        self._file, self._source = file, source
        self._left = os.fstat(source.fileno()).st_size - TRAILER_LENGTH - source.tell()

    def read(self, size: int, /) -> bytes:
        try:
            block = self._source.read(min(size, self._left))
        except OSError as error:  # here, as errors of what is restored are none of this file
            raise _unreadable(self._file, error) from error
        self._left -= len(block)
        return block


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise _unreadable(file, error) from error


def damaged(file: Path) -> InvalidInput:
    """Return the error of a file that was changed or cut."""
    message = N_("{file} is damaged: its checksum is not that of its content. Take another copy of this backup.")
    return InvalidInput("backups.damaged", message, file=file)


def not_a_backup(file: Path) -> InvalidInput:
    """Return the error of a file of another kind."""
    return InvalidInput("backups.not_a_backup", N_("{file} is no backup of this product."), file=file)


def _unreadable(file: Path, error: OSError) -> InvalidInput:
    message = N_("{file} cannot be read: {reason}")
    return InvalidInput("backups.unreadable", message, file=file, reason=error.strerror or error)
