"""Checks of imports: what would become of every row, kept to be looked at; stopped, gone on with, forgotten."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

import jobs  # noqa: F401  (registers every job)
from core.clock import freeze
from core.clock import now as instant
from core.database.retention import purge_slice
from core.database.sessions import reading, transact, unit_of_work
from core.errors import Conflict, NotFound, NotPermitted
from core.events.log import Event
from core.files.contents import get_file
from core.jobs.queueing import ask_to_cancel
from core.jobs.rows import Job, JobStatus
from core.jobs.worker import run_next
from importers.runs.batches import check_batch
from models.customers import Customer
from models.imports import ImportBatch, ImportProblem, ImportSlice, ImportWorkbook
from services.imports.batches import RETENTION, get_import, start_check, start_import, stop_check
from services.imports.rows import RowOutcome, counts_so_far, seen_rows
from services.imports.workbooks import find_workbook, keep_workbook, start_workbook, workbook_file
from tests.conftest import ADMIN, LING, MEI, WEI
from tests.importers.runs.test_batches import EDIT, PLAIN, act, bring, count, imported, now, work

MANY = "code,name\n" + "".join(f"C{number},a\n" for number in range(25))


class Killed(BaseException):
    pass


@pytest.fixture
def small_slices(monkeypatch) -> None:
    """Let ten rows of a text be a slice, in place of ten thousand."""
    monkeypatch.setattr("importers.reading._text_files.BLOCK_ROWS", 10)


def seen(batch: ImportBatch, outcome: RowOutcome) -> list[tuple[int, dict, dict]]:
    with reading(WEI) as session:
        rows = seen_rows(session, batch.id, outcome, limit=100, offset=0)
    return [(one.row, dict(one.cells), dict(one.changes)) for one in rows]


def job_of(batch: ImportBatch) -> Job:
    with reading(WEI) as session:
        return session.get_one(Job, now(batch).job_id)


def test_a_check_tells_of_every_row_what_would_become_of_it_and_stores_none(database):
    imported("code,name,phone,stage,partner,owner\nC1,a,13800138000,lead,HD,wei@example.com\nC2,b,,won,,\n")
    before = count(Event)

    batch = bring(
        "code,name,phone,stage,partner,owner\n"
        "C1,甲,13900139000,已成交,BF,ling@example.com\n"
        "C2,b,,won,,\n"
        "\n"
        "C3,c,138 0013 8000,lead,SZ,\n"
        "C4,d,abc,lead,,\n"
    )
    work()

    assert seen(batch, RowOutcome.UPDATED) == [
        (
            2,
            {
                "code": "C1", "name": "甲", "phone": "13900139000", "stage": "已成交", "partner": "BF",
                "owner": "ling@example.com",
            },
            {
                "name": ["a", "甲"], "phone": ["13800138000", "13900139000"], "stage": ["lead", "won"],
                "partner": ["HD", "BF"], "owner": ["wei@example.com", "ling@example.com"],
            },
        )
    ]  # fmt: skip
    assert [row for row, _cells, _changes in seen(batch, RowOutcome.UNCHANGED)] == [3]
    assert [(row, cells["phone"]) for row, cells, _changes in seen(batch, RowOutcome.CREATED)] == [(5, "138 0013 8000")]
    assert [row for row, _cells, _changes in seen(batch, RowOutcome.REFUSED)] == [6]
    assert now(batch).checked == {
        "rows": 4, "created": 1, "updated": 1, "unchanged": 1, "refused": 1, "ignored": [],
    }  # fmt: skip
    assert (count(Customer), count(Event)) == (2, before)


def test_an_import_keeps_one_letter_for_each_row_and_none_of_its_cells(database):
    imported("code,name\nC1,a\nC2,b\n")

    batch = imported("code,name\nC1,x\nC2,b\n\nC3,c\nC4,\n")

    with reading(WEI) as session:
        piece = session.scalars(select(ImportSlice).where(ImportSlice.batch_id == batch.id)).one()
    assert (piece.first_row, piece.fates, piece.content) == (2, "cs-nw", None)


def test_a_check_that_is_killed_goes_on_behind_what_it_has_checked(database, small_slices):
    batch = bring(MANY)
    checked: list[int] = []

    def die(session, report, last_row):
        checked.append(last_row)
        if last_row > 15:
            raise Killed

    with pytest.raises(Killed):
        check_batch(WEI, batch.id, die)
    with reading(WEI) as session:
        stopped = counts_so_far(session, batch.id)
    again: list[int] = []
    check_batch(WEI, batch.id, lambda session, report, last_row: again.append(last_row))

    assert (stopped.rows, stopped.last_row) == (9, 10)
    assert (checked, again) == ([10, 20], [20, 26])
    assert now(batch).checked == {
        "rows": 25, "created": 25, "updated": 0, "unchanged": 0, "refused": 0, "ignored": [],
    }  # fmt: skip
    assert count(Customer) == 0


def test_a_check_tells_how_far_it_is(database, small_slices):
    batch = bring(MANY)

    work()

    job = job_of(batch)
    assert (job.status, job.done_count, job.total_count) == (JobStatus.DONE, 25, 25)
    assert job.state["since_count"] == 0


def test_a_check_that_is_stopped_checks_nothing_more_and_can_begin_again(database):
    batch = bring(PLAIN)
    act(stop_check, batch)
    work()
    assert (job_of(batch).status, now(batch).checked) == (JobStatus.CANCELLED, None)

    act(start_check, batch)
    work()

    assert now(batch).checked["created"] == 2


def test_a_check_that_is_stopped_while_it_runs_keeps_no_half_slice(database):
    batch = bring(PLAIN)
    with unit_of_work(WEI) as session:
        session.get_one(Job, batch.job_id).cancel_asked = True

    work()

    assert (job_of(batch).status, now(batch).checked, count(ImportSlice)) == (JobStatus.CANCELLED, None, 0)


def test_an_import_that_has_begun_has_no_check_to_stop(database):
    batch = imported(PLAIN)

    with pytest.raises(Conflict) as refused:
        act(stop_check, batch)

    assert refused.value.code == "imports.begun"


def test_an_abandoned_check_is_purged_and_can_be_repeated(database):
    batch, kept = bring(PLAIN), imported("code,name\nC9,a\n")
    bad = bring("code,name\nC8,\n")
    work()

    with freeze(instant() + timedelta(days=31)), unit_of_work(ADMIN) as session:
        forgotten = purge_slice(session, RETENTION)

    assert forgotten == 2
    assert (now(batch).checked, now(bad).checked, count(ImportProblem)) == (None, None, 0)
    assert now(kept).status == "applied"
    with reading(WEI) as session:
        assert session.scalars(select(ImportSlice.batch_id)).all() == [kept.id]


@pytest.fixture
def large(monkeypatch) -> None:
    """Let a workbook of more than one row be a large one."""
    monkeypatch.setattr("importers.runs.error_workbooks.OWN_ROWS_MAX", 1)
    monkeypatch.setattr("importers.runs.annotating.OWN_ROWS_MAX", 1)


def ask(batch: ImportBatch, actor=WEI) -> ImportWorkbook:
    return transact(actor, lambda session: start_workbook(session, EDIT, batch.id))


def test_the_workbook_with_errors_of_a_large_import_is_made_once_and_kept(database, large):
    batch = imported("code,name\nC1,a\nC2,\n")

    first, second = ask(batch), ask(batch)
    work()

    with reading(WEI) as session:
        file = workbook_file(session, batch.id)
        job = session.get_one(Job, first.job_id)
        jobs_count = session.scalar(select(func.count()).where(Job.name == "imports.workbook"))
    assert (first.job_id, jobs_count) == (second.job_id, 1)
    assert (job.status, job.done_count, job.total_count) == (JobStatus.DONE, 2, 2)
    assert file.name == "rows – errors.xlsx"
    assert file.path.read_bytes()[:2] == b"PK"


def test_a_workbook_whose_job_was_stopped_can_be_requested_again(database, large):
    batch = imported("code,name\nC1,a\nC2,\n")
    first = ask(batch)
    transact(WEI, lambda session: ask_to_cancel(session, first.job_id))

    second = ask(batch)
    work()

    assert second.job_id != first.job_id
    with reading(WEI) as session:
        assert workbook_file(session, batch.id) is not None


def test_a_workbook_of_what_is_checked_again_meanwhile_is_not_kept(database, large):
    batch = bring("code,name\nC1,a\nC2,\n")
    work()
    workbook = ask(batch)
    act(start_check, batch)

    with unit_of_work(WEI) as session:
        is_wanted = keep_workbook(session, batch.id, workbook.job_id, "0" * 64, 1, "errors.xlsx")
    while run_next():
        pass

    with reading(WEI) as session:
        assert (is_wanted, find_workbook(session, batch.id)) == (False, None)
        assert session.get_one(Job, workbook.job_id).status == JobStatus.CANCELLED


def test_nobody_asks_for_the_workbook_of_anothers_import(database, large):
    batch = imported("code,name\nC1,a\nC2,\n")

    with pytest.raises(NotPermitted):
        ask(batch, MEI)
    with pytest.raises(NotFound):
        ask(batch, LING)

    assert count(ImportWorkbook) == 0


def test_a_workbook_belongs_to_the_user_who_requested_it(database, large):
    batch = imported("code,name\nC1,a\nC2,\n")
    ask(batch)
    work()
    with reading(WEI) as session:
        file = workbook_file(session, batch.id)

    with pytest.raises(NotFound), reading(LING) as session:
        get_file(session, file.id)
    with pytest.raises(NotFound), reading(LING) as session:
        workbook_file(session, batch.id)


def test_applying_forgets_what_the_check_kept(database):
    batch = bring("code,name\nC1,a\nC2,\n")
    work()
    assert count(ImportProblem) == 1

    act(start_import, batch)
    work()

    with reading(WEI) as session:
        assert get_import(session, batch.id).refused_count == 1
        assert session.scalar(select(func.count()).where(ImportSlice.content.is_not(None))) == 0
    assert count(ImportProblem) == 1
