"""Uploaded and produced files: stored once by content hash, under names of our own, never the sender's."""

import hashlib
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import ColumnElement, Index, String, and_
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.access import Actor
from core.clock import now
from core.database.columns import Id, code_text
from core.database.disk_space import require_free_space
from core.database.errors import expected_errors
from core.database.sessions import EVERYONE, Base, actor_of
from core.errors import InvalidInput, NotFound
from core.i18n import N_
from core.permissions import Role
from core.settings import MIB, settings

BLOCK_BYTES = 1 * MIB
NAME_LENGTH_MAX = 200


class StoredFile(Base):
    """An uploaded or produced file.

    Attributes:
        sha256: Of the content, which is stored once under this hash.
        name: As uploaded, for display only.
        person: Owner, see ``Actor.owner``.
    """

    __tablename__ = "files"
    __table_args__ = (Index("ix_files_sha256", "sha256"),)

    id: Mapped[Id]
    sha256: Mapped[str] = mapped_column(code_text(64))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    size_bytes: Mapped[int]
    person: Mapped[str] = mapped_column(code_text(200))
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: a file is visible to its owner, the user who uploaded or requested it."""
        if actor.role == Role.ADMINISTRATOR and actor.rights is None:
            return EVERYONE
        return and_(cls.person == actor.owner, cls.person != "")

    @property
    def path(self) -> Path:
        """Return the path of the content."""
        return content_path(self.sha256)


def content_path(sha256: str) -> Path:
    """Return the path of content with this hash."""
    return settings().data_dir / "files" / sha256[:2] / sha256


def store_file(session: Session, source: BinaryIO, name: str, *, bytes_max: int | None = None) -> StoredFile:
    """Store a stream as a file of the session's person.

    The content is on disk before the row is: a row never points to nothing; content without a row is swept later.

    Raises:
        InvalidInput: ``files.too_large`` past ``bytes_max`` (default ``settings().upload_bytes_max``).
    """
    sha256, size_bytes = write_content(source, bytes_max or settings().upload_bytes_max)
    shown = name.replace("\\", "/").rsplit("/", 1)[-1][-NAME_LENGTH_MAX:] or "file"
    row = StoredFile(sha256=sha256, name=shown, size_bytes=size_bytes, person=actor_of(session).owner)
    session.add(row)
    session.flush()
    return row


def write_content(source: BinaryIO, bytes_max: int) -> tuple[str, int]:
    """Write a stream to its place by content; return its hash and size in bytes.

    Raises:
        InvalidInput: As ``store_file``.
        Unavailable: ``database.full``.
    """
    with expected_errors():
        require_free_space()
        return _write_content(source, bytes_max)


def _write_content(source: BinaryIO, bytes_max: int) -> tuple[str, int]:
    folder = settings().data_dir / "files"
    folder.mkdir(parents=True, exist_ok=True)
    digest, size_bytes = hashlib.sha256(), 0
    descriptor, temporary = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as target:
            while block := source.read(BLOCK_BYTES):
                size_bytes += len(block)
                if size_bytes > bytes_max:
                    raise InvalidInput(
                        "files.too_large",
                        N_("The file is larger than {limit} MB. Split it, or leave pictures out."),
                        limit=bytes_max // MIB,
                    )
                digest.update(block)
                target.write(block)
            target.flush()
            os.fsync(target.fileno())
        final = content_path(digest.hexdigest())
        final.parent.mkdir(exist_ok=True)
        Path(temporary).replace(final)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return digest.hexdigest(), size_bytes


def touch_content(sha256: str) -> bool:
    """Update the content's time, so that it is not swept as an orphan; return whether it exists."""
    try:
        os.utime(content_path(sha256))
    except FileNotFoundError:
        return False
    return True


def get_file(session: Session, file_id: int) -> StoredFile:
    """Return a file of the session's person. Raises ``NotFound``: ``files.not_found``."""
    row = session.get(StoredFile, file_id)
    if row is None:
        raise NotFound("files.not_found", N_("There is no such file."))
    return row
