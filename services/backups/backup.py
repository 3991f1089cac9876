"""Making of a backup while people work: one snapshot of the database, and the content of the files it names."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple

import zstandard
from sqlalchemy import Connection

import models  # noqa: F401  (maps every table)
from core.access import Actor
from core.clock import now
from core.database.sessions import engine_in_use, unit_of_work
from core.errors import Conflict, InvalidInput
from core.events.anchors import anchors_path
from core.events.log import EventDraft, record
from core.files.contents import content_path
from core.i18n import N_
from core.permissions import Permission
from core.process.release import release
from core.schema.relocation import relocation_of
from core.schema.versions import newest_revision
from core.settings import SECRET_NAMES, explicit_settings, settings, signing_secret
from core.transfer.reading import read_lines, snapshot
from core.transfer.shapes import TableShape, table_shapes
from services.backups.archive import (
    ANCHORS,
    MANIFEST,
    SECRETS,
    SETTINGS,
    TOTALS,
    ArchiveWriter,
    HashedFile,
    written_archive,
)

FORMAT = 1
PART_BYTES = 4 * 1024 * 1024  # of lines before compression; two parts are in memory at a time
COMPRESSION_LEVEL = 3
HASHES_MAX = 1_000  # of stored files that are in memory at a time
MISSING_MAX = 100  # missing files that are named
_HASHES = "SELECT DISTINCT sha256 FROM files ORDER BY sha256"


class Backup(NamedTuple):
    """What became of a backup.

    Attributes:
        rows: Of all tables. files: stored files, each content once.
        missing: Stored files whose content is not on the disk any more, or is not what was stored.
        sha256: Of the whole file.
    """

    file: str
    bytes: int
    rows: int
    files: int
    missing: int
    sha256: str
    release: str


@dataclass(slots=True)
class _Totals:
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: int = 0
    missing: int = 0
    missing_names: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(int(one["rows"]) for one in self.tables.values())


def make_backup(actor: Actor, file: Path, *, passphrase: bytes | None = None, with_secrets: bool = False) -> Backup:
    """Write everything the installation holds to one file. Nobody is blocked meanwhile.

    Args:
        actor: On whose behalf.
        file: Must not exist; it appears under this name when it is complete.
        passphrase: Encrypts it, if there is one.
        with_secrets: Whether the secret of signatures and the secret settings go with it.

    Raises:
        NotPermitted: The actor may not operate the installation.
        Conflict: ``backups.exists``.
        InvalidInput: ``backups.not_writable``; nothing is left then.
    """
    actor.require(Permission.SYSTEM_OPERATE)
    partial = file.with_name(file.name + ".partial")
    try:
        if file.exists():
            raise Conflict("backups.exists", N_("{file} exists already. Name another file, or remove it."), file=file)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            hashed = HashedFile(target)
            totals = _write(hashed, passphrase, with_secrets=with_secrets)
            target.flush()
            os.fsync(target.fileno())
        partial.replace(file)
    except OSError as error:
        message = N_("The backup {file} could not be written: {reason}. Nothing is left of it.")
        reason = error.strerror or error
        raise InvalidInput("backups.not_writable", message, file=file, reason=reason) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    with engine_in_use().connect() as connection:
        is_frozen = relocation_of(connection) is not None
    if not is_frozen:
        name = os.fsencode(file.name).decode(errors="replace")
        facts = {"file": name, "bytes": hashed.size_bytes, "rows": totals.rows, "files": totals.files}
        with unit_of_work(actor) as session:
            record(session, "backup.made", "backups", [EventDraft(name[:250], data=facts)])
    return Backup(str(file), hashed.size_bytes, totals.rows, totals.files, totals.missing, hashed.sha256, release())


def _write(target: HashedFile, passphrase: bytes | None, *, with_secrets: bool) -> _Totals:
    totals, tables = _Totals(), table_shapes()
    # before the snapshot, so that it has their seals
    anchors = anchors_path().read_bytes() if anchors_path().exists() else b""
    with (
        snapshot(engine_in_use()) as connection,
        written_archive(target, passphrase, int(now().timestamp())) as archive,
        ThreadPoolExecutor(max_workers=1) as pool,
    ):
        archive.add(MANIFEST, _json(_manifest(connection, tables)))
        archive.add(SETTINGS, _json(_settings(secret=False)))
        if with_secrets:
            archive.add(SECRETS, _json({**_settings(secret=True), "secret": signing_secret()}))
        archive.add(ANCHORS, anchors)
        for table in tables:
            totals.tables[table.name] = _write_table(archive, pool, table, read_lines(connection, table))
        hashes = connection.exec_driver_sql(_HASHES, execution_options={"yield_per": HASHES_MAX}).scalars()
        _write_files(archive, totals, hashes)
        archive.add(TOTALS, _json(_totals_facts(totals)))
    return totals


def _write_table(
    archive: ArchiveWriter, pool: ThreadPoolExecutor, table: TableShape, lines: Iterable[tuple[bytes, int]]
) -> dict[str, Any]:
    """Write the parts of a table, while the next one is read; return its number of rows and the hash of its lines."""
    digest, compressor, rows, number = hashlib.sha256(), zstandard.ZstdCompressor(COMPRESSION_LEVEL), 0, 0
    waiting: Future[bytes] | None = None

    def pack(part: bytes) -> bytes:
        digest.update(part)
        return compressor.compress(part)

    for part, count in _parts(lines):
        packed = pool.submit(pack, part)
        if waiting is not None:
            archive.add(_part_name(table, number), waiting.result())
        waiting, number, rows = packed, number + 1, rows + count
    if waiting is not None:
        archive.add(_part_name(table, number), waiting.result())
    return {"rows": rows, "sha256": digest.hexdigest()}


def _parts(lines: Iterable[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    kept: list[bytes] = []
    size_bytes = count = 0
    for line, rows in lines:
        kept.append(line)
        size_bytes, count = size_bytes + len(line), count + rows
        if size_bytes >= PART_BYTES:
            yield b"".join(kept), count
            kept, size_bytes, count = [], 0, 0
    if kept:
        yield b"".join(kept), count


def _part_name(table: TableShape, number: int) -> str:
    return f"tables/{table.name}/{number:05}.jsonl.zst"


def _write_files(archive: ArchiveWriter, totals: _Totals, hashes: Iterable[str]) -> None:
    for sha256 in hashes:
        with suppress(FileNotFoundError), content_path(sha256).open("rb") as source:
            if hashlib.file_digest(source, "sha256").hexdigest() == sha256:
                size_bytes = source.tell()
                source.seek(0)
                archive.add_stream(f"files/{sha256}", size_bytes, source)
                totals.files += 1
                continue
        totals.missing += 1
        if totals.missing <= MISSING_MAX:
            totals.missing_names.append(sha256)


def _manifest(connection: Connection, tables: Iterable[TableShape]) -> dict[str, Any]:
    return {
        "product": "qudao",
        "format": FORMAT,
        "release": release(),
        "revision": newest_revision(),
        "database": connection.dialect.name,
        "created_at": now().astimezone(UTC).isoformat(timespec="seconds"),
        "installation": settings().brand_name,
        "tables": list(tables),
    }


def _settings(*, secret: bool) -> dict[str, Any]:
    stated = explicit_settings(os.environ)
    return {
        name: sorted(value) if isinstance(value, frozenset) else value if isinstance(value, bool | int) else str(value)
        for name, (value, _origin) in sorted(stated.items())
        if (name in SECRET_NAMES) == secret and name != "data_dir"
    }


def _totals_facts(totals: _Totals) -> dict[str, Any]:
    return {
        "tables": totals.tables,
        "rows": totals.rows,
        "files": totals.files,
        "missing": totals.missing,
        "missing_names": totals.missing_names,
    }


def _json(facts: Any) -> bytes:
    return json.dumps(facts, ensure_ascii=False, indent=1).encode() + b"\n"
