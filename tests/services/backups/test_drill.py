"""The drill: a backup is restored on the side, checked and removed; what is wrong is said, nothing else is touched."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from core.clock import now
from core.database.sessions import reading, unit_of_work
from core.errors import InvalidInput, NotPermitted
from core.events.seals import seal_committed_events
from core.schema import versions
from models.orders import Order
from services.backups import schedule
from services.backups.drill import prove_backup
from services.backups.schedule import FREE_BYTES_MIN
from services.installation.checks import OF_NOW, broken_invariants
from tests.conftest import ADMIN, WEI
from tests.services.backups.scheduled import flip_byte, make_at
from tests.services.orders.support import add_range, approved, submitted


def prove(file: Path, passphrase: bytes | None = None) -> tuple[int, int]:
    return prove_backup(ADMIN, file, passphrase, lambda session: broken_invariants(session, OF_NOW))


def refusal(file: Path, passphrase: bytes | None = None) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        prove(file, passphrase)
    return refused.value


def test_a_backup_with_orders_is_proven_by_every_check_and_nothing_is_left(database, data_dir):
    add_range()
    approved()
    submitted()
    seal_committed_events()
    file = make_at(now())
    seen = []

    def checks(session):
        seen.append(session.scalar(select(func.count()).select_from(Order)))
        return broken_invariants(session, OF_NOW)

    proof = prove_backup(ADMIN, file, None, checks)

    assert proof.rows > 40
    assert seen == [2]
    assert not (data_dir / "drill").exists()


def test_a_backup_of_an_earlier_release_is_brought_to_this_one_before_it_is_checked(sqlite_database, monkeypatch):
    file = make_at(now())
    upgrade, steps = versions.upgrade, []

    def note(connection, revision="head"):
        steps.append(revision)
        upgrade(connection, revision)

    def checks(_session):
        steps.append("checks")
        return []

    monkeypatch.setattr(versions, "upgrade", note)
    prove_backup(ADMIN, file, None, checks)

    assert steps == [versions.newest_revision(), "head", "checks"]


def test_the_data_in_use_are_not_touched(database):
    add_range()
    file = make_at(now())
    submitted()

    prove(file)

    with reading(ADMIN) as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 1
    assert file.exists()


def test_data_that_were_broken_when_they_were_backed_up_are_named(database):
    add_range()
    approved()
    with unit_of_work(ADMIN) as session:
        session.execute(text("UPDATE orders SET total_cents = total_cents + 1"))
    file = make_at(now())

    refused = refusal(file)

    assert refused.code == "backups.not_proven"
    assert "1000.00 yuan of credit are used, its orders come to 1000.01 yuan" in refused.text


def test_a_damaged_backup_is_named_and_nothing_is_left(sqlite_database, data_dir):
    file = make_at(now())
    flip_byte(file)

    assert refusal(file).code == "backups.damaged"
    assert not (data_dir / "drill").exists()


def test_a_backup_that_is_gone_or_not_readable_is_named(sqlite_database, tmp_path):
    assert refusal(tmp_path / "qudao-20260101T000000Z.qudao").code == "backups.unreadable"
    assert refusal(tmp_path).code == "backups.unreadable"


def test_an_encrypted_backup_needs_its_pass_phrase(sqlite_database, tmp_path):
    file = tmp_path / "one.qudao"
    schedule.make_backup(ADMIN, file, passphrase=b"right")

    assert prove(file, b"right").rows > 0
    assert refusal(file, b"wrong").code == "backups.wrong_passphrase"
    assert refusal(file).code == "backups.passphrase_needed"


def test_without_room_the_drill_does_not_begin_and_what_a_killed_one_left_is_swept(database, data_dir, monkeypatch):
    file = make_at(now())
    (data_dir / "drill").mkdir()
    (data_dir / "drill" / "qudao.db").write_bytes(b"left by a drill that was killed")
    usage = shutil.disk_usage("/")._replace(free=FREE_BYTES_MIN + 1000)
    monkeypatch.setattr(schedule.shutil, "disk_usage", lambda _folder: usage)

    assert refusal(file).code == "backups.no_room"
    assert not (data_dir / "drill").exists()


def test_only_who_operates_the_installation_may_prove_a_backup(sqlite_database, data_dir):
    with pytest.raises(NotPermitted):
        prove_backup(WEI, data_dir / "x.qudao", None, lambda _session: [])
