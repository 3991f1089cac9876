"""Scheduled backups: made whole or not at all, never on a nearly full disk; old ones go, copies lie elsewhere."""

import shutil
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import freeze, now
from core.database.sessions import unit_of_work
from core.errors import Conflict, InvalidInput, NotPermitted
from core.jobs.clock_guard import trust_clock
from core.settings import settings
from services.backups import schedule
from services.backups.retention import file_name
from services.backups.schedule import (
    FREE_BYTES_MIN,
    backups_folder,
    copy_backup,
    make_scheduled_backup,
    remove_old_backups,
    scheduled_files,
)
from tests.conftest import ADMIN, WEI
from tests.services.backups.scheduled import files_below, flip_byte, make_at

DAY = timedelta(days=1)


@pytest.fixture
def second_place(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder that the settings name as the second place."""
    place = tmp_path / "second"
    place.mkdir()
    monkeypatch.setenv("QUDAO_BACKUP_COPY", str(place))
    settings.cache_clear()
    return place


def fill_disk(monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
    usage = shutil.disk_usage("/")._replace(free=free_bytes)
    monkeypatch.setattr(schedule.shutil, "disk_usage", lambda _folder: usage)


def test_a_backup_is_made_for_our_account_alone_under_the_name_of_its_instant(database, data_dir):
    at = now()
    file = make_at(at)

    assert file == data_dir / "backups" / file_name(at)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]
    assert [(one.path, one.size_bytes) for one in scheduled_files(backups_folder())] == [(file, file.stat().st_size)]


def test_only_who_operates_the_installation_makes_copies_or_removes_backups(sqlite_database):
    for refused in (
        lambda: make_scheduled_backup(WEI),
        lambda: copy_backup(WEI, "x"),
        lambda: remove_old_backups(WEI, backups_folder(), "x"),
    ):
        with pytest.raises(NotPermitted):
            refused()
    assert not backups_folder().exists()


def test_half_a_file_and_a_file_without_its_end_are_no_backup_and_what_was_killed_is_swept(sqlite_database):
    first = make_at(now() - 2 * DAY)
    cut = first.with_name(file_name(now() - DAY))
    cut.write_bytes(first.read_bytes()[:-1000])
    partial = first.with_name(file_name(now()) + ".partial")
    own = first.with_name("mine.qudao.partial")
    for path in (partial, own):
        path.write_bytes(b"half")

    assert [one.path for one in scheduled_files(backups_folder())] == [first]
    make_at(now())
    assert (partial.exists(), own.exists(), cut.exists()) == (False, True, True)


def test_a_backup_dated_by_a_clock_that_was_ahead_is_not_the_last_one(sqlite_database):
    file = make_at(now())
    shutil.copy(file, file.with_name(file_name(now() + 400 * DAY)))

    assert [one.path for one in scheduled_files(backups_folder())] == [file]


def test_on_a_nearly_full_disk_no_backup_is_begun_and_the_ones_there_stay(database, monkeypatch):
    make_at(now() - DAY)
    before = files_below(backups_folder())
    fill_disk(monkeypatch, FREE_BYTES_MIN + 1000)

    with pytest.raises(InvalidInput) as refused:
        make_scheduled_backup(ADMIN)

    assert refused.value.code == "backups.no_room"
    assert files_below(backups_folder()) == before


def test_the_first_backup_needs_room_for_the_whole_database(database, monkeypatch):
    fill_disk(monkeypatch, FREE_BYTES_MIN + 100_000)

    with pytest.raises(InvalidInput, match=r"backups\.no_room"):
        make_scheduled_backup(ADMIN)

    assert list(backups_folder().iterdir()) == []


def test_a_folder_that_cannot_be_used_is_named(sqlite_database, data_dir):
    data_dir.mkdir()
    (data_dir / "backups").write_bytes(b"a file")

    with pytest.raises(InvalidInput) as refused:
        make_scheduled_backup(ADMIN)

    assert refused.value.code == "backups.folder_unusable"
    assert str(data_dir / "backups") in refused.value.text


def test_a_backup_that_the_disk_returns_otherwise_is_removed_again(sqlite_database, monkeypatch):
    kept = make_at(now() - DAY)
    make = schedule.make_backup

    def make_damaged(actor, file, **options):
        made = make(actor, file, **options)
        flip_byte(file)
        return made

    monkeypatch.setattr(schedule, "make_backup", make_damaged)
    with pytest.raises(InvalidInput, match=r"backups\.damaged"):
        make_scheduled_backup(ADMIN)

    assert list(backups_folder().iterdir()) == [kept]


def test_the_pass_phrase_of_the_settings_encrypts(sqlite_database, tmp_path, monkeypatch):
    (tmp_path / "phrase").write_text("correct horse\n")
    monkeypatch.setenv("QUDAO_BACKUP_PASSPHRASE_FILE", str(tmp_path / "phrase"))
    settings.cache_clear()

    assert make_at(now()).read_bytes().startswith(b"QUDAO ENCRYPTED BACKUP 1\n")

    (tmp_path / "phrase").unlink()
    with pytest.raises(InvalidInput, match=r"backups\.no_passphrase"):
        make_at(now() + DAY)
    assert len(list(backups_folder().iterdir())) == 1


def test_old_ones_go_when_the_newest_is_whole_and_the_clock_is_trusted(sqlite_database):
    file = make_at(now())
    old = [shutil.copy(file, file.with_name(file_name(now() - days * DAY))) for days in range(1, 60)]
    others = [file.with_name(name) for name in ("before-restore-20260101T000000Z.qudao", "mine.qudao", "a.db")]
    for path in others:
        path.write_bytes(b"not ours to remove")
    before = set(backups_folder().iterdir())

    assert remove_old_backups(ADMIN, backups_folder(), "qudao-20260101T000000Z.qudao") == []
    with freeze(now() - timedelta(days=30)), unit_of_work(ADMIN) as session:
        trust_clock(session)
    assert remove_old_backups(ADMIN, backups_folder(), file.name) == []
    assert set(backups_folder().iterdir()) == before

    with unit_of_work(ADMIN) as session:
        trust_clock(session)
    gone = remove_old_backups(ADMIN, backups_folder(), file.name)

    assert len(gone) > 40
    assert {Path(path).name for path in old[:6]} & set(gone) == set()
    assert {file, *others} <= set(backups_folder().iterdir()) == before - {file.with_name(name) for name in gone}


def test_a_copy_in_the_second_place_is_equal_and_old_copies_go(sqlite_database, second_place):
    file = make_at(now())
    for days in range(1, 60):
        shutil.copy(file, second_place / file_name(now() - days * DAY))
    (second_place / (file_name(now() - DAY) + ".partial")).write_bytes(b"half")
    (second_place / "somebody.else").write_bytes(b"stays")

    copy_backup(ADMIN, file.name)
    copy_backup(ADMIN, file.name)

    left = files_below(second_place)
    assert left[file.name] == file.read_bytes()
    assert stat.S_IMODE((second_place / file.name).stat().st_mode) == 0o600
    assert len(left) < 25
    assert left["somebody.else"] == b"stays"
    assert not [name for name in left if name.endswith(".partial")]


def test_a_second_place_that_is_missing_is_named_and_not_made(sqlite_database, second_place):
    file = make_at(now())
    before = file.read_bytes()
    second_place.rmdir()

    with pytest.raises(Conflict) as refused:
        copy_backup(ADMIN, file.name)

    assert (refused.value.code, str(second_place) in refused.value.text) == ("backups.not_copied", True)
    assert (second_place.exists(), file.read_bytes()) == (False, before)


def test_a_copy_that_is_read_back_otherwise_is_removed_and_nothing_old_goes(sqlite_database, second_place, monkeypatch):
    file = make_at(now())
    for days in range(1, 30):
        shutil.copy(file, second_place / file_name(now() - days * DAY))
    before = files_below(second_place)
    copy = schedule._copy

    def copy_badly(source, target):
        return copy(source, target) if target is not None else "another hash"

    monkeypatch.setattr(schedule, "_copy", copy_badly)
    with pytest.raises(Conflict, match=r"backups\.not_copied"):
        copy_backup(ADMIN, file.name)

    assert files_below(second_place) == before
