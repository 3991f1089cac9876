"""A backup or a restore that is killed: the data are as before, and the next one succeeds."""

import signal

import pytest

from core.access import command_line
from services.backups.backup import make_backup
from services.backups.restore import check_backup, restore_backup
from tests.support.backup_faults import killed
from tests.support.backups import faults, installation, opened, table_facts, with_cast

BY_RESTORES = {"events", "event_seals", "clock"}


def restore_killed(demo, kind, folder, request, stage, number):
    """Kill a restore over data, show that they are there, and restore again."""
    with with_cast(kind, request, folder / "data") as data:
        before = table_facts(without=BY_RESTORES)

        assert killed("restore", stage, number, demo.plain, "Huadong") == -signal.SIGKILL

        assert table_facts(without=BY_RESTORES) == before
        assert faults() == []
        restored = restore_backup(command_line(), demo.plain, replace="Huadong")
        assert restored.rows == demo.facts.rows
        assert faults() == []
        assert list(data.glob("*.restoring*")) == []


@pytest.mark.parametrize(
    ("kind", "stage", "number"), [("sqlite", "rows", 9), ("postgresql", "end", 1)], indirect=["kind"]
)
def test_a_killed_restore_leaves_the_data_as_they_were(demo, kind, request, tmp_path, stage, number):
    restore_killed(demo, kind, tmp_path, request, stage, number)


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
