"""Imports that wait, stop and resume: only open choices are required, nothing happens twice, nobody else's is seen."""

import io
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

import jobs  # noqa: F401  (registers every job)
from core.access import Actor
from core.database.sessions import reading, transact, unit_of_work
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.files.contents import StoredFile, write_content
from core.i18n import use_language
from core.jobs.rows import Job, JobStatus
from core.jobs.worker import run_next
from importers.runs.batches import check_batch
from importers.runs.drafts import (
    ColumnChoice,
    Upload,
    choose_columns,
    choose_sheet,
    draft_import,
    propose_columns,
    remembered_choice,
    top_rows,
)
from importers.runs.error_workbooks import write_batch_errors
from importers.runs.runner import preview_import
from models.customers import Customer
from models.imports import ALL_OR_NOTHING, ImportBatch, ImportStatus
from resources.customers import CUSTOMERS
from services.imports.batches import (
    confirm_columns,
    continue_import,
    get_import,
    problem_counts,
    problems_of,
    start_import,
    stop_import,
)
from tests.conftest import ADMIN, LING, MEI, WEI

EDIT = CUSTOMERS.edit
PLAIN = "code,name,phone\nC1,a,13800138000\nC2,b,13800138001\n"
ODD = "客户编号,公司名称,规模\nC1,a,x\nC2,b,y\n"
ODD_MAPPING = {"客户编号": "code", "公司名称": "name", "规模": ""}


def bring(content: str | bytes, *, name: str = "rows.csv", actor: Actor = WEI) -> ImportBatch:
    data = content.encode() if isinstance(content, str) else content
    sha256, size_bytes = write_content(io.BytesIO(data), 10**8)
    return draft_import(actor, CUSTOMERS, Upload(sha256, size_bytes, name))


def workbook(**sheets: list[list[object]]) -> bytes:
    made = Workbook()
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    del made["Sheet"]
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def now(batch: ImportBatch, actor: Actor = WEI) -> ImportBatch:
    with reading(actor) as session:
        return get_import(session, batch.id)


def act(function, batch: ImportBatch, actor: Actor = WEI, *args) -> ImportBatch:
    return transact(actor, lambda session: function(session, EDIT, batch.id, *args))


def choose(batch: ImportBatch, choice: ColumnChoice, actor: Actor = WEI) -> ImportBatch:
    return transact(actor, lambda session: choose_columns(session, CUSTOMERS, batch.id, choice))


def work() -> None:
    while run_next():
        pass


def imported(content: str | bytes, actor: Actor = WEI, choice: ColumnChoice | None = None) -> ImportBatch:
    """Bring a file, let it be checked, apply it."""
    batch = bring(content, actor=actor)
    if choice is not None:
        choose(batch, choice, actor)
    work()
    act(start_import, batch, actor)
    work()
    return now(batch, actor)


def count(model: type) -> int:
    with reading(ADMIN) as session:
        every = select(func.count()).select_from(model).execution_options(see_all="a test counts whatever is stored")
        return session.scalar(every) or 0


def test_headings_that_say_what_they_are_go_straight_to_the_check(database):
    batch = bring(PLAIN)

    work()

    checked = now(batch)
    assert (checked.header_row, checked.mapping) == (1, {"code": "code", "name": "name", "phone": "phone"})
    assert checked.checked == {
        "rows": 2, "created": 2, "updated": 0, "unchanged": 0, "refused": 0, "ignored": [],
    }  # fmt: skip
    assert count(Customer) == 0


def test_headings_in_other_words_are_proposed_and_wait_for_a_person(database):
    batch = bring("客户编号,公司名称,联系人电话号,规模\nC1,a,13800138000,x\nC2,b,,y\n")

    with reading(WEI) as session:
        proposals = propose_columns(session, CUSTOMERS, batch)

    assert (batch.mapping, batch.job_id) == ({}, None)
    assert [(one.heading, one.field, one.certainty, one.samples) for one in proposals] == [
        ("客户编号", "code", "sure", ("C1", "C2")),
        ("公司名称", "name", "sure", ("a", "b")),
        ("联系人电话号", "phone", "likely", ("13800138000",)),
        ("规模", "", "none", ("x", "y")),
    ]


def test_a_column_with_a_heading_used_before_is_left_out(database):
    batch = bring("客户编号,公司名称,联系人,公司名称\nC1,a,x,b\n")

    with reading(WEI) as session:
        proposals = propose_columns(session, CUSTOMERS, batch)

    assert [one.field for one in proposals] == ["code", "name", "contact", ""]
    assert [one.is_repeated for one in proposals] == [False, False, False, True]


def test_the_same_headings_again_need_no_question(database):
    choice = ColumnChoice(ODD_MAPPING, {"source": "fair"}, "name", ALL_OR_NOTHING)
    imported("code,name\nC1,a\nC2,b\n")
    imported(ODD, choice=choice)

    again = bring("公司名称,客户编号,规模\nc,C3,z\n")

    assert (again.mapping, again.constants, again.match) == (ODD_MAPPING, {"source": "fair"}, "name")
    assert again.job_id is not None


