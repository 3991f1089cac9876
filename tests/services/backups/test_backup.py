"""Making a backup: of one moment, complete or not there, and without what must stay secret."""

import errno
import io
import stat
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.access import command_line
from core.database.paths import segment
from core.database.sessions import connect, engine_in_use, reading, unit_of_work
from core.errors import DomainError, NotPermitted
from core.events.log import Event
from core.files.contents import content_path, store_file
from core.settings import signing_secret
from core.transfer import reading as transfer_reading
from core.transfer.shapes import table_shapes
from models.partners.partners import Affiliation, Partner
from services.backups import backup as backups
from services.backups.backup import make_backup
from services.backups.restore import check_backup, restore_backup
from tests.conftest import ADMIN, CAST
from tests.support.backups import empty_url, faults, installation, members_of, rows_in, table_facts, unpacked
from tests.support.source import ROOT


def add_partner(number: int) -> None:
    """Add a partner and its affiliation, which hold only together."""
    since, path = date(2026, 1, 1), segment(number)
    with unit_of_work(ADMIN) as session:
        session.add(Partner(id=number, code=f"N{number}", name="N", tier="master_agent", path=path, valid_from=since))
        session.flush()
        session.add(Affiliation(partner_id=number, path=path, valid_from=since))


def refused_backup(file: Path, **options: Any) -> DomainError:
    with pytest.raises(DomainError) as refused:
        make_backup(command_line(), file, **options)
    assert refused.value.text and "\n" not in refused.value.text
    return refused.value


def test_a_backup_is_of_one_moment_while_others_write(database, tmp_path, worker_id, monkeypatch):
    written, read = 1_000, backups.read_lines

    def read_while_another_writes(connection: Any, table: Any) -> Any:
        nonlocal written
        written += 1
        writer = threading.Thread(target=add_partner, args=[written])
        writer.start()
        writer.join()
        return read(connection, table)

    monkeypatch.setattr(backups, "read_lines", read_while_another_writes)
    file = tmp_path / "moment.qudao"
    made = make_backup(command_line(), file)
    monkeypatch.undo()
    with reading(ADMIN) as session:
        assert len(session.scalars(select(Partner.id)).all()) > 3 + 20
    engine_in_use().dispose()

    assert len(rows_in(members_of(file), "partners")) == 3
    with installation(tmp_path / "target", empty_url(database.dialect.name, f"moment_{worker_id}")):
        restored = restore_backup(command_line(), file)
        assert faults() == []
        assert restored.rows == made.rows
        assert table_facts()["affiliations"][0] == 3


def test_a_table_is_never_whole_in_memory(database, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer_reading, "LINE_ROWS_MAX", 1)
    monkeypatch.setattr(backups, "PART_BYTES", 1)
    ahead = most = 0
    read, add = backups.read_lines, backups.ArchiveWriter.add

    def counted(connection: Any, table: Any) -> Any:
        nonlocal ahead, most
        ahead = 0
        for line in read(connection, table):
            ahead += 1
            most = max(most, ahead)
            yield line

    def added(writer: Any, name: str, content: bytes) -> None:
        nonlocal ahead
        ahead -= name.startswith("tables/")
        add(writer, name, content)

    monkeypatch.setattr(backups, "read_lines", counted)
    monkeypatch.setattr(backups.ArchiveWriter, "add", added)

    make_backup(command_line(), tmp_path / "lazy.qudao")

    users = [name for name in members_of(tmp_path / "lazy.qudao") if name.startswith("tables/users/")]
    assert users == [f"tables/users/{number:05}.jsonl.zst" for number in range(1, len(CAST) + 1)]
    assert most == 2
    assert check_backup(command_line(), tmp_path / "lazy.qudao").rows > 0


def test_every_table_is_backed_up_by_whatever_process():
    code = "from services.backups import backup; print(*(table.name for table in backup.table_shapes()))"

    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert found.split() == [table.name for table in table_shapes()]


def test_a_backup_is_recorded_and_private(database, tmp_path):
    made = make_backup(command_line(), tmp_path / "made.qudao")

    with reading(ADMIN) as session:
        event = session.scalars(select(Event).where(Event.action == "backup.made")).one()
    assert (event.subject, event.subject_key) == ("backups", "made.qudao")
    assert event.data == {"file": "made.qudao", "bytes": made.bytes, "rows": made.rows, "files": made.files}
    assert stat.S_IMODE((tmp_path / "made.qudao").stat().st_mode) == 0o600


@pytest.mark.parametrize("actor", [actor for actor in CAST if actor is not ADMIN], ids=lambda actor: actor.role)
def test_only_who_operates_the_installation_makes_checks_and_restores(sqlite_database, tmp_path, actor):
    file = tmp_path / "backup.qudao"

    for attempt in (make_backup, check_backup, restore_backup):
        with pytest.raises(NotPermitted):
            attempt(actor, file)

    assert not file.exists()


