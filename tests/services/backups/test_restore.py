"""Restoring: equal on either database, and nothing but a sentence where it cannot be."""

import errno
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from sqlalchemy import create_engine, select, text

from core import settings as core_settings
from core.access import command_line
from core.database.paths import segment
from core.database.sessions import engine_in_use, file_engine, reading
from core.errors import DomainError, Unavailable
from core.events.log import Event
from core.schema import versions
from core.settings import signing_secret
from core.transfer.shapes import ColumnShape, TableShape, table_shapes
from models.partners.partners import Partner
from services.backups import restore as restoring
from services.backups.backup import make_backup
from services.backups.restore import restore_backup
from tests.conftest import ADMIN, prepare_empty_database
from tests.support.backups import (
    OWN_TABLES,
    empty_url,
    faults,
    files_of,
    forget_settings,
    installation,
    opened,
    table_facts,
    with_cast,
    write_backup,
)

BUSINESS = {table.name for table in table_shapes()} - OWN_TABLES


def refusal_of(file: Path, replace: str = "") -> DomainError:
    with pytest.raises(DomainError) as refused:
        restore_backup(command_line(), file, replace=replace)
    assert refused.value.text and "\n" not in refused.value.text
    return refused.value


def business(tables: dict[str, Any]) -> dict[str, Any]:
    return {name: facts for name, facts in tables.items() if name in BUSINESS}


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_restored_installation_is_the_one_that_was_backed_up(demo, kind, target, tmp_path, worker_id):
    file = demo.plain
    if kind == "postgresql":  # the backup of a PostgreSQL database
        with installation(tmp_path / "first", empty_url(kind, f"first_{worker_id}")):
            restore_backup(command_line(), demo.plain)
            opened()
            make_backup(command_line(), tmp_path / "second.qudao", with_secrets=True)
            file = tmp_path / "second.qudao"

    with installation(tmp_path / "target", empty_url(target, f"target_{worker_id}")) as folder:
        restored = restore_backup(command_line(), file)

        assert (restored.files, restored.missing) == (demo.facts.files, 0)
        assert business(table_facts()) == business(demo.tables)
        assert faults() == []
        stored = {name for name in files_of(folder) if name.startswith("files/")}
        assert stored == {name for name in files_of(demo.folder) if name.startswith("files/")}
        opened()
        with reading(ADMIN) as session:
            event = session.scalars(
                select(Event).where(Event.subject_key == file.name, Event.action == "backup.restored")
            ).one()
            assert (event.subject_key, event.data["rows"]) == (file.name, restored.rows)
        engine_in_use().dispose()


KINDS = {
    "BIGINT": "integer", "INTEGER": "integer", "DATETIME": "instant", "DATE": "date", "BOOLEAN": "boolean",
    "JSON": "json", "DOUBLE": "number", "BLOB": "bytes",
}  # fmt: skip
AT = "2026-11-01 08:00:00.000000"
PATH = segment(7)
OLD_ROWS: dict[str, list[dict[str, Any]]] = {
    "partners": [
        {"id": 7, "code": "ALT", "name": "老代理", "tier": "master_agent", "path": PATH, "credit_limit_cents": 5}
    ],
    "affiliations": [{"id": 70, "partner_id": 7, "path": PATH}],
    "users": [{"email": "old@example.com", "name": "Old", "role": "administrator", "status": "active"}],
    "events": [{"id": 5, "action": "partner.created", "subject": "partners", "subject_key": "ALT", "path": PATH}],
}
"""Rows of before cases of approvals; what they do not name is the plainest value of its kind."""


