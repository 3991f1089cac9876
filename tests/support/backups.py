"""Installations to back up and to restore into, each a folder with settings and a database of its own."""

import hashlib
import io
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from sqlalchemy import Engine

from core import settings as core_settings
from core.access import command_line
from core.database.sessions import connect, disconnect, engine_in_use, reading
from core.events.seals import seal_committed_events
from core.transfer.reading import read_lines, snapshot
from core.transfer.shapes import table_shapes
from services.backups.archive import TRAILER, TRAILER_LENGTH
from services.installation.checks import broken_invariants
from tests.conftest import add_cast, driver_url
from tests.support.postgres import copied_postgres_url, empty_postgres_url

OWN_TABLES = {"events", "event_seals", "clock"}
"""What a restore writes by itself, as every command does."""


@contextmanager
def installation(folder: Path, url: str = "", **settings: str) -> Iterator[Path]:
    """Let this process be that of another installation; give its data folder. Without ``url`` it is on SQLite."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUDAO_DATA_DIR", str(folder))
        for name, value in ({"database_url": url} | settings).items():
            patch.setenv(f"QUDAO_{name.upper()}", value)
        forget_settings()
        try:
            yield folder
        finally:
            engine_in_use().dispose()
    forget_settings()


def forget_settings() -> None:
    """Let the settings be read again."""
    core_settings.settings.cache_clear()
    core_settings.signing_secret.cache_clear()


def empty_url(kind: str, name: str) -> str:
    """Return the URL of a new database of a kind; "" for the one in the data folder."""
    return "" if kind == "sqlite" else driver_url(empty_postgres_url(name))


@contextmanager
def with_cast(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Path]:
    """Let this process be that of an installation with the cast, named Huadong; give its data folder."""
    folder.mkdir()
    url = ""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "qudao.db")
    else:
        request.getfixturevalue("postgres_template")
        url = driver_url(copied_postgres_url(f"cast_{request.getfixturevalue('worker_id')}"))
    with installation(folder, url, brand_name="Huadong"):
        if url:
            opened()
            add_cast()
            disconnect()
        yield folder


def opened() -> Engine:
    """Connect to the database of the settings."""
    disconnect()
    return connect(core_settings.settings().url)


def table_facts(*, without: Iterable[str] = ()) -> dict[str, tuple[int, str]]:
    """Return the number and the checksum of the rows of each table of the database of the settings."""
    facts = {}
    with snapshot(opened()) as connection:
        for table in table_shapes():
            if table.name not in without:
                lines = list(read_lines(connection, table))
                digest = hashlib.sha256(b"".join(line for line, _count in lines)).hexdigest()
                facts[table.name] = (sum(count for _line, count in lines), digest)
    engine_in_use().dispose()
    return facts


def faults() -> list[dict[str, str]]:
    """Return what ``check`` finds in the database of the settings."""
    opened()
    seal_committed_events()
    with reading(command_line()) as session:
        found = broken_invariants(session)
    engine_in_use().dispose()
    return found


def files_of(folder: Path) -> dict[str, bytes]:
    """Return path and content of all files in a folder, without the passing ones of SQLite."""
    passing = ("-wal", "-shm", "reserve")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(passing)
    }


def members_of(file: Path) -> dict[str, bytes]:
    """Return name and content of the members of a plain backup, in their order."""
    with tarfile.open(fileobj=io.BytesIO(file.read_bytes()[:-TRAILER_LENGTH])) as archive:
        return {one.name: archive.extractfile(one).read() for one in archive.getmembers()}  # type: ignore[union-attr]


def write_backup(file: Path, members: Iterable[tuple[str, bytes]], change: Callable[[bytes], bytes] = bytes) -> Path:
    """Write a plain backup of some members by hand, with a right trailer; ``change`` spoils the archive before."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as target:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            target.addfile(member, io.BytesIO(content))
    content = change(archive.getvalue())
    file.write_bytes(content + TRAILER + hashlib.sha256(content).hexdigest().encode() + b"\n")
    return file


def rows_in(members: dict[str, bytes], table: str) -> list[Any]:
    """Return the rows of a table in a backup."""
    return [
        row
        for name, content in members.items()
        if name.startswith(f"tables/{table}/")
        for line in unpacked(content).splitlines()
        for row in orjson.loads(line)
    ]


def unpacked(content: bytes) -> bytes:
    """Return the lines of a part."""
    return zstandard.ZstdDecompressor().decompressobj().decompress(content)