def test_an_existing_file_is_not_overwritten(sqlite_database, tmp_path):
    file = tmp_path / "there.qudao"
    file.write_bytes(b"mine")

    assert refused_backup(file).code == "backups.exists"
    assert (file.read_bytes(), list(tmp_path.glob("*.partial"))) == (b"mine", [])


@pytest.mark.parametrize("name", ["nowhere/backup.qudao", "qudao.db/backup.qudao", "n" * 300])
def test_a_place_that_cannot_be_is_said(sqlite_database, tmp_path, name):
    before = {path.name for path in tmp_path.rglob("*")}

    assert refused_backup(tmp_path / name).code == "backups.not_writable"
    assert {path.name for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("problem", [errno.EACCES, errno.EROFS])
def test_a_folder_without_rights_is_said(sqlite_database, tmp_path, monkeypatch, problem):
    def refuse(*_: Any, **__: Any) -> int:
        raise OSError(problem, "no right")

    monkeypatch.setattr(backups.os, "open", refuse)

    assert refused_backup(tmp_path / "backup.qudao").code == "backups.not_writable"
    monkeypatch.undo()
    assert list(tmp_path.glob("backup*")) == []


@pytest.mark.parametrize("passphrase", [None, b"p"], ids=["plain", "encrypted"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_disk_that_is_full_half_way_leaves_nothing(sqlite_database, tmp_path, monkeypatch, share, passphrase):
    room = int(make_backup(command_line(), tmp_path / "first.qudao").bytes * share)
    write = backups.HashedFile.write

    def write_until_full(target: Any, data: bytes) -> int:
        if target.size_bytes + len(data) > room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(target, data)

    monkeypatch.setattr(backups.HashedFile, "write", write_until_full)

    refused = refused_backup(tmp_path / "second.qudao", passphrase=passphrase)

    monkeypatch.undo()
    assert refused.code == "backups.not_writable" and "No space left" in refused.text
    assert list(tmp_path.glob("second*")) == []
    with reading(ADMIN) as session:
        assert len(session.scalars(select(Event).where(Event.action == "backup.made")).all()) == 1


@pytest.mark.parametrize("with_secrets", [False, True])
def test_secrets_stand_in_it_only_if_wanted(sqlite_template, tmp_path, with_secrets):
    file = tmp_path / "backup.qudao"
    url = f"sqlite:///{tmp_path / 'geheim-canary.db'}"
    (tmp_path / "geheim-canary.db").write_bytes(sqlite_template.read_bytes())
    secrets = {"geocoder_key": "geocoder-canary", "admin_password": "password-canary-123"}
    with installation(tmp_path / "data", url, secret="secret-canary-" * 3, brand_name="渠道", **secrets):
        connect(url)
        make_backup(command_line(), file, with_secrets=with_secrets)
        canaries = [signing_secret(), "geheim-canary", *secrets.values()]
        restored = check_backup(command_line(), file)

    members = members_of(file)
    plain = b"".join(unpacked(one) if name.endswith(".zst") else one for name, one in members.items())
    assert [one for one in canaries if (one.encode() in plain) != with_secrets] == []
    assert ("secrets.json" in members, restored.has_secrets) == (with_secrets, with_secrets)
    assert '"brand_name": "渠道"'.encode() in members["settings.json"]


def test_a_stored_file_that_is_lost_or_rotten_is_named_and_the_rest_is_backed_up(sqlite_database, data_dir, tmp_path):
    with unit_of_work(ADMIN) as session:
        lost, rotten, whole = (store_file(session, io.BytesIO(one), "n").sha256 for one in (b"1", b"2", b"3"))
    content_path(lost).unlink()
    content_path(rotten).write_bytes(b"x")

    made = make_backup(command_line(), tmp_path / "backup.qudao")

    members = members_of(tmp_path / "backup.qudao")
    assert (made.files, made.missing) == (1, 2)
    assert [name for name in members if name.startswith("files/")] == [f"files/{whole}"]
    assert all(one.encode() in members["totals.json"] for one in (lost, rotten))
    assert check_backup(command_line(), tmp_path / "backup.qudao").missing == 2


def test_the_same_rows_are_the_same_lines_on_both_databases(demo, tmp_path, worker_id):
    with installation(tmp_path / "data", empty_url("postgresql", f"same_{worker_id}")):
        restore_backup(command_line(), demo.plain)
        make_backup(command_line(), tmp_path / "again.qudao")

    first, second = members_of(demo.plain), members_of(tmp_path / "again.qudao")
    own = ("tables/events/", "tables/event_seals/", "tables/clock/")
    names = [name for name in first if name.startswith("tables/") and not name.startswith(own)]
    assert len(names) > 15
    assert [name for name in names if first[name] != second[name]] == []
