"""Restoring a backup into an empty installation of this or a later release, on either database."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import SQLAlchemyError

from core.access import Actor
from core.database.errors import expected_error
from core.database.sessions import connect, unit_of_work
from core.errors import InvalidInput, Unavailable
from core.events.anchors import anchors_path, are_own
from core.events.log import EventDraft, record
from core.files.contents import write_content
from core.i18n import N_
from core.permissions import Permission
from core.schema import versions
from core.settings import settings, signing_secret
from core.transfer.loading import BrokenReference, advance_counters, load_rows, without_guards
from core.transfer.reading import table_facts
from services.backups.archive import damaged, not_a_backup
from services.backups.content import Content, Manifest, content_of
from services.backups.targets import new_database, set_aside


class Restored(NamedTuple):
    """What was read from a backup, and restored unless it was only checked.

    Attributes:
        created_at: When the backup was made, ISO 8601 in UTC. release: of the product, that made it.
        missing: Stored files that were missing already when it was made.
        has_secrets: Whether its secrets came with it; else people sign in anew and set their second factors up again.
    """

    file: str
    rows: int
    files: int
    missing: int
    created_at: str
    release: str
    installation: str
    has_secrets: bool


def check_backup(actor: Actor, file: Path, *, passphrase: bytes | None = None) -> Restored:
    """Read a whole backup and compare all its checksums, without touching any data.

    Raises:
        NotPermitted: The actor may not operate the installation.
        Conflict, InvalidInput: As ``content_of`` and ``Content``.
    """
    actor.require(Permission.SYSTEM_OPERATE)
    with content_of(file, passphrase) as content:
        manifest = content.manifest()
        content.settings()
        has_secrets = bool(content.secrets())
        content.anchors()
        for table in manifest.tables:
            for _batch in content.batches(table):
                pass
        content.stored_files(lambda _sha256, _size_bytes, _stream: None)
        return _outcome(file, content, manifest, has_secrets=has_secrets)


def restore_backup(actor: Actor, file: Path, *, passphrase: bytes | None = None, replace: str = "") -> Restored:
    """Restore a backup into the database of the settings, and its stored files beside it.

    What is there afterwards is equal to the backup: rows are read back and compared with its checksums. If the restore
    does not come to its end, the database is as it was before.

    Args:
        actor: On whose behalf.
        file: The backup.
        passphrase: Of an encrypted one.
        replace: Name of the installation, to replace data that are there; they are kept in the folder of backups.

    Raises:
        NotPermitted: The actor may not operate the installation.
        Conflict: ``backups.newer_release``, or as ``new_database``.
        InvalidInput: ``backups.not_restorable``, or as ``content_of``.
        Unavailable: ``database.full``, ``database.unreachable``.
    """
    actor.require(Permission.SYSTEM_OPERATE)
    with content_of(file, passphrase) as content:
        manifest = content.manifest()
        content.settings()
        secrets, anchors = content.secrets(), content.anchors()
        with _errors_in_words(file), new_database(manifest.revision, replace) as connection:
            load_tables(connection, content, manifest, file)
            content.stored_files(_store_content)
            outcome = _outcome(file, content, manifest, has_secrets=bool(secrets))
            versions.upgrade(connection)
    _keep_secret(secrets)
    _keep_anchors(anchors)
    connect(settings().url)
    with unit_of_work(actor) as session:
        facts = {"rows": outcome.rows, "files": outcome.files, "created_at": outcome.created_at}
        name = os.fsencode(file.name).decode(errors="replace")
        record(session, "backup.restored", "backups", [EventDraft(name[:250], data=facts)])
    return outcome


def load_tables(connection: Connection, content: Content, manifest: Manifest, file: Path) -> None:
    """Load all tables and compare what the database answers with the checksums.

    Raises:
        InvalidInput: ``backups.damaged``; ``backups.not_a_backup``, if the tables are not those of its revision.
        BrokenReference, sqlalchemy.exc.DBAPIError: As ``core.transfer.loading``.
    """
    with without_guards(connection):
        if {table.name: {column.name for column in table.columns} for table in manifest.tables} != _columns(connection):
            raise not_a_backup(file)
        for table in manifest.tables:
            connection.exec_driver_sql(f'DELETE FROM "{table.name}"')  # noqa: S608  (what migrations put there)
            load_rows(connection, table, content.batches(table))
            stored = table_facts(connection, table)
            if content.found[table.name] != {"rows": stored.rows, "sha256": stored.checksum}:
                raise damaged(file)
    advance_counters(connection, manifest.tables)


def _outcome(file: Path, content: Content, manifest: Manifest, *, has_secrets: bool) -> Restored:
    totals = content.compare_totals()
    return Restored(
        str(file),
        content.rows,
        content.files,
        totals["missing"],
        manifest.created_at,
        manifest.release,
        manifest.installation,
        has_secrets,
    )


def _columns(connection: Connection) -> dict[str, set[str]]:
    found = inspect(connection)
    tables = sorted(set(found.get_table_names()) - {"alembic_version"})
    return {table: {column["name"] for column in found.get_columns(table)} for table in tables}


def _store_content(_sha256: str, size_bytes: int, stream: BinaryIO) -> None:
    write_content(stream, size_bytes)


def _keep_secret(secrets: dict[str, Any]) -> None:
    """Make the secret of a backup that of this installation, unless the settings state one."""
    if secrets and not settings().secret:
        _replace_private(settings().data_dir / "secret", str(secrets["secret"]).encode())
        signing_secret.cache_clear()


def _keep_anchors(anchors: bytes) -> None:
    """Make the anchors of a backup those of the database, if the secret of this installation has signed them."""
    _replace_private(anchors_path(), anchors if are_own(anchors) else b"")


def _replace_private(path: Path, content: bytes) -> None:
    """Write a file that only this account may read; what it was until now is kept in the folder of backups."""
    if path.exists() and path.read_bytes() == content:
        return
    set_aside(path)
    if not content:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".restoring")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    partial.replace(path)


@contextmanager
def _errors_in_words(file: Path) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, BrokenReference, OSError, OverflowError) as error:
        expected = expected_error(error)
        if isinstance(expected, Unavailable):
            raise expected from error
        raise _not_restorable(file, error) from error


def _not_restorable(file: Path, error: Exception) -> InvalidInput:
    message = N_("{file} cannot be restored: {reason}. Nothing was changed.")
    reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    return InvalidInput("backups.not_restorable", message, file=file, reason=reason)
