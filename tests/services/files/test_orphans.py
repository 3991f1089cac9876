"""Content on disk goes when no file has it any more, and never while somebody is about to claim it."""

import os
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select

from core.clock import now
from core.database.sessions import reading, unit_of_work
from core.files.contents import StoredFile, content_path, store_file, touch_content, write_content
from core.settings import settings
from services.files import orphans
from services.files.orphans import ORPHAN_LASTS, sweep_orphaned_contents
from tests.conftest import ADMIN, WEI

OLD = ORPHAN_LASTS + timedelta(hours=1)
YOUNG = ORPHAN_LASTS - timedelta(hours=1)


@pytest.fixture(autouse=True)
def one_file(database: Engine) -> str:
    """Give the content of a file of Wei's, old and claimed."""
    with unit_of_work(WEI) as session:
        sha256 = store_file(session, BytesIO(b"claimed"), "order.xlsx").sha256
    age(content_path(sha256), OLD)
    return sha256


def age(path: Path, by: timedelta) -> None:
    at = (now() - by).timestamp()
    os.utime(path, (at, at))


def content(text: bytes, by: timedelta) -> Path:
    path = content_path(write_content(BytesIO(text), 100)[0])
    age(path, by)
    return path


def sweep() -> int:
    with reading(ADMIN) as session:
        return sweep_orphaned_contents(session)


def test_only_what_nobody_has_and_nobody_stored_lately_goes(one_file: str):
    old, young = content(b"left behind", OLD), content(b"just handed in", YOUNG)
    half = settings().data_dir / "files" / "tmpabc"
    half.write_bytes(b"upload that was cut off")
    age(half, OLD)

    freed = sweep()

    assert (old.exists(), young.exists(), half.exists()) == (False, True, False)
    assert content_path(one_file).read_bytes() == b"claimed"
    assert freed == len(b"left behind") + len(b"upload that was cut off")
    assert sweep() == 0


def test_what_several_files_have_stays_until_the_last_of_them_is_gone(one_file: str):
    with unit_of_work(ADMIN) as session:
        store_file(session, BytesIO(b"claimed"), "same.xlsx")
        store_file(session, BytesIO(b"other"), "other.xlsx")
        session.execute(delete(StoredFile).where(StoredFile.name == "order.xlsx"))
    age(content_path(one_file), OLD)
    assert sweep() == 0

    with unit_of_work(ADMIN) as session:
        session.execute(delete(StoredFile).where(StoredFile.name == "same.xlsx"))

    assert sweep() == len(b"claimed")
    assert not content_path(one_file).exists()


def test_beside_a_database_without_any_file_nothing_goes(one_file: str):
    old = content(b"of another database", OLD)
    with unit_of_work(ADMIN) as session:
        session.execute(delete(StoredFile))

    assert sweep() == 0
    assert old.exists()


def stored_again(path: Path) -> None:
    write_content(BytesIO(b"left behind"), 100)


def claimed(path: Path) -> None:
    with unit_of_work(WEI) as session:
        store_file(session, BytesIO(b"left behind"), "new.xlsx")
    age(path, OLD)


@pytest.mark.parametrize("meanwhile", [stored_again, claimed, lambda path: touch_content(path.name)])
def test_what_is_wanted_again_at_the_last_moment_stays(
    meanwhile: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
):
    path = content(b"left behind", OLD)
    sweep_one = orphans._sweep

    def interrupted(session, sha256, before):
        meanwhile(path)
        session.rollback()
        return sweep_one(session, sha256, before)

    monkeypatch.setattr(orphans, "_sweep", interrupted)

    assert sweep() == 0
    assert path.read_bytes() == b"left behind"


def test_a_sweep_that_was_cut_off_is_finished_by_the_next(one_file: str):
    aside = content(b"left behind", OLD)
    aside = aside.replace(aside.with_name(aside.name + ".unclaimed"))

    assert sweep() == len(b"left behind")
    assert not aside.exists()
    with reading(ADMIN) as session:
        assert session.scalars(select(StoredFile.sha256)).all() == [one_file]
