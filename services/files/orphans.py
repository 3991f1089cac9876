"""Orphaned content on disk: content without a row in ``files``, such as abandoned uploads."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import now
from core.database.chunks import in_chunks
from core.files.contents import StoredFile, content_path
from core.settings import settings

ORPHAN_LASTS = timedelta(hours=25)
"""A little longer than a reference to a picture that was handed in, see ``services.files.pictures``."""
EXPORT_LASTS = timedelta(hours=25)
"""Of a temporary download file whose process was killed."""

_ASIDE = ".unclaimed"
_SEE = {"see_all": "content is anybody's as long as one file of anyone has it"}


def sweep_orphaned_contents(session: Session) -> int:
    """Delete content older than ``ORPHAN_LASTS`` that no file refers to; return how many bytes were freed.

    Without any file nothing is swept: the folder probably belongs to another database.
    """
    _sweep_exports(settings().data_dir / "exports")
    before, folder = now() - ORPHAN_LASTS, settings().data_dir / "files"
    if not folder.is_dir() or session.scalar(select(StoredFile.id).limit(1).execution_options(**_SEE)) is None:
        return 0
    freed = sum(_delete(left) for left in folder.iterdir() if left.is_file() and _is_older(left, before))
    for part in folder.iterdir():
        if part.is_dir():
            old = {path.name.removesuffix(_ASIDE) for path in part.iterdir() if _is_older(path, before)}
            freed += sum(_sweep(session, sha256, before) for sha256 in old - _claimed(session, old))
    return freed


def _sweep_exports(folder: Path) -> None:
    for path in folder.glob("export-*"):
        if _is_older(path, now() - EXPORT_LASTS):
            path.unlink(missing_ok=True)


def _sweep(session: Session, sha256: str, before: datetime) -> int:
    """Delete one content, unless it is stored or referred to at this moment: it is moved aside and checked again."""
    path = content_path(sha256)
    aside = path.with_name(sha256 + _ASIDE)
    if path.exists():
        path.replace(aside)
    if not _is_older(aside, before) or _claimed(session, [sha256]):
        if not path.exists():
            aside.replace(path)
        return 0
    return _delete(aside)


def _claimed(session: Session, hashes: Iterable[str]) -> set[str]:
    wanted = sorted(hashes)
    found: set[str] = set()
    for chunk in in_chunks(wanted):
        some = select(StoredFile.sha256).where(StoredFile.sha256.in_(chunk))
        found.update(session.scalars(some.execution_options(**_SEE)))
    return found


def _is_older(path: Path, before: datetime) -> bool:
    return path.stat().st_mtime < before.timestamp()


def _delete(path: Path) -> int:
    size_bytes = path.stat().st_size
    path.unlink()
    return size_bytes
