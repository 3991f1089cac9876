"""The last room on the disk: ordinary writing stops before it, signing in and deleting may use it."""

import shutil

import pytest
from sqlalchemy import select

from core import settings as core_settings
from core.database import disk_space
from core.database.disk_space import DiskSpace, essential_writes, require_free_space, watch_disk, write_problem
from core.database.sessions import reading, transact, unit_of_work
from core.errors import Unavailable
from core.events.log import EventDraft, record
from core.files.contents import write_content
from models.accounts.users import User
from services.accounts.administration import suspend_user
from services.accounts.links import SETUP, setup_link
from services.accounts.passwords import hash_password
from services.accounts.sessions import Browser
from services.accounts.sign_in import sign_in
from services.installation.start_up import start_serving
from tests.conftest import ADMIN, WEI


@pytest.fixture(autouse=True)
def nothing_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_space, "_watched", [])


@pytest.fixture
def full(sqlite_database, tmp_path):
    """Let every disk count as full: no disk has that much room."""
    with unit_of_work(ADMIN) as session:
        user = session.scalars(select(User).where(User.email == WEI.person)).one()
        user.password_hash = hash_password("three quiet rivers meet")
    watch_disk(DiskSpace(tmp_path, floor_bytes=2**62))
    return sqlite_database


def note(session) -> None:
    record(session, "t.happened", "t", [EventDraft("1")])


def test_ordinary_writing_is_refused_and_reading_goes_on(full, tmp_path):
    with pytest.raises(Unavailable, match="full"):
        transact(WEI, note)
    with pytest.raises(Unavailable, match="full"), (tmp_path / "qudao.db").open("rb") as source:
        write_content(source, 2**40)

    with reading(ADMIN) as session:
        assert session.scalars(select(User)).first() is not None
    assert write_problem(tmp_path).code == "database.full"


def test_people_sign_in_and_are_locked_out_with_the_last_room(full):
    entry = sign_in(WEI.person, "three quiet rivers meet", Browser("127.0.0.1", "test"))
    transact(ADMIN, lambda session: suspend_user(session, WEI.person).status)

    assert entry.token
    with reading(ADMIN) as session:
        assert session.scalars(select(User.status).where(User.email == WEI.person)).one() == "locked"


def test_the_reserve_is_made_where_there_is_room_and_given_back_when_there_is_none(tmp_path, monkeypatch):
    watch_disk(DiskSpace(tmp_path))
    require_free_space()
    assert (tmp_path / "reserve").stat().st_size == disk_space.RESERVE_BYTES

    monkeypatch.setattr(disk_space, "RELEASE_BYTES", shutil.disk_usage(tmp_path).free * 2)
    monkeypatch.setattr(disk_space, "RESERVE_BYTES", 2**60)  # no disk has that much room: it is not made again
    require_free_space()
    assert not (tmp_path / "reserve").exists()


def test_a_server_starts_on_a_full_disk_and_its_reserve_is_given_back(sqlite_database, tmp_path, monkeypatch, data_dir):
    monkeypatch.setenv("QUDAO_DATABASE_URL", sqlite_database.url.render_as_string())
    core_settings.settings.cache_clear()
    (tmp_path / "reserve").write_bytes(bytes(1000))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=0))
    monkeypatch.setattr(disk_space, "PROBE_EVERY_S", 0.0)

    start_serving()
    with essential_writes():
        link = transact(SETUP, setup_link)

    assert link is None
    assert not (tmp_path / "reserve").exists()
    with pytest.raises(Unavailable, match="full"):
        transact(WEI, note)


def test_only_what_is_marked_uses_the_last_room(tmp_path):
    watch_disk(DiskSpace(tmp_path, floor_bytes=2**62))

    with essential_writes():
        require_free_space()
    with pytest.raises(Unavailable):
        require_free_space()


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path):
    (tmp_path / "file").touch()

    assert isinstance(write_problem(tmp_path / "file"), OSError)
    assert write_problem(tmp_path / "new") is None
