"""A backup or a restore that is killed: the data are as before, and the next one succeeds."""

import signal

import pytest

from core import settings as core_settings
from core.access import command_line
from services.backups.backup import make_backup
from services.backups.restore import check_backup, restore_backup
from tests.conftest import prepare_database
from tests.support.backup_faults import killed
from tests.support.backups import empty_url, faults, installation, opened, table_facts

BY_RESTORES = {"events", "event_seals", "clock"}


def restore_killed(demo, kind, folder, worker_id, stage, number):
    """Kill a restore over data, show that they are there, and restore again."""
    with installation(folder / "data", empty_url(kind, f"kill_{worker_id}"), brand_name="Huadong") as data:
        data.mkdir()
        prepare_database(core_settings.settings().url)
        before = table_facts(without=BY_RESTORES)

        assert killed("restore", stage, number, demo.plain, "Huadong") == -signal.SIGKILL

        assert table_facts(without=BY_RESTORES) == before
        assert faults() == []
        restored = restore_backup(command_line(), demo.plain, replace="Huadong")
        assert restored.rows == demo.facts.rows
        assert faults() == []
        assert list(data.glob("*.restoring*")) == []


@pytest.mark.parametrize(("stage", "number"), [("rows", 9), ("end", 1)])
def test_a_killed_restore_leaves_the_data_as_they_were(demo, kind, tmp_path, worker_id, stage, number):
    restore_killed(demo, kind, tmp_path, worker_id, stage, number)


def backup_killed(demo, folder, stage, number):
    """Kill a backup, show that there is none, and make another."""
    file = folder / "backup.qudao"
    with installation(demo.folder):
        assert killed("backup", stage, number, file) == -signal.SIGKILL

        assert not file.exists()
        opened()
        made = make_backup(command_line(), file)

    assert check_backup(command_line(), file).rows == made.rows
    assert list(folder.glob("*.partial")) == []


def test_a_killed_backup_leaves_no_backup(demo, tmp_path):
    backup_killed(demo, tmp_path, "files", 1)