def test_a_colleague_gets_the_columns_but_not_what_was_stated_for_every_row(database):
    imported(ODD, choice=ColumnChoice(ODD_MAPPING, {"source": "fair"}))

    again = bring(ODD, actor=LING)

    assert (again.mapping, again.constants) == (ODD_MAPPING, {})


def test_what_was_chosen_and_never_imported_is_not_remembered(database):
    choose(bring(ODD), ColumnChoice(ODD_MAPPING))

    again = bring(ODD)

    with reading(WEI) as session:
        assert (again.mapping, remembered_choice(session, CUSTOMERS, again).mapping) == ({}, {})


def test_of_several_sheets_one_is_chosen_by_the_person(database):
    content = workbook(Notes=[["please fill in"]], Rows=[["code", "name"], ["C1", "a"]], Empty=[])

    batch = bring(content, name="rows.xlsx")
    taken = choose_sheet(WEI, CUSTOMERS, batch.id, "Rows", 1)

    assert [(sheet["name"], sheet["known"]) for sheet in batch.sheets] == [("Notes", 0), ("Rows", 2)]
    assert (batch.header_row, batch.mapping) == (0, {})
    assert (taken.sheet, taken.headings, taken.mapping) == ("Rows", ["code", "name"], {"code": "code", "name": "name"})


def test_headings_that_nobody_knows_are_shown_and_chosen_by_their_row(database):
    batch = bring("list of March\nx,y\nA,B\nC1,a\n")

    rows = top_rows(WEI, batch.id, "")
    taken = choose_sheet(WEI, CUSTOMERS, batch.id, "", 3)

    assert batch.header_row == 0
    assert rows == [(1, ["list of March"]), (2, ["x", "y"]), (3, ["A", "B"]), (4, ["C1", "a"])] or rows == [
        (1, ["list of March", ""]), (2, ["x", "y"]), (3, ["A", "B"]), (4, ["C1", "a"]),
    ]  # fmt: skip
    assert (taken.header_row, taken.headings, taken.sheets[0]["samples"]) == (3, ["A", "B"], [["C1", "a"]])


def test_a_sheet_that_is_not_there_is_refused(database):
    batch = bring(ODD)

    with pytest.raises(InvalidInput) as refused:
        choose_sheet(WEI, CUSTOMERS, batch.id, "nowhere", 1)

    assert refused.value.code == "imports.sheet_not_found"


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        (ColumnChoice({"客户编号": "code", "公司名称": "", "规模": ""}), "imports.required_column_missing"),
        (ColumnChoice(ODD_MAPPING, {"stage": "nowhere"}), "choice.unknown"),
        (ColumnChoice(ODD_MAPPING | {"规模": "credit_limit"}), "imports.unknown_field"),
    ],
)
def test_columns_that_do_not_make_a_customer_are_refused_and_nothing_is_checked(database, choice, code):
    batch = bring(ODD)

    with pytest.raises(InvalidInput) as refused:
        choose(batch, choice)

    assert (refused.value.code, now(batch).mapping, count(Job)) == (code, {}, 0)


def test_what_a_check_finds_of_columns_changed_meanwhile_is_dropped(database, monkeypatch):
    batch = bring(PLAIN)
    other = {"code": "code", "name": "name", "phone": ""}

    def change_first(*arguments, **options):
        act(lambda session, permission, number: confirm_columns(session, permission, number, mapping=other), batch)
        return preview_import(*arguments, **options)

    monkeypatch.setattr("importers.runs.batches.preview_import", change_first)
    check_batch(WEI, batch.id)

    assert (now(batch).checked, now(batch).mapping) == (None, other)


def test_rows_are_imported_once_however_often_the_button_is_pressed(database):
    batch = bring(PLAIN)
    work()
    act(start_import, batch)

    with pytest.raises(Conflict) as refused:
        act(start_import, batch)
    work()

    done = now(batch)
    assert refused.value.code == "imports.begun"
    assert (done.status, done.created_count, done.row_count, count(Customer)) == (ImportStatus.APPLIED, 2, 2, 2)
    with reading(WEI) as session:
        job = session.get(Job, done.job_id)
    assert (job.status, job.done_count, job.total_count) == (JobStatus.DONE, 2, 2)


def test_an_import_that_was_not_checked_does_not_begin(database):
    batch = bring(PLAIN)

    with pytest.raises(InvalidInput) as refused:
        act(start_import, batch)

    assert refused.value.code == "imports.not_checked"


