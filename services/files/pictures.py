"""Uploads of pictures: cleaned and stored on disk at once, with a row only when a form is submitted with them.

An uploader gets a reference to the picture, encrypted by this installation: it holds the content's hash and what
the camera wrote, readable by nobody, and lasts as long as the draft of a form does in a browser. So a form can be
filled without an account, resumed later, and sent to another process; forged or altered references are refused.
Content without a row is swept later as an orphan.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import actor_of
from core.encryption import MARK, DecryptionError, decrypt, encrypt
from core.errors import InvalidInput
from core.files.contents import StoredFile, touch_content, write_content
from core.files.pictures import PICTURE_BYTES_MAX, REFERENCE_LENGTH_MAX, Picture, read_picture
from core.i18n import N_

REFERENCE_LASTS = timedelta(days=1)
"""As long as a browser keeps the draft of a form, see ``pages/static/draft.js``."""
FILE_NAME = "picture.jpg"
_PURPOSE = "picture reference"
_OWNER = "whoever holds it"
_SEE: dict[str, Any] = {"see_all": "anonymous users see no file, not even the one of their application"}


@dataclass(frozen=True, slots=True)
class HandedPicture:
    """A cleaned picture that lies on disk under ``sha256`` and its metadata, see ``pictures.Picture``.

    Attributes:
        sha256: Of the cleaned JPEG.
        original_sha256: Of the bytes as they came.
    """

    sha256: str
    size_bytes: int
    width: int
    height: int
    original_sha256: str
    look: int
    taken_at: datetime | None
    latitude: float | None
    longitude: float | None
    software: str
    camera: str


def take_picture(content: bytes) -> tuple[str, HandedPicture]:
    """Clean a picture, put it on disk, and return its reference and what it is. Raises as ``clean_picture``."""
    return store_picture(*clean_picture(content))


def clean_picture(content: bytes) -> tuple[Picture, HandedPicture]:
    """Return a cleaned picture and its metadata. Anyone may upload a picture.

    Raises:
        InvalidInput: ``files.too_large``, or why it cannot be taken, see ``core.files.pictures.read_picture``.
    """
    if len(content) > PICTURE_BYTES_MAX:
        raise InvalidInput(
            "files.too_large",
            N_("The picture is larger than {limit} MB. Choose a smaller one."),
            limit=PICTURE_BYTES_MAX // 1024 // 1024,
        )
    picture = read_picture(content)
    return picture, _handed(picture, hashlib.sha256(picture.jpeg).hexdigest(), len(picture.jpeg))


def store_picture(picture: Picture, handed: HandedPicture) -> tuple[str, HandedPicture]:
    """Put a cleaned picture on disk; return its reference and what it is."""
    write_content(BytesIO(picture.jpeg), PICTURE_BYTES_MAX)
    return reference_of(handed), handed


def picture_of(reference: str) -> HandedPicture:
    """Return the picture of a reference.

    Raises:
        InvalidInput: ``pictures.reference_not_valid``; the same for altered, expired and unknown references
            apart.
    """
    if len(reference) > REFERENCE_LENGTH_MAX:
        raise _not_valid()
    try:
        facts: dict[str, Any] = json.loads(decrypt(MARK + reference, _PURPOSE, _OWNER))
        expires_at = datetime.fromisoformat(facts.pop("expires_at"))
        taken_at = facts.pop("taken_at")
        handed = HandedPicture(**facts, taken_at=datetime.fromisoformat(taken_at) if taken_at else None)
    except (DecryptionError, KeyError, TypeError, ValueError) as error:  # also references of another version
        raise _not_valid() from error
    if now() >= expires_at:
        raise _not_valid()
    return handed


def keep_picture(session: Session, reference: str) -> HandedPicture:
    """Create a stored file of the session's person from an uploaded picture and return it.

    The row that refers to it (a store's photo, an application) keeps ``sha256`` and decides who may see it.

    Raises:
        InvalidInput: As ``picture_of``; also where the content is not there any more.
    """
    handed = picture_of(reference)
    if not touch_content(handed.sha256):
        raise _not_valid()
    person = actor_of(session).owner
    session.add(StoredFile(sha256=handed.sha256, name=FILE_NAME, size_bytes=handed.size_bytes, person=person))
    session.flush()
    return handed


def release_picture(session: Session, sha256: str) -> None:
    """Delete one file that ``keep_picture`` created; the content is swept when no other file refers to it."""
    made = StoredFile.sha256 == sha256, StoredFile.name == FILE_NAME
    newest = select(StoredFile.id).where(*made).order_by(StoredFile.id.desc()).limit(1)
    gone = delete(StoredFile).where(StoredFile.id == session.scalar(newest, execution_options=_SEE))
    session.execute(gone, execution_options=_SEE | {"synchronize_session": False})


def reference_of(handed: HandedPicture) -> str:
    """Return the encrypted reference to a picture, valid for ``REFERENCE_LASTS``."""
    facts = asdict(handed)
    facts["taken_at"] = handed.taken_at.isoformat() if handed.taken_at else None
    facts["expires_at"] = (now() + REFERENCE_LASTS).isoformat()
    packed = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return encrypt(packed, _PURPOSE, _OWNER).removeprefix(MARK)


def _handed(picture: Picture, sha256: str, size_bytes: int) -> HandedPicture:
    return HandedPicture(
        sha256=sha256,
        size_bytes=size_bytes,
        width=picture.width,
        height=picture.height,
        original_sha256=picture.original_sha256,
        look=picture.look,
        taken_at=picture.taken_at,
        latitude=picture.latitude,
        longitude=picture.longitude,
        software=picture.software,
        camera=picture.camera,
    )


def _not_valid() -> InvalidInput:
    message = N_("This picture is not here any more. Please choose it again.")
    return InvalidInput("pictures.reference_not_valid", message)
