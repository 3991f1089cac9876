"""Backups of a small demo brand with files and sealed events, and databases to move from and to."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from core.access import command_line
from core.database.sessions import connect, disconnect, engine_in_use, unit_of_work
from core.events.anchors import write_daily_anchor
from core.events.seals import seal_committed_events
from core.files.contents import store_file
from core.settings import settings
from services.backups.backup import Backup, make_backup
from tests.conftest import ADMIN, HUADONG_CLERK, driver_url, prepare_database
from tests.services.orders.support import add_range, approved, submitted
from tests.support.backups import installation, opened, table_facts
from tests.support.places import Places, Use
from tests.support.postgres import empty_postgres_url
from tests.support.sealing import seal_events
from tests.support.small_demo import load_small_demo

CONTENTS = (b"", b"small", bytes(range(256)) * 9_000)


class Demo(NamedTuple):
    """An installation with demo data, and backups of it."""

    folder: Path
    plain: Path
    facts: Backup
    tables: dict[str, tuple[int, str]]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Demo:
    """Give the installation and its backup with secrets; nobody may change them."""
    folder = tmp_path_factory.mktemp("demo")
    data = folder / "data"
    data.mkdir()
    shutil.copy(sqlite_template, data / "qudao.db")
    with installation(data), pytest.MonkeyPatch.context() as patch:
        opened()
        load_small_demo(patch)
        with unit_of_work(ADMIN) as session:
            for number, content in enumerate(CONTENTS):
                store_file(session, io.BytesIO(content), f"{number}.bin")
        seal_committed_events()
        with unit_of_work(command_line()) as session:
            write_daily_anchor(session)
        tables = table_facts()
        opened()
        made = make_backup(command_line(), folder / "demo.qudao", with_secrets=True)
        seal_committed_events()
        engine_in_use().dispose()
    return Demo(data, folder / "demo.qudao", made, tables)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Give the kind of the database to restore into."""
    return str(request.param)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, str]:
    """Return the URLs of a filled database of either kind."""
    urls = {
        "sqlite": f"sqlite:///{tmp_path_factory.mktemp('move') / 'template.db'}",
        "postgresql": driver_url(empty_postgres_url(f"move_template_{worker_id}")),
    }
    for url in urls.values():
        prepare_database(url)
        connect(url)
        add_range()
        approved(HUADONG_CLERK, ("MILK", 3))
        submitted(HUADONG_CLERK, ("TEA", 24))
        seal_events()
        disconnect()
    return urls


@pytest.fixture
def places(tmp_path: Path, data_dir: Path, worker_id: str, templates: dict[str, str]) -> Iterator[Places]:
    """Give databases to move from and to."""
    yield Places(tmp_path, worker_id, templates)
    disconnect()


@pytest.fixture
def use(places: Places, monkeypatch: pytest.MonkeyPatch) -> Use:
    """Give the function that makes a URL the database of the settings."""

    def use_(url: str) -> None:
        disconnect()
        monkeypatch.setenv("QUDAO_DATABASE_URL", url)
        settings.cache_clear()

    return use_
