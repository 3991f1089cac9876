"""Drill: the newest scheduled backup is restored into a scratch database, compared, upgraded, checked and removed."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import file_engine, reading
from core.errors import InvalidInput
from core.files.modes import PRIVATE_FOLDER
from core.i18n import N_
from core.permissions import Permission
from core.schema import versions
from core.settings import settings
from core.transfer.loading import BrokenReference
from services.backups.content import content_of
from services.backups.restore import load_tables
from services.backups.schedule import GROWTH, database_bytes, require_room
from services.backups.targets import scratch_database

Checks = Callable[[Session], list[dict[str, str]]]


class Proof(NamedTuple):
    """What a drill has read back and found equal to the backup: rows of all tables, and stored files."""

    rows: int
    files: int


def prove_backup(actor: Actor, file: Path, passphrase: bytes | None, checks: Checks) -> Proof:
    """Restore a backup into a scratch SQLite file in the data folder, check it, and remove it.

    Args:
        actor: On whose behalf.
        file: The backup.
        passphrase: Of an encrypted one.
        checks: Returns what is broken in the data of a session, as ``services.installation.checks``.

    Raises:
        NotPermitted: The actor may not operate the installation.
        Conflict: ``backups.newer_release``.
        InvalidInput: ``backups.no_room``, ``backups.not_proven``, or as ``content_of``.
    """
    actor.require(Permission.SYSTEM_OPERATE)
    with _scratch_folder() as folder:
        require_room(folder, round(database_bytes(actor) * GROWTH))
        try:
            proof = _restore(file, passphrase, folder / "qudao.db")
            with (
                file_engine(folder / "qudao.db").connect() as connection,
                reading(actor, connection=connection) as session,
            ):
                broken = checks(session)
        except (DBAPIError, sqlite3.Error, BrokenReference) as error:
            message = N_("{file} could not be restored in a drill: {reason}")
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise InvalidInput("backups.not_proven", message, file=file.name, reason=reason) from error
    if broken:
        message = N_("{file} can be restored, but the data in it are not whole: {check}: {detail}")
        first = broken[0]
        raise InvalidInput("backups.not_proven", message, file=file.name, check=first["check"], detail=first["detail"])
    return proof


def _restore(file: Path, passphrase: bytes | None, scratch: Path) -> Proof:
    with content_of(file, passphrase) as content:
        manifest = content.manifest()
        content.settings()
        content.secrets()
        content.anchors()
        with scratch_database(scratch, manifest.revision) as connection:
            load_tables(connection, content, manifest, file)
            content.stored_files(lambda _sha256, _size_bytes, _stream: None)
            content.compare_totals()
            versions.upgrade(connection)
        return Proof(content.rows, content.files)


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    """Provide an empty folder on the disk of the data; what a drill that was killed left there is removed first."""
    folder = settings().data_dir / "drill"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
