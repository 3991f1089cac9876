"""Backups that the tests of this folder share: of a small demo brand with files and sealed events."""

import io
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from core.access import command_line
from core.database.sessions import engine_in_use, unit_of_work
from core.events.anchors import write_daily_anchor
from core.events.seals import seal_committed_events
from core.files.contents import store_file
from services.backups.backup import Backup, make_backup
from tests.conftest import ADMIN
from tests.support.backups import installation, opened, table_facts
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