def old_shapes(connection: sqlite3.Connection) -> list[TableShape]:
    """Return the shapes of the tables of a SQLite file, as the release of then would have named them."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('alembic_version', 'sqlite_sequence')"
    )
    shapes = []
    for (name,) in sorted(names.fetchall()):
        columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
        kinds = [ColumnShape(one[1], KINDS.get(one[2].partition("(")[0], "text")) for one in columns]
        shapes.append(TableShape(name, tuple(kinds), tuple(one[1] for one in columns if one[5])))
    return shapes


def old_backup(folder: Path) -> Path:
    """Write a backup of migration 0017 by hand, and return it."""
    engine = file_engine(folder / "old.db")
    with engine.connect() as connection:
        versions.upgrade(connection, "0017")
    plain = {"integer": 1, "number": 1.0, "text": "", "instant": AT, "date": AT[:10], "boolean": 1, "json": "{}"}
    totals: dict[str, Any] = {}
    members: list[tuple[str, bytes]] = []
    with closing(sqlite3.connect(folder / "old.db")) as connection:
        shapes = old_shapes(connection)
        needed = {
            table.name: {one[1] for one in connection.execute(f"PRAGMA table_info({table.name})") if one[3]}
            for table in shapes
        }
    for table in shapes:
        rows = [
            [row.get(name, plain[kind] if name in needed[table.name] else None) for name, kind in table.columns]
            for row in OLD_ROWS.get(table.name, ())
        ]
        line = orjson.dumps(rows) + b"\n" if rows else b""
        totals[table.name] = {"rows": len(rows), "sha256": hashlib.sha256(line).hexdigest()}
        if rows:
            members.append((f"tables/{table.name}/00001.jsonl.zst", zstandard.ZstdCompressor().compress(line)))
    manifest = {"product": "qudao", "format": 1, "release": "0.0.9", "revision": "0017", "database": "sqlite"}
    manifest |= {"created_at": "2026-11-01T08:00:00+00:00", "installation": "旧", "tables": shapes}
    ends = {"tables": totals, "rows": len(OLD_ROWS), "files": 0, "missing": 0, "missing_names": []}
    before = [("manifest.json", json.dumps(manifest).encode()), ("settings.json", b"{}"), ("anchors.jsonl", b"")]
    return write_backup(folder / "old.qudao", [*before, *members, ("totals.json", json.dumps(ends).encode())])


def test_a_backup_of_an_older_release_is_brought_to_this_one(kind, tmp_path, worker_id):
    file = old_backup(tmp_path)

    with installation(tmp_path / "data", empty_url(kind, f"old_{worker_id}")):
        restored = restore_backup(command_line(), file)

        assert (restored.rows, restored.release, restored.installation) == (4, "0.0.9", "旧")
        engine = opened()
        assert versions.schema_state(engine) == "current"
        with reading(ADMIN) as session:
            partner = session.scalars(select(Partner)).one()
            event = session.scalars(select(Event).where(Event.action == "partner.created")).one()
        assert (partner.id, partner.name, partner.path, event.id, event.format) == (7, "老代理", PATH, 5, 1)
        assert [one for one in faults() if one["check"] not in {"affiliations", "clock"}] == []


@pytest.fixture
def full(kind, request, tmp_path) -> Iterator[Path]:
    """Give the data folder of an installation with the cast, named Huadong, that this process has not open."""
    with with_cast(kind, request, tmp_path / "data") as folder:
        signing_secret()
        yield folder


def test_data_that_are_there_are_not_replaced_without_their_name(demo, full):
    before, stored = table_facts(), files_of(full)
    stored.pop("qudao.db", None)

    for name in ("", "huadong", "渠道 Qudao"):
        assert refusal_of(demo.plain, name).code == "backups.not_empty"

    found = files_of(full)
    found.pop("qudao.db", None)
    assert (table_facts(), found) == (before, stored)


def test_data_that_are_replaced_are_kept_with_their_secret(demo, full, kind, monkeypatch):
    monkeypatch.delenv("QUDAO_SECRET")
    forget_settings()
    before, secret = table_facts(), signing_secret()

    restored = restore_backup(command_line(), demo.plain, replace="Huadong")

    assert restored.has_secrets and signing_secret() != secret
    assert business(table_facts()) == business(demo.tables)
    assert faults() == []
    kept = {path.name.rpartition("Z")[2]: path for path in (full / "backups").iterdir()}
    assert kept.keys() == {"-secret", "-qudao.db" if kind == "sqlite" else ".qudao"}
    assert kept["-secret"].read_text().strip() == secret
    if kind == "sqlite":
        with installation(full.parent / "kept", f"sqlite:///{kept['-qudao.db']}"):
            assert table_facts() == before
    else:
        with installation(full.parent / "kept"):
            restore_backup(command_line(), kept[".qudao"])
            assert business(table_facts()) == business(before)


def test_a_database_in_use_is_refused_and_left_alone(demo, full):
    other = create_engine(core_settings.settings().url)
    with other.connect() as connection:
        before = connection.execute(text("SELECT count(*) FROM users")).scalar()

        assert refusal_of(demo.plain, "Huadong").code == "backups.in_use"

        assert connection.execute(text("SELECT count(*) FROM users")).scalar() == before
    other.dispose()
    assert restore_backup(command_line(), demo.plain, replace="Huadong").rows == demo.facts.rows


def test_nobody_uses_a_sqlite_database_while_it_is_restored(demo, tmp_path, monkeypatch):
    seen: list[str] = []
    load = restoring.load_tables

    def load_while_another_comes(*words: Any) -> None:
        with closing(sqlite3.connect(tmp_path / "data" / "qudao.db", timeout=0)) as other:
            try:
                other.execute("CREATE TABLE late (id)")
            except sqlite3.OperationalError as error:
                seen.append(str(error))
        load(*words)

    monkeypatch.setattr(restoring, "load_tables", load_while_another_comes)
    with installation(tmp_path / "data") as folder:
        folder.mkdir()
        prepare_empty_database(core_settings.settings().url)

        restore_backup(command_line(), demo.plain)

    assert seen == ["database is locked"]


@pytest.mark.parametrize(
    ("kind", "place"), [("sqlite", "load_tables"), ("postgresql", "_store_content")], indirect=["kind"]
)
def test_a_full_disk_is_said_and_the_database_is_as_before(demo, full, monkeypatch, place):
    def fill(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = table_facts()
    monkeypatch.setattr(restoring, place, fill)

    with pytest.raises(Unavailable) as refused:
        restore_backup(command_line(), demo.plain, replace="Huadong")

    monkeypatch.undo()
    assert refused.value.code == "database.full"
    assert business(table_facts()) == business(before)
    assert list(full.glob("*.restoring*")) == []


def test_a_target_that_cannot_be_written_is_said(demo, tmp_path):
    (tmp_path / "file").touch()

    with installation(tmp_path / "data", f"sqlite:///{tmp_path / 'file' / 'qudao.db'}"):
        assert refusal_of(demo.plain).code == "backups.not_restorable"
    (tmp_path / "other.db").write_bytes(b"no database" * 100)
    with installation(tmp_path / "data", f"sqlite:///{tmp_path / 'other.db'}"):
        assert refusal_of(demo.plain).code == "backups.not_restorable"
    assert (tmp_path / "other.db").read_bytes() == b"no database" * 100


def test_a_postgresql_database_of_another_release_is_not_replaced(demo, request, tmp_path):
    with with_cast("postgresql", request, tmp_path / "data"):
        engine = create_engine(core_settings.settings().url)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0020'"))
        engine.dispose()

        assert refusal_of(demo.plain, "Huadong").code == "backups.other_schema"


def test_anchors_come_back_if_the_secret_has_signed_them(demo, tmp_path, monkeypatch):
    monkeypatch.delenv("QUDAO_SECRET")
    with installation(tmp_path / "with", secret="another-secret-" * 3) as folder:
        restore_backup(command_line(), demo.plain)
        assert [name for name in files_of(folder) if name.startswith("anchors/")] == []
        assert faults() == []
    with installation(tmp_path / "without") as folder:
        restore_backup(command_line(), demo.plain)
        assert len([name for name in files_of(folder) if name.startswith("anchors/")]) == 1
        assert faults() == []
