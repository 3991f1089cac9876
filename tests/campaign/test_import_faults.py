"""Imports whose worker dies: before every single statement, and by a kill at many moments."""

import random

import pytest

from tests.jobs.test_import_faults import KINDS, die_at, shop, statement_count
from tests.jobs.test_imports import kill_and_go_on

__all__ = ["shop"]

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(3600)]

KILLS = 12


@pytest.mark.parametrize(("mode", "has_bad_rows"), KINDS)
def test_a_worker_that_dies_before_any_statement_leaves_an_import_that_ends_right(shop, mode, has_bad_rows):
    count = statement_count(mode, has_bad_rows=has_bad_rows)

    for number in range(1, count + 1):
        die_at(number, mode, has_bad_rows=has_bad_rows)


@pytest.mark.parametrize("seed", range(KILLS))
@pytest.mark.parametrize("mode", ["good-rows", "all-or-nothing"])
def test_an_import_killed_at_many_moments_ends_with_every_row_once(database, data_dir, tmp_path, mode, seed):
    kill_and_go_on(database, data_dir, tmp_path, mode, random.Random(seed).uniform(0, 3))