def test_wrong_rows_are_kept_with_their_reasons_and_counted_by_column(database):
    batch = imported("code,name,phone,stage\nC1,a,abc,won\nC2,,abc,won\nC3,c,13800138000,won\n")

    with reading(WEI) as session:
        problems = problems_of(session, batch.id)
        worst = problem_counts(session, batch.id, limit=1)

    assert (batch.created_count, batch.refused_count, batch.status) == (1, 2, ImportStatus.APPLIED)
    assert sorted((one.row, one.field) for one in problems) == [(2, "phone"), (3, "name"), (3, "phone")]
    assert worst == [("phone", 2)]


def test_all_or_nothing_with_a_wrong_row_ends_refused_and_stores_nothing(database):
    mapping = {"code": "code", "name": "name"}
    batch = imported("code,name\nC1,a\nC2,\n", choice=ColumnChoice(mapping, mode=ALL_OR_NOTHING))

    assert (batch.status, batch.refused_count, count(Customer)) == (ImportStatus.REFUSED, 1, 0)


def test_an_import_stopped_before_its_turn_can_go_on_later(database):
    batch = bring(PLAIN)
    work()
    act(start_import, batch)

    stopped = act(stop_import, batch)
    work()
    assert (stopped.status, count(Customer)) == (ImportStatus.CANCELLED, 0)

    act(continue_import, batch)
    work()
    assert (now(batch).status, count(Customer)) == (ImportStatus.APPLIED, 2)


def test_an_import_stopped_while_it_runs_keeps_no_half_slice(database):
    batch = bring(PLAIN)
    work()
    begun = act(start_import, batch)
    with unit_of_work(WEI) as session:
        session.get(Job, begun.job_id).cancel_asked = True

    work()

    assert (now(batch).status, now(batch).row_count, count(Customer)) == (ImportStatus.CANCELLED, 0, 0)
    act(continue_import, batch)
    work()
    assert (now(batch).row_count, count(Customer)) == (2, 2)


def test_an_import_that_is_done_neither_stops_nor_goes_on(database):
    batch = imported(PLAIN)

    for function in (stop_import, continue_import):
        with pytest.raises(Conflict):
            act(function, batch)

    assert now(batch).status == ImportStatus.APPLIED


def test_an_import_whose_file_is_gone_ends_refused(database, data_dir: Path):
    batch = bring(PLAIN)
    work()
    act(start_import, batch)
    (data_dir / "files" / batch.sha256[:2] / batch.sha256).write_bytes(b"")

    work()

    assert (now(batch).status, count(Customer)) == (ImportStatus.REFUSED, 0)


def test_another_persons_import_looks_like_one_that_is_not_there(database):
    batch = bring(PLAIN)

    for actor in (LING, ADMIN):
        with pytest.raises(NotFound) as refused, reading(actor) as session:
            get_import(session, batch.id)
        assert refused.value.code == "imports.not_found"


def test_who_may_not_edit_brings_nothing_in(database):
    with pytest.raises(NotPermitted):
        bring(PLAIN, actor=MEI)

    assert (count(StoredFile), count(Job)) == (0, 0)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"%PDF-1.7 ...", "imports.not_a_workbook"), (b"", "imports.empty"), (workbook(A=[], B=[]), "imports.no_sheets")],
)
def test_a_file_that_cannot_be_taken_leaves_no_import(database, content, code):
    with pytest.raises(InvalidInput) as refused:
        bring(content, name="rows.xlsx")

    assert (refused.value.code, count(StoredFile)) == (code, 0)


def test_the_workbook_with_errors_names_reasons_in_the_words_of_the_reader(database, tmp_path: Path):
    batch = imported("code,name,stage\nC1,a,nowhere\nC2,b,won\n")

    with use_language("zh_CN"):
        write_batch_errors(WEI, batch.id, tmp_path / "errors.xlsx")

    rows = list(load_workbook(tmp_path / "errors.xlsx").active.values)
    assert len(rows) == 2
    assert rows[1][:3] == ("C1", "a", "nowhere")
    assert "线索 / 已联系 / 洽谈中 / 已成交 / 已流失" in rows[1][3]


def test_a_corrected_workbook_with_errors_is_known_when_it_comes_back(database, tmp_path: Path):
    content = workbook(Rows=[["客户编号", "公司名称", "规模"], ["C1", "a", "x"], ["C2", None, "y"]])
    batch = imported(content, choice=ColumnChoice(ODD_MAPPING))
    write_batch_errors(WEI, batch.id, tmp_path / "errors.xlsx")
    corrected = load_workbook(tmp_path / "errors.xlsx")
    corrected["Rows"]["B3"] = "b"
    corrected.save(tmp_path / "corrected.xlsx")

    again = bring((tmp_path / "corrected.xlsx").read_bytes(), name="corrected.xlsx")
    work()

    assert len(again.headings) == 4
    assert (again.mapping["客户编号"], again.mapping["公司名称"]) == ("code", "name")
    assert now(again).checked == {
        "rows": 2, "created": 1, "updated": 0, "unchanged": 1, "refused": 0, "ignored": again.headings[2:],
    }  # fmt: skip
