"""Moves between databases: what was moved is equal and goes on, and only one place takes changes."""

import json
import sqlite3
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from app import app
from core.access import command_line
from core.database.sessions import disconnect, engine_in_use, reading, unit_of_work
from core.errors import Conflict, DomainError, NotPermitted
from core.events.anchors import anchors_path, write_daily_anchor
from core.schema import versions
from core.settings import settings
from models.accounts.users import User
from services.backups.backup import make_backup
from services.backups.move import cancel_move, move_database
from services.backups.restore import check_backup
from services.installation.maintenance import bring_up_to_date, diagnose, open_database
from services.installation.start_up import start_working
from tests.conftest import ADMIN, HUADONG_CLERK, LING, plain_url
from tests.services.orders.support import approved, books_are_right, stored
from tests.support.places import KINDS, broken, facts_of, other, refused, tables_of
from tests.support.sealing import seal_events


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_moved_is_equal_goes_on_and_comes_back(places, use, kind):
    old, new = places.filled(kind), places.empty(other(kind))
    use(old)
    open_database()
    with reading(ADMIN) as session:
        write_daily_anchor(session)
    disconnect()
    before, anchors = facts_of(old), anchors_path().read_bytes()

    moved = move_database(command_line(), new)

    assert (moved.tables, moved.skipped) == (before, [])
    assert facts_of(old) == before
    use(new)
    bring_up_to_date()
    assert anchors_path().read_bytes() == anchors
    assert broken() == []
    assert versions.has_application_role(engine_in_use())
    assert not [name for name in tables_of(new) if "relocation" in name or "frozen" in name]
    order = approved(HUADONG_CLERK, ("MILK", 2))
    assert stored(order.number).status == "approved"
    assert books_are_right()
    seal_events()
    disconnect()

    assert refused(lambda: move_database(command_line(), old)) == "moves.target_not_empty"
    assert facts_of(old) == before
    worked = facts_of(new)
    back = move_database(command_line(), old, replace=settings().brand_name)

    assert back.tables == worked
    use(old)
    bring_up_to_date()
    assert broken() == []
    assert stored(order.number).status == "approved"
    assert [file.read_bytes() for file in anchors_path().parent.iterdir()] == [anchors, anchors]
    kept = [*(settings().data_dir / "backups").iterdir()]
    assert [file.name.startswith("before-move-") for file in kept] == [True]


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_moves_to_another_one_of_its_kind(places, use, kind):
    old, new = places.filled(kind), places.empty(kind)
    use(old)
    before = facts_of(old)

    assert move_database(command_line(), new).tables == before

    assert refused(open_database) == "database.moved"
    use(new)
    open_database()
    assert broken() == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_old_place_is_read_but_takes_no_change_and_says_where_the_data_are(places, use, kind, tmp_path):
    old, new = places.filled(kind), places.empty("sqlite")
    use(old)
    move_database(command_line(), new)
    disconnect()
    before = facts_of(old)

    for start in (open_database, bring_up_to_date, start_working, lambda: move_database(command_line(), new)):
        assert (start, refused(start)) == (start, "database.moved")
    with pytest.raises(Conflict) as caught:
        open_database()
    assert str(tmp_path / "new.db") in caught.value.text
    assert "QUDAO_DATABASE_URL" in caught.value.text
    assert refused(lambda: cancel_move(command_line())) == "database.moved"
    assert [one["level"] for one in diagnose()["findings"] if one["name"] == "database"] == ["error"]
    disconnect()
    open_database(reads=True)
    assert broken() == []
    for statement in ("INSERT INTO alembic_version VALUES ('1')", "UPDATE users SET name = ''", "DELETE FROM orders"):
        with pytest.raises(Exception, match=r"have moved|permission denied"), engine_in_use().begin() as connection:
            connection.exec_driver_sql(statement)
    with pytest.raises(Conflict) as caught, unit_of_work(ADMIN) as session:
        session.scalars(select(User).where(User.email == LING.name)).one().name = "changed"
    assert caught.value.code == "database.frozen"
    make_backup(command_line(), tmp_path / "old.qudao")
    assert check_backup(command_line(), tmp_path / "old.qudao").rows == sum(one.rows for one in before.values())
    assert facts_of(old) == before


