"""Importing: what is previewed is what is applied, good rows go in, bad ones are named, nothing twice."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.database.sessions import reading, unit_of_work
from core.errors import InvalidInput, NotPermitted
from core.events.log import Event
from importers.runs.batches import import_file, kind_of, source_of
from importers.runs.runner import ImportReport, Source, apply_import, preview_import
from importers.writing.xlsx import SheetColumn, write_xlsx
from models.customers import Customer
from models.imports import ALL_OR_NOTHING, ImportBatch
from resources.customers import CUSTOMERS
from resources.partners import PARTNERS
from services.imports.batches import get_import
from tests.conftest import ADMIN, MEI, WEI


def worksheet(folder: Path, headings: list[str], *rows: list[object]) -> Source:
    path = folder / "rows.xlsx"
    with path.open("wb") as target:
        write_xlsx(target, "Sheet", [SheetColumn(heading) for heading in headings], rows)
    return Source(path=path, name="rows.xlsx", kind="xlsx")


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.refused


def stored() -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(Customer)) or 0


def apply(source: Source, actor=WEI, resource=CUSTOMERS, mode: str = "good-rows") -> ImportReport:
    return import_file(resource, source, actor, sha256="0", mode=mode)


def test_headings_in_either_language_are_understood_and_others_are_listed(database, tmp_path):
    source = worksheet(tmp_path, ["客户编码", "Customer name", "phone", "规模"], ["C1", "a", "138 0013 8000", "x"])

    report = apply(source)

    assert (counts(report), report.applied, report.ignored) == ((1, 0, 0, 0), True, ["规模"])


def test_a_row_of_totals_below_the_table_is_named_and_not_imported(database, tmp_path):
    source = worksheet(tmp_path, ["code", "name"], ["C1", "a"], ["合计：", "1 家"], [" Total", "1"])

    report = apply(source)

    assert (counts(report), stored()) == ((1, 0, 0, 2), 1)
    assert {(p.row, p.field, p.problem.code) for p in report.problems} == {
        (3, "code", "imports.total_row"),
        (4, "code", "imports.total_row"),
    }


def test_good_rows_go_in_and_every_bad_cell_is_named(database, tmp_path):
    source = worksheet(
        tmp_path,
        ["code", "name", "phone", "stage"],
        ["C1", "a", "13800138000", "won"],
        ["C2", "", "abc", "won"],
        ["C3", "c", "13800138000", "nowhere"],
        ["C1", "again", "13800138000", "won"],
    )

    report = apply(source)

    assert counts(report) == (1, 0, 0, 3)
    assert [(p.row, p.field, p.problem.code) for p in report.problems] == [
        (3, "phone", "phone.invalid"),
        (3, "name", "fields.required"),
        (4, "stage", "choice.unknown"),
        (5, "code", "imports.repeated_key"),
    ] or {(p.row, p.field, p.problem.code) for p in report.problems} == {
        (3, "name", "fields.required"),
        (3, "phone", "phone.invalid"),
        (4, "stage", "choice.unknown"),
        (5, "code", "imports.repeated_key"),
    }
    assert report.refused_cells[5] == ["C1", "again", "13800138000", "won"]


def test_a_preview_counts_the_same_and_stores_nothing(database, tmp_path):
    source = worksheet(tmp_path, ["code", "name"], ["C1", "a"], ["C2", ""])

    preview = preview_import(CUSTOMERS, source, WEI)

    assert stored() == 0
    assert counts(preview) == counts(apply(source)) == (1, 0, 0, 1)
    assert (preview.applied, preview.batch) == (False, None)


def test_the_same_file_again_writes_nothing(database, tmp_path):
    source = worksheet(tmp_path, ["code", "name"], ["C1", "a"], ["C2", "b"])
    apply(source)

    report = apply(source)

    with reading(ADMIN) as session:
        about_customers = session.scalar(select(func.count()).where(Event.subject == "customers"))
    assert counts(report) == (0, 0, 2, 0)
    assert about_customers == 2


def test_all_or_nothing_stores_nothing_if_one_row_is_wrong(database, tmp_path):
    source = worksheet(tmp_path, ["code", "name", "partner"], ["C1", "a", ""], ["C2", "b", "NOPE"])

    report = apply(source, mode=ALL_OR_NOTHING)

    assert (stored(), report.applied, counts(report)) == (0, False, (0, 0, 0, 1))


def test_a_stopped_import_goes_on_behind_what_was_saved(database, tmp_path, monkeypatch):
    monkeypatch.setattr("importers.reading.xlsx.slices.ROWS_MAX", 10)
    source = worksheet(tmp_path, ["code", "name"], *([f"C{i}", "a"] for i in range(25)))

    class Killed(BaseException):
        pass

    def die(session, report, last_row):
        if last_row > 15:
            raise Killed

    with pytest.raises(Killed):
        with unit_of_work(WEI) as session:
            batch = ImportBatch(person=WEI.person, resource="customers", file_name="rows.xlsx", sha256="0")
            session.add(batch)
        apply_import(CUSTOMERS, source, WEI, batch_id=batch.id, progress=die)
    with reading(WEI) as session:
        stopped = get_import(session, batch.id)
    assert stored() == stopped.created_count == stopped.last_row - 1 < 15

    report = apply_import(CUSTOMERS, source, WEI, batch_id=batch.id, after_row=stopped.last_row)

    with reading(WEI) as session:
        ended = get_import(session, batch.id)
    assert (stored(), report.created, report.unchanged) == (25, 25, 0)
    assert (ended.created_count, ended.row_count) == (25, 25)


@pytest.mark.parametrize(
    ("headings", "mapping", "constants", "match", "code"),
    [
        (["code"], {}, {}, "", "imports.required_column_missing"),
        (["code", "name"], {"code": "nothing"}, {}, "", "imports.unknown_field"),
        (["code", "name"], {"nobody": "phone"}, {}, "", "imports.heading_not_found"),
        (["code", "name", "客户名称"], {}, {}, "", "imports.field_twice"),
        (["code", "name"], {}, {"nope": "1"}, "", "imports.unknown_field"),
        (["code", "name"], {}, {}, "nope", "imports.unknown_field"),
    ],
)
def test_a_file_whose_columns_do_not_fit_is_refused_as_a_whole(
    database, tmp_path, headings, mapping, constants, match, code
):
    source = worksheet(tmp_path, headings, ["x"] * len(headings))
    source = Source(path=source.path, name=source.name, mapping=mapping, constants=constants, match=match)

    with pytest.raises(InvalidInput) as refused:
        preview_import(CUSTOMERS, source, WEI)

    assert refused.value.code == code


def test_a_constant_is_stated_for_every_row_and_goes_before_a_column(database, tmp_path):
    plain = worksheet(tmp_path, ["code", "name", "stage"], ["C1", "a", "won"], ["C2", "b", ""])
    source = Source(path=plain.path, name=plain.name, constants={"stage": "lost"})

    apply(source)

    with reading(ADMIN) as session:
        assert set(session.scalars(select(Customer.stage))) == {"lost"}


def test_partners_of_one_file_may_stand_under_each_other_in_any_order(database, tmp_path):
    source = worksheet(
        tmp_path,
        ["code", "name", "tier", "upstream"],
        ["D1", "d", "dealer", "A1"],
        ["A1", "a", "一级代理", "M1"],
        ["M1", "m", "Master agent", ""],
    )

    assert counts(apply(source, resource=PARTNERS)) == (3, 0, 0, 0)


def test_of_two_columns_with_the_same_heading_the_first_counts_and_the_other_is_listed(database, tmp_path):
    source = worksheet(tmp_path, ["code", "name", "电话", "电话"], ["C1", "a", "13800138000", "13900139000"])

    report = apply(source)

    with reading(ADMIN) as session:
        assert session.scalar(select(Customer.phone)) == "13800138000"
    assert report.ignored == ["电话"]


def test_who_may_not_edit_imports_nothing(database, tmp_path):
    source = worksheet(tmp_path, ["code", "name"], ["C1", "a"])

    with pytest.raises(NotPermitted):
        apply(source, actor=MEI)

    assert stored() == 0


def test_a_text_file_says_what_it_is_by_its_content(database, tmp_path):
    path = tmp_path / "rows.txt"
    path.write_bytes("code,name\r\nC1,'=1+1\r\n".encode("gb18030"))
    batch = ImportBatch(
        person="x",
        resource="customers",
        file_name="rows.txt",
        sha256="0",
        mapping={},
        constants={},
        sheet="",
        header_row=0,
        match="",
    )

    apply(source_of(batch, path))

    with reading(ADMIN) as session:
        assert (kind_of(path), session.scalar(select(Customer.name))) == ("csv", "=1+1")
