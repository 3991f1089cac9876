"""Restoring: equal on either database, and nothing but a sentence where it cannot be."""

import pytest

from core.access import command_line
from services.backups.backup import make_backup
from services.backups.restore import restore_backup
from tests.support.backups import OWN_TABLES, empty_url, faults, files_of, installation, opened, table_facts


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
        before = {name: facts for name, facts in demo.tables.items() if name not in OWN_TABLES}
        assert table_facts(without=OWN_TABLES) == before
        assert faults() == []
        stored = {name for name in files_of(folder) if name.startswith("files/")}
        assert stored == {name for name in files_of(demo.folder) if name.startswith("files/")}
