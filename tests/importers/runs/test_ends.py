"""Where imports end: with their last rows, once; the command line goes on where its process died."""

import threading
import time

import pytest
from sqlalchemy import func, select

from core.database.sessions import reading, unit_of_work
from core.errors import Conflict, InvalidInput
from core.events.log import Event
from importers.runs import _slices, runner
from importers.runs.batches import apply_batch, import_file
from importers.runs.runner import preview_import
from models.imports import ALL_OR_NOTHING, ImportBatch, ImportSlice
from models.orders import OrderLine
from resources.customers import CUSTOMERS
from resources.orders import ORDER_LINES
from resources.partners import PARTNERS
from services.imports.batches import continue_import, record_progress, start_import
from services.saving.plans import Saved
from tests.conftest import ADMIN, LING, WEI
from tests.importers.runs.test_batches import EDIT, act, bring, count, now, work
from tests.importers.runs.test_slices import sheet
from tests.services.orders.support import add_range
from tests.support.import_faults import Killed, killed_at

HEADINGS = ["number", "buyer", "ship_to_address", "sku", "quantity"]
LINES = [["", "HD", "a", "MILK", 10], ["", "HD", "b", "NOPE", 1], ["", "HD", "c", "TEA", 24], ["", "SZ", "", "TEA", 24]]


def ends(batch_id: int) -> list[str]:
    with reading(ADMIN) as session:
        found = select(Event.action).where(Event.batch_id == batch_id, Event.subject == "imports")
        return list(session.scalars(found))


def test_the_command_line_goes_on_with_a_file_whose_import_died_and_reports_all_of_it(database, tmp_path, monkeypatch):
    add_range()
    monkeypatch.setattr(_slices, "GROUPED_ROWS", 1)
    source = sheet(tmp_path, HEADINGS, LINES)
    undisturbed = preview_import(ORDER_LINES, source, WEI)
    for number in range(1, 400, 9):
        try:
            with killed_at(number):
                report = import_file(ORDER_LINES, source, WEI, sha256="1")
            break
        except Killed:
            continue

    assert (report.rows, report.created, report.refused) == (4, 3, 1)
    assert (report.problems, report.refused_cells) == (undisturbed.problems, undisturbed.refused_cells)
    assert (ends(report.batch), count(OrderLine)) == (["import.applied"], 3)


def test_two_processes_that_work_on_one_import_store_no_row_twice(database):
    with unit_of_work(WEI) as session:
        batch = ImportBatch(person=WEI.person, resource="customers", file_name="rows.csv", sha256="0")
        session.add(batch)
    with unit_of_work(WEI) as session:
        record_progress(session, batch.id, Saved(unchanged=1), [2], 0)

    with pytest.raises(Conflict) as refused, unit_of_work(WEI) as session:
        record_progress(session, batch.id, Saved(unchanged=1), [3], 0)

    assert (refused.value.code, now(batch).last_row, count(ImportSlice)) == ("imports.runs_elsewhere", 2, 1)


def test_an_import_whose_rows_are_in_and_whose_end_is_missing_ends_when_it_goes_on(database):
    batch = bring("code,name\nC1,a\nC2,b\n")
    work()
    with unit_of_work(WEI) as session:
        stored = session.get_one(ImportBatch, batch.id)
        stored.mode, stored.status = ALL_OR_NOTHING, "running"
        session.query(ImportSlice).filter_by(batch_id=batch.id).delete()
        record_progress(session, batch.id, Saved(created=2, new_rows=[2, 3]), [2, 3], 0)

    apply_batch(WEI, batch.id)
    apply_batch(WEI, batch.id)

    assert (now(batch).status, now(batch).row_count, ends(batch.id)) == ("applied", 2, ["import.applied"])
    with pytest.raises(Conflict):
        act(continue_import, batch)


def test_all_or_nothing_of_more_rows_than_others_can_wait_for_is_refused_on_sqlite(database, tmp_path, monkeypatch):
    monkeypatch.setattr("services.imports.batches.WHOLE_ROWS_MAX", 2)
    rows = [[f"C{number}", "a"] for number in range(3)]
    source = sheet(tmp_path, ["code", "name"], rows)
    if database.dialect.name == "postgresql":
        assert import_file(CUSTOMERS, source, WEI, sha256="0", mode=ALL_OR_NOTHING).created == 3
        return

    with pytest.raises(InvalidInput) as refused:
        import_file(CUSTOMERS, source, WEI, sha256="0", mode=ALL_OR_NOTHING)
    assert (refused.value.code, count(ImportSlice)) == ("imports.too_many_for_whole", 0)
    assert import_file(CUSTOMERS, source, WEI, sha256="0").created == 3

    batch = bring("code,name\nC5,a\nC6,b\nC7,c\n")
    work()
    with unit_of_work(WEI) as session:
        session.get_one(ImportBatch, batch.id).mode = ALL_OR_NOTHING
    with pytest.raises(InvalidInput) as refused, unit_of_work(WEI) as session:
        start_import(session, EDIT, batch.id)
    assert (refused.value.code, now(batch).status) == ("imports.too_many_for_whole", "draft")


def test_others_write_while_a_large_piece_is_tried(sqlite_database, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "COPY_ROWS_MIN", 1)
    source = sheet(tmp_path, ["code", "name", "tier"], [[f"M{number}", "m", "master_agent"] for number in range(50)])
    writing, may_end = threading.Event(), threading.Event()
    save = PARTNERS.save
    assert save is not None

    def held(*arguments):
        saved = save(*arguments)
        writing.set()
        assert may_end.wait(30)
        return saved

    object.__setattr__(PARTNERS, "save", held)
    other = threading.Thread(target=lambda: preview_import(PARTNERS, source, LING))
    try:
        other.start()
        assert writing.wait(30)
        began = time.monotonic()
        with unit_of_work(WEI) as session:
            session.add(ImportBatch(person=WEI.person, resource="customers", file_name="x.csv", sha256="0"))
        waited_s = time.monotonic() - began
    finally:
        may_end.set()
        other.join()
        object.__setattr__(PARTNERS, "save", save)
    with reading(ADMIN) as session:
        batches = session.scalar(select(func.count()).select_from(ImportBatch), execution_options={"see_all": "a test"})
    assert (batches, waited_s < 5) == (1, True)
