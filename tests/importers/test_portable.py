"""Everything as one SQLite file: what the caller sees and no more, exactly, with keys, headings and search."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from core.access import Actor
from core.database.sessions import reading, unit_of_work
from core.errors import InvalidInput, NotPermitted
from core.events.log import Event
from core.permissions import Role
from core.queries.finding import find_page, read_query
from importers import portable
from importers.portable import export_sqlite, exportable
from models.customers import Customer
from models.orders import Order
from resources import BY_NAME, EXPORTED
from tests.conftest import ADMIN, BEIFANG, BEIFANG_PATH, HUADONG, HUADONG_PATH, SUZHOU, SUZHOU_CLERK, SUZHOU_PATH


@pytest.fixture
def business(database) -> None:
    with unit_of_work(ADMIN) as session:
        for number, (buyer, path) in enumerate(
            [(HUADONG, HUADONG_PATH), (SUZHOU, SUZHOU_PATH), (BEIFANG, BEIFANG_PATH)], 1
        ):
            session.add(
                Order(
                    number=f"SO{number}",
                    buyer_id=buyer,
                    path=path,
                    status="approved",
                    total_cents=10**15 - number,
                    tax_cents=5,
                    content_sha256="",
                    placed_by="wei@example.com",
                    created_at=datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC),
                )
            )
            session.add(Customer(code=f"C{number}", name=f"恒源粮油店{number}", path=path, partner_id=buyer))


def exported(actor: Actor, file: Path, names: tuple[str, ...] = ()) -> sqlite3.Connection:
    export_sqlite([BY_NAME[name] for name in names] or exportable(actor), file, actor)
    connection = sqlite3.connect(file)
    connection.row_factory = sqlite3.Row
    return connection


@pytest.mark.usefixtures("business")
@pytest.mark.parametrize("actor", [ADMIN, SUZHOU_CLERK], ids=["administrator", "partner"])
def test_each_table_has_the_rows_of_its_list_as_the_api_gives_them(actor, tmp_path):
    with closing(exported(actor, tmp_path / "all.sqlite")) as file, reading(actor) as session:
        for resource in EXPORTED.values():
            if not actor.can(resource.view) or resource.name == "events":  # the export itself is one
                continue
            page = find_page(session, read_query(resource, actor, [], limit=1_000))
            names = [field.name for field in resource.fields_for(actor)]
            stored = [{name: row[name] for name in names} for row in file.execute(f'SELECT * FROM "{resource.name}"')]
            listed = [{name: row[name] for name in names} for row in page.rows]
            assert sorted(stored, key=str) == sorted(listed, key=str), resource.name


@pytest.mark.usefixtures("business")
def test_amounts_are_exact_in_yuan_and_add_up_in_cents(tmp_path):
    with closing(exported(ADMIN, tmp_path / "all.sqlite")) as file:
        rows = file.execute("SELECT total, total_cents FROM orders ORDER BY number").fetchall()
        total = file.execute("SELECT sum(total_cents) FROM orders").fetchone()[0]

    assert tuple(rows[0]) == ("9999999999999.99", 10**15 - 1)
    assert total == 3 * 10**15 - 6


@pytest.mark.usefixtures("business")
def test_a_partner_has_the_own_branch_only_and_no_table_of_others(tmp_path):
    with closing(exported(SUZHOU_CLERK, tmp_path / "own.sqlite")) as file:
        tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert [row["number"] for row in file.execute("SELECT number FROM orders")] == ["SO2"]
        assert [row["code"] for row in file.execute("SELECT code FROM customers")] == ["C2"]
        assert "SO3" not in "".join(file.iterdump()) and "恒源粮油店1" not in "".join(file.iterdump())

    assert "events" not in tables and "tokens" not in tables


@pytest.mark.usefixtures("business")
def test_rows_have_keys_references_headings_in_both_languages_and_search(tmp_path):
    with closing(exported(ADMIN, tmp_path / "all.sqlite")) as file:
        key = [row["name"] for row in file.execute("PRAGMA table_info(orders)") if row["pk"]]
        leads_to = {(row["from"], row["table"], row["to"]) for row in file.execute("PRAGMA foreign_key_list(orders)")}
        heading = file.execute("SELECT * FROM _headings WHERE resource = 'orders' AND field = 'buyer'").fetchone()
        found = file.execute("SELECT name FROM customers_fts WHERE customers_fts MATCH '恒源粮'").fetchall()
        choice = file.execute(
            "SELECT label_en FROM _choices WHERE resource = 'orders' AND value = 'approved'"
        ).fetchone()

        assert file.execute("PRAGMA foreign_key_check").fetchall() == []
        assert file.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert key == ["number"] and leads_to == {("buyer", "partners", "code")}
    assert (heading["label_zh"], heading["label_en"], heading["refers_to"]) == ("订货方", "Buyer", "partners")
    assert len(found) == 3 and choice[0] == "Approved"


@pytest.mark.usefixtures("business")
def test_that_lists_left_as_a_file_is_on_record(tmp_path):
    exported(ADMIN, tmp_path / "some.sqlite", ("orders", "customers")).close()

    with reading(ADMIN) as session:
        events = session.execute(select(Event.action, Event.data).where(Event.action.like("%.exported"))).all()
    assert {(action, data["rows"], data["format"]) for action, data in events} == {
        ("orders.exported", 3, "sqlite"),
        ("customers.exported", 3, "sqlite"),
    }


@pytest.mark.usefixtures("sqlite_database")
def test_who_may_not_export_gets_no_file(tmp_path):
    with pytest.raises(NotPermitted):
        export_sqlite([BY_NAME["users"]], tmp_path / "all.sqlite", Actor("it@example.com", Role.IT, language="en"))

    assert list(tmp_path.glob("*.sqlite")) == []


@pytest.mark.usefixtures("sqlite_database")
def test_a_file_that_cannot_be_written_is_refused_in_words_and_what_was_there_stays(tmp_path, monkeypatch):
    (tmp_path / "all.sqlite").write_text("before")

    def fails(*_arguments):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(portable, "_rows", fails)
    for file in (tmp_path / "nowhere" / "all.sqlite", tmp_path / "all.sqlite"):
        with pytest.raises(InvalidInput) as refused:
            export_sqlite([BY_NAME["orders"]], file, ADMIN)
        assert refused.value.code == "files.not_writable" and str(file) in refused.value.text

    assert (tmp_path / "all.sqlite").read_text() == "before"
    assert list(tmp_path.glob(".qudao-*")) == []
    with reading(ADMIN) as session:
        assert session.scalars(select(Event).where(Event.action == "orders.exported")).all() == []