@pytest.mark.parametrize("kind", KINDS)
def test_each_refusal_changes_nothing(places, use, kind, tmp_path):
    old = places.filled(kind)
    filled, foreign, full = places.filled("sqlite", "filled"), tmp_path / "foreign.db", tmp_path / "text.db"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE bills (id integer)")
    full.write_text("no database at all, but a text that somebody wrote\n" * 100)
    use(old)
    before, parts, contents = facts_of(old), tables_of(old), [foreign.read_bytes(), full.read_bytes()]

    expected = {
        "mysql://user:secret@host/name": "settings.invalid",
        "": "moves.no_address",
        "nonsense": "moves.no_address",
        "sqlite://": "settings.invalid",
        "postgresql://user:secret@host:port/name": "moves.no_address",
        "postgresql://user:secret@localhost:1/name": "database.unreachable",
        f"sqlite:///{full}": "database.unreachable",
        f"sqlite:///{full}/below.db": "settings.folder_unusable",
        f"sqlite:///{foreign}": "moves.target_not_empty",
        filled: "moves.target_not_empty",
        old: "moves.same_place",
    }
    for url, code in expected.items():
        with pytest.raises(DomainError) as caught:
            move_database(command_line(), url)
        assert (url, caught.value.code) == (url, code)
        assert "secret" not in caught.value.text
        disconnect()
    with pytest.raises(NotPermitted):
        move_database(HUADONG_CLERK, filled, replace=settings().brand_name)

    assert (facts_of(old), tables_of(old)) == (before, parts)
    assert [foreign.read_bytes(), full.read_bytes()] == contents
    assert facts_of(filled)["orders"].rows == before["orders"].rows
    open_database()


def test_a_postgresql_target_with_foreign_tables_or_without_rights_is_refused(places, use):
    old, new = places.filled("sqlite"), places.empty("postgresql")
    use(old)
    url = make_url(new)
    with closing(psycopg.connect(plain_url(new), autocommit=True)) as connection:
        connection.execute("DROP ROLE IF EXISTS move_guest")
        connection.execute("CREATE ROLE move_guest LOGIN PASSWORD 'secret'")
        guest = url.set(username="move_guest", password="secret").render_as_string(hide_password=False)
        assert refused(lambda: move_database(command_line(), guest)) == "moves.no_right"
        assert refused(lambda: move_database(command_line(), new)) == "moves.in_use"
        connection.execute("DROP ROLE move_guest")
        connection.execute("CREATE TABLE bills (id integer)")
    assert refused(lambda: move_database(command_line(), new)) == "moves.target_not_empty"

    assert tables_of(new) == ["bills"]
    open_database()


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_in_use_is_not_moved(places, use, kind):
    old, new = places.filled(kind), places.empty("sqlite")
    use(old)
    server = create_engine(old)
    with server.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM users").all()

        assert refused(lambda: move_database(command_line(), new)) == "moves.in_use"
    server.dispose()

    assert tables_of(new) == []
    open_database()


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_installation_has_nothing_to_move(places, use, kind):
    old, new = places.empty(kind, "nothing"), places.empty("sqlite")
    use(old)

    assert refused(lambda: move_database(command_line(), new)) == "moves.nothing_there"

    assert (tables_of(old), tables_of(new)) == ([], [])


def test_the_command_answers_with_counts_and_checksums(places, use):
    old, new = places.filled("sqlite"), places.empty("sqlite")
    use(old)
    before = facts_of(old)

    done = CliRunner().invoke(app, ["move", "--to", new, "--json"])
    again = CliRunner().invoke(app, ["move", "--to", new, "--json"])

    assert done.exit_code == 0
    assert json.loads(done.stdout)["tables"] == {name: one._asdict() for name, one in before.items()}
    assert again.exit_code == 2
    assert json.loads(again.stdout)["code"] == "database.moved"
