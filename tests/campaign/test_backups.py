"""Every byte of a backup flipped, and processes killed at each stage of a backup and of a restore."""

import random

import pytest

from tests.services.backups.conftest import demo, kind
from tests.services.backups.test_bytes import flip_each, small
from tests.services.backups.test_kills import backup_killed, restore_killed
from tests.support.backup_faults import BACKUP_STAGES, RESTORE_STAGES

__all__ = ["demo", "kind", "small"]

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(3600)]

ROUNDS = 20
CALLS_MAX = {"a table": 20, "rows": 40, "checksums": 40, "files": 3, "first bytes": 2}


@pytest.mark.parametrize("name", ["plain", "encrypted"])
@pytest.mark.parametrize("bit", [1, 0x80])
def test_every_flipped_byte_is_found(small, name, bit):
    assert flip_each(small[name], range(small[name].stat().st_size), bit) == []


@pytest.mark.parametrize("round_number", range(ROUNDS))
@pytest.mark.parametrize("stage", RESTORE_STAGES)
def test_a_restore_killed_anywhere_leaves_the_data_as_they_were(demo, kind, tmp_path, request, stage, round_number):
    number = random.Random(round_number).randint(1, CALLS_MAX.get(stage, 1))

    restore_killed(demo, kind, tmp_path, request, stage, number)


@pytest.mark.parametrize("round_number", range(ROUNDS))
@pytest.mark.parametrize("stage", BACKUP_STAGES)
def test_a_backup_killed_anywhere_leaves_no_backup(demo, tmp_path, stage, round_number):
    number = 1 if stage in {"files", "end"} else random.Random(round_number).randint(1, CALLS_MAX[stage])

    backup_killed(demo, tmp_path, stage, number)
