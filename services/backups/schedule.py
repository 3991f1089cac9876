"""Scheduled backups: one each night in the folder of backups, removal of old ones, and a copy in a second place."""

import hashlib
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from sqlalchemy import func, select

from core.access import Actor
from core.clock import now
from core.database.sessions import engine_in_use, reading
from core.errors import Conflict, InvalidInput
from core.files.contents import StoredFile
from core.files.modes import PRIVATE_FILE, PRIVATE_FOLDER
from core.i18n import N_, _
from core.jobs.clock_guard import BACK_MAX, is_clock_trusted
from core.permissions import Permission
from core.settings import MIB, settings
from services.backups.archive import BLOCK_BYTES, TRAILER, TRAILER_LENGTH, verify_file
from services.backups.backup import Backup, make_backup
from services.backups.commands import read_passphrase
from services.backups.retention import file_name, instant_of, names_to_remove

log = logging.getLogger(__name__)

FREE_BYTES_MIN = 200 * MIB
"""What a backup or a drill leaves free on the disk, as every stored file does."""
GROWTH = 1.25
"""How much larger than the last one a backup is expected to be at most."""
PARTIAL = ".partial"


class ScheduledFile(NamedTuple):
    """A scheduled backup in a folder.

    Attributes:
        made_at: By its name.
    """

    path: Path
    made_at: datetime
    size_bytes: int


def backups_folder() -> Path:
    """Return the folder of backups; the first backup makes it."""
    return settings().data_dir / "backups"


def passphrase() -> bytes | None:
    """Return the pass phrase of scheduled backups, None if they are not encrypted. Raises as ``read_passphrase``."""
    file = settings().backup_passphrase_file
    return read_passphrase(Path(file) if file else None)


def scheduled_files(folder: Path) -> list[ScheduledFile]:
    """Return the scheduled backups of a folder that have an end, the oldest first.

    What a clock that was ahead has dated after now is not among them: it says nothing about the last backup.
    """
    latest_at, found = now() + BACK_MAX, []
    for path in _paths_in(folder):
        made_at = instant_of(path.name)
        if made_at is not None and made_at <= latest_at and (size_bytes := _size_with_end(path)):
            found.append(ScheduledFile(path, made_at, size_bytes))
    return sorted(found, key=lambda one: one.made_at)


def make_scheduled_backup(actor: Actor) -> Backup:
    """Make a backup in the folder of backups, and read it back.

    Raises:
        NotPermitted: The actor may not operate the installation.
        InvalidInput: ``backups.no_room``, ``backups.folder_unusable``; ``backups.damaged``: the disk does not return
            what was written; or as ``make_backup`` and ``read_passphrase``. Nothing is left of it then.
        Conflict: As ``make_backup``.
    """
    actor.require(Permission.SYSTEM_OPERATE)
    folder = backups_folder()
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        _sweep(folder)
    except OSError as error:
        message = N_("The folder {folder} cannot be used: {reason}")
        reason = error.strerror or error
        raise InvalidInput("backups.folder_unusable", message, folder=folder, reason=reason) from error
    before = scheduled_files(folder)
    require_room(folder, round(before[-1].size_bytes * GROWTH) if before else _data_bytes(actor))
    made = make_backup(actor, folder / file_name(now()), passphrase=passphrase())
    try:
        verify_file(Path(made.file))
    except InvalidInput:
        Path(made.file).unlink(missing_ok=True)
        raise
    return made


def remove_old_backups(actor: Actor, folder: Path, newest: str) -> list[str]:
    """Remove the scheduled backups of a folder that are not kept any longer, and return their names.

    Args:
        actor: On whose behalf.
        folder: Of backups.
        newest: The backup that was just made or copied. Nothing is removed unless it is there with its end, nor while
            the clock is in doubt.

    Raises:
        NotPermitted: The actor may not operate the installation.
    """
    actor.require(Permission.SYSTEM_OPERATE)
    with reading(actor) as session:
        is_trusted = is_clock_trusted(session)
    names = [one.path.name for one in scheduled_files(folder)]
    old = names_to_remove(names, now(), newest=newest) if is_trusted and newest in names else []
    for name in old:
        (folder / name).unlink(missing_ok=True)
    if old:
        log.info("old backups were removed from %s: %s", folder, ", ".join(old))
    return old


