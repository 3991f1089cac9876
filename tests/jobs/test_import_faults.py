"""Imports whose worker dies at any statement: the next one finds nothing done, or all of it with its end."""

import pytest

from core.database.sessions import reading
from core.jobs.worker import run_next
from importers.runs import _slices
from services.imports.rows import counts_so_far
from tests.conftest import WEI
from tests.services.orders.support import add_range
from tests.support.import_faults import (
    LINES,
    batch_of,
    killed_at,
    line_count,
    require_whole,
    run_until_dead_and_again,
    waiting_import,
)

KINDS = [("good-rows", False), ("good-rows", True), ("all-or-nothing", False), ("all-or-nothing", True)]
NEVER = 10**9
END_STATEMENTS = 6
"""The last statements and commits of a job: the end of an import and of its job."""


@pytest.fixture
def shop(database, monkeypatch):
    """Give a database with something to order, where few rows are more than one slice."""
    monkeypatch.setattr(_slices, "GROUPED_ROWS", 2)
    add_range()
    return database


def statement_count(mode: str, *, has_bad_rows: bool) -> int:
    """Return how many statements and commits a worker needs for an import that nothing disturbs."""
    before = line_count()
    batch_id, job_id = waiting_import(0, mode, has_bad_rows=has_bad_rows)
    with killed_at(NEVER) as fault:
        run_next("nowhere:1:1")
    require_whole(batch_id, job_id, mode, has_bad_rows=has_bad_rows, lines_before=before)
    return fault.count


def die_at(number: int, mode: str, *, has_bad_rows: bool) -> None:
    """Let the worker of a new import die at its ``number``-th statement; another must bring it to its right end."""
    before = line_count()
    batch_id, job_id = waiting_import(number, mode, has_bad_rows=has_bad_rows)
    assert run_until_dead_and_again(number), number
    require_whole(batch_id, job_id, mode, has_bad_rows=has_bad_rows, lines_before=before)


@pytest.mark.parametrize(("mode", "has_bad_rows"), KINDS)
def test_a_worker_that_dies_near_the_end_of_an_import_leaves_none_that_cannot_end(shop, mode, has_bad_rows):
    count = statement_count(mode, has_bad_rows=has_bad_rows)

    for number in range(count - END_STATEMENTS, count + 1):
        die_at(number, mode, has_bad_rows=has_bad_rows)


def test_a_check_that_dies_at_any_of_its_last_statements_finds_the_same(shop):
    expected = {"rows": LINES + 2, "created": LINES, "updated": 0, "unchanged": 0, "refused": 2, "ignored": []}
    batch_id, _ = waiting_import(0, "good-rows", has_bad_rows=True, job_name="imports.check")
    with killed_at(NEVER) as fault:
        run_next("nowhere:1:1")
    assert batch_of(batch_id).checked == expected

    for number in range(fault.count - END_STATEMENTS, fault.count + 1):
        batch_id, _ = waiting_import(number, "good-rows", has_bad_rows=True, job_name="imports.check")
        assert run_until_dead_and_again(number), number
        with reading(WEI) as session:
            counts = counts_so_far(session, batch_id)
        assert (batch_of(batch_id).checked, counts.rows, line_count()) == (expected, LINES + 2, 0)
