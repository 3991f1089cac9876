"""Storage quotas: bytes that one person, one address and all senders together may upload within a day.

Counted in the database, so that several processes share it; each count and the row it admits are one transaction that
no other can interleave with.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from core.clock import now
from core.database.locks import DatabaseLock, take_lock
from core.database.retention import Retention
from core.errors import DomainError
from core.files.contents import StoredFile
from core.i18n import N_
from core.settings import MIB, settings
from models.received_contents import ReceivedContent

RETENTION = Retention(
    column=ReceivedContent.created_at,
    days=1,
    reason="Quotas count the last 24 hours; the content itself is another matter.",
)
WINDOW = timedelta(days=RETENTION.days)
ADDRESS_PICTURE_BYTES_MAX = 200 * MIB
"""A day's pictures of one address. Browsers send photos as the camera made them; what is stored has 2,048 pixels a
side, 0.3 to 1 MB. So 60 applicants at a trade fair behind one address hand in three each."""
PERSON_PICTURE_BYTES_MAX = 500 * MIB
"""A day's pictures of one person: a hundred stores with five photos each."""
PERSON_IMPORT_BYTES_MAX = 2048 * MIB
"""A day's import files of one person: ten of the largest that are taken."""
ORPHAN_BYTES_MAX = 2048 * MIB
"""All orphaned pictures of a day; at most a tenth of what is free on the disk. Anonymous senders may fill half of it,
so that the others find room."""
DISK_FLOOR_BYTES = 200 * MIB
"""Stays free on the disk, for the database and its log."""
BLOCK_BYTES = 4096
"""Minimum size of a file on the disk."""
_SEE: dict[str, Any] = {"see_all": "quotas count the content of all senders"}


class ContentKind(StrEnum):
    """Purpose of content."""

    PICTURE = "picture"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Sender:
    """Sender of content.

    Attributes:
        caller: ``person:…`` or ``address:…``, see ``ReceivedContent``.
        is_signed_in: Whether it is a person with an account.
    """

    caller: str
    is_signed_in: bool


class QuotaUsed(DomainError):
    """The sender has used up the quota of ``WINDOW``.

    Attributes:
        retry_after_s: After how many seconds there is room again.
    """

    status = 429

    def __init__(self, code: str, message: str, *, retry_after_s: int, **values: object) -> None:
        super().__init__(code, message, fields=None, **values)
        self.retry_after_s = retry_after_s


class StorageFull(DomainError):
    """The disk has no room for more content, from any sender.

    Attributes:
        retry_after_s: After how many seconds a repetition makes sense.
    """

    status = 507
    retry_after_s = 1_800


def require_quota_and_room(session: Session, sender: Sender, kind: ContentKind, size_bytes: int) -> None:
    """Require room on the disk for a body of ``size_bytes``, and that the sender's quota is not used up.

    Raises:
        QuotaUsed: ``contents.quota``.
        StorageFull: ``contents.disk_full``.
    """
    require_disk_room(size_bytes)
    _require_quota(session, sender, kind, 0)


def receive_content(session: Session, sender: Sender, kind: ContentKind, size_bytes: int, sha256: str = "") -> int:
    """Count content against the quotas before it is stored; return the id of its row.

    Args:
        session: Of a transaction for nothing else: senders take turns until it ends.
        sender: Who sends it.
        kind: What it is for.
        size_bytes: Of what is stored.
        sha256: Of what is stored, so that it counts as filed when a file has it.

    Raises:
        QuotaUsed: ``contents.quota``.
        StorageFull: ``contents.disk_full``, ``contents.full``.
    """
    require_disk_room(size_bytes)
    take_lock(session, DatabaseLock.RECEIVED_CONTENTS)
    size_bytes = max(size_bytes, BLOCK_BYTES)
    _require_quota(session, sender, kind, size_bytes)
    if kind is ContentKind.PICTURE:
        _require_total(session, sender, size_bytes)
    row = ReceivedContent(caller=sender.caller, kind=kind.value, sha256=sha256, size_bytes=size_bytes)
    session.add(row)
    session.flush()
    return row.id


def give_back(session: Session, content_id: int) -> None:
    """Undo the count of content that did not arrive."""
    gone = delete(ReceivedContent).where(ReceivedContent.id == content_id)
    session.execute(gone.execution_options(**_SEE, synchronize_session=False))


def require_disk_room(size_bytes: int) -> None:
    """Require ``DISK_FLOOR_BYTES`` free beside ``size_bytes`` more. Raises ``StorageFull``: ``contents.disk_full``."""
    if _free_bytes() < DISK_FLOOR_BYTES + size_bytes:
        raise StorageFull(
            "contents.disk_full",
            N_("The disk of the server is nearly full, so this was not stored. Ask your administrator to make room."),
        )


def _require_quota(session: Session, sender: Sender, kind: ContentKind, size_bytes: int) -> None:
    bytes_max = _bytes_max(sender, kind)
    lately = (
        ReceivedContent.caller == sender.caller,
        ReceivedContent.kind == kind.value,
        ReceivedContent.created_at > now() - WINDOW,
    )
    columns = func.coalesce(func.sum(ReceivedContent.size_bytes), 0), func.min(ReceivedContent.created_at)
    used_bytes, first_at = session.execute(select(*columns).where(*lately), execution_options=_SEE).one()
    if used_bytes + max(size_bytes, 1) > bytes_max:
        raise _quota_used(sender, bytes_max, first_at)


def _bytes_max(sender: Sender, kind: ContentKind) -> int:
    if kind is ContentKind.IMPORT:
        return PERSON_IMPORT_BYTES_MAX
    return PERSON_PICTURE_BYTES_MAX if sender.is_signed_in else ADDRESS_PICTURE_BYTES_MAX


def _quota_used(sender: Sender, bytes_max: int, first_at: datetime | None) -> QuotaUsed:
    until = (first_at or now()) + WINDOW
    retry_after_s = max(60, int((until - now()).total_seconds()) + 1)
    person = N_("You may send {limit} MB a day, and have. Try again in {hours} h, or ask your administrator for help.")
    address = N_(
        "From your address {limit} MB of photos may be sent a day, and were. Try again in {hours} h, or sign in."
    )
    return QuotaUsed(
        "contents.quota",
        person if sender.is_signed_in else address,
        retry_after_s=retry_after_s,
        limit=bytes_max // MIB,
        hours=-(-retry_after_s // 3600),
    )


def _require_total(session: Session, sender: Sender, size_bytes: int) -> None:
    """Require that the orphaned pictures of a day leave room for another."""
    is_filed = exists().where(StoredFile.sha256 == ReceivedContent.sha256)
    lately = ReceivedContent.created_at > now() - WINDOW, ReceivedContent.kind == ContentKind.PICTURE.value
    total = select(func.coalesce(func.sum(ReceivedContent.size_bytes), 0)).where(*lately, ~is_filed)
    bytes_max = min(ORPHAN_BYTES_MAX, _free_bytes() // 10)
    if not sender.is_signed_in:
        bytes_max //= 2
    if int(session.scalar(total, execution_options=_SEE) or 0) + size_bytes > bytes_max:
        raise StorageFull(
            "contents.full",
            N_("Very many photos have come in today that belong to nothing yet. Please try again in half an hour."),
        )


def _free_bytes() -> int:
    folder = settings().data_dir
    folder.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(folder).free