def copy_backup(actor: Actor, name: str) -> None:
    """Copy a scheduled backup to the second place, compare the copy, and remove what is old there.

    The folder must be there: one that is missing is a disk or a share that is not mounted.

    Raises:
        NotPermitted: The actor may not operate the installation.
        Conflict: ``backups.not_copied``; nothing is left of the copy then, and the first place is as it was.
    """
    actor.require(Permission.SYSTEM_OPERATE)
    place = Path(settings().backup_copy)
    partial = place / (name + PARTIAL)
    try:
        _sweep(place)
        with (backups_folder() / name).open("rb") as source, _private_file(partial) as target:
            sha256 = _copy(source, target)
        with partial.open("rb") as copied:
            if _copy(copied, None) != sha256:
                raise _not_copied(name, place, _("what is read there is not what was written"))
        partial.replace(place / name)
        remove_old_backups(actor, place, name)
    except OSError as error:
        raise _not_copied(name, place, str(error.strerror or error)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def require_room(folder: Path, needed_bytes: int) -> None:
    """Go on if a folder's disk has room for some bytes and ``FREE_BYTES_MIN`` more.

    Raises:
        InvalidInput: ``backups.no_room``.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes + FREE_BYTES_MIN:
        message = N_(
            "The disk of {folder} has {free} MiB free, and {needed} MiB are needed: what is written and {left} MiB that"
            " stay free. Make room."
        )
        needed = (needed_bytes + FREE_BYTES_MIN) // MIB
        facts: dict[str, Any] = {
            "folder": folder,
            "free": free_bytes // MIB,
            "needed": needed,
            "left": FREE_BYTES_MIN // MIB,
        }
        raise InvalidInput("backups.no_room", message, **facts)


def database_bytes(actor: Actor) -> int:
    """Return the size of the database in use."""
    file = engine_in_use().url.database
    if engine_in_use().dialect.name == "sqlite":
        return Path(file or "").stat().st_size
    with reading(actor) as session:
        return session.scalar(select(func.pg_database_size(func.current_database()))) or 0


def _not_copied(name: str, place: Path, problem: str) -> Conflict:
    message = N_("The backup {file} could not be copied to {folder}: {reason}. It is in the first place only.")
    return Conflict("backups.not_copied", message, file=name, folder=place, reason=problem)


def _data_bytes(actor: Actor) -> int:
    """Return the size of the database and of the stored files: no backup is larger."""
    with reading(actor) as session:
        see_all = {"see_all": "a backup holds the files of everybody"}
        files_bytes = session.scalar(select(func.sum(StoredFile.size_bytes)), execution_options=see_all) or 0
    return database_bytes(actor) + int(files_bytes)


def _paths_in(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # it is not there yet, or not for this account
        return []


def _size_with_end(path: Path) -> int:
    """Return the size of a file that ends as a backup does, 0 for another one."""
    try:
        with path.open("rb") as source:
            size_bytes = source.seek(0, os.SEEK_END)
            source.seek(max(0, size_bytes - TRAILER_LENGTH))
            return size_bytes if source.read(len(TRAILER)) == TRAILER else 0
    except OSError:
        return 0


def _sweep(folder: Path) -> None:
    """Remove what a process that was killed has left. No other one writes: these jobs run one at a time."""
    for path in folder.iterdir():
        if path.name.endswith(PARTIAL) and instant_of(path.name.removesuffix(PARTIAL)) is not None:
            path.unlink(missing_ok=True)


@contextmanager
def _private_file(path: Path) -> Iterator[BinaryIO]:
    """Provide a new file that only our account may read; at the end all of it is on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as target:
        yield target
        target.flush()
        os.fsync(target.fileno())


def _copy(source: BinaryIO, target: BinaryIO | None) -> str:
    """Copy a stream, unless there is no target, and return the SHA-256 of its bytes."""
    digest = hashlib.sha256()
    while block := source.read(BLOCK_BYTES):
        digest.update(block)
        if target is not None:
            target.write(block)
    return digest.hexdigest()
