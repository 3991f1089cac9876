"""Moves that are killed, stopped or given up: nothing is lost or mixed, and nobody works on half of one."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from core.access import command_line
from core.database.sessions import disconnect
from core.errors import Conflict
from core.transfer.loading import load_rows
from services.backups.move import cancel_move, move_database
from services.installation.maintenance import bring_up_to_date, open_database
from tests.conftest import HUADONG_CLERK, plain_url
from tests.services.orders.support import approved
from tests.support.places import KINDS, broken, facts_of, other, refused, tables_of
from tests.support.source import ROOT

OTHERS_END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid()"
)
POINTS = (  # numbers count what is left at the time
    "services.backups.move_places:begin_copy:1",
    "core.transfer.copying:load_rows:12",
    "core.transfer.copying:load_rows:9",
    "services.backups.move:finish_copy:1",
    "core.transfer.copying:advance_counters:1",
    "services.backups.move:_leave:1",
    "services.backups.move:end_copy:1",
)


COMMAND = (sys.executable, "-m", "tests.support.killed_move")


@pytest.mark.parametrize("kind", KINDS)
def test_a_move_that_is_killed_anywhere_goes_on_and_nobody_works_on_half_of_it(places, use, kind, tmp_path):
    old, new = places.filled(kind), places.empty(other(kind))
    use(old)
    before = facts_of(old)
    environment = os.environ | {"QUDAO_DATABASE_URL": old}

    done = subprocess.run(
        [*COMMAND, new, *POINTS], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    use(new)
    assert refused(open_database) == "database.half_moved"
    assert refused(bring_up_to_date) == "database.half_moved"
    use(old)
    assert refused(open_database) == "database.moved"
    moved = move_database(command_line(), new)
    assert (moved.tables, moved.skipped) == (before, sorted(before))
    use(new)
    open_database()
    assert broken() == []
    approved(HUADONG_CLERK, ("MILK", 2))
    use(old)
    assert refused(lambda: move_database(command_line(), new)) == "database.moved"


@pytest.fixture(params=KINDS)
def stopped(request, places, use, monkeypatch) -> tuple[str, str]:
    """Give the old and the new place of a move that stopped after some tables."""
    old, new = places.filled(request.param), places.empty(other(request.param))
    use(old)
    with monkeypatch.context() as patch:
        patch.setattr("services.backups.move.finish_copy", _no_room)
        assert refused(lambda: move_database(command_line(), new)) == "moves.stopped"
    return old, new


def _no_room(*_: Any) -> None:
    raise OSError(28, "No space left on device")


def test_a_move_that_stopped_goes_on_with_the_tables_that_are_complete(stopped, use):
    old, new = stopped
    before = facts_of(old)
    assert refused(open_database) == "database.being_moved"
    use(new)
    if new.startswith("sqlite"):
        assert tables_of(new) == []  # it appears when it is whole
    else:
        assert refused(open_database) == "database.half_moved"
    use(old)

    moved = move_database(command_line(), new)

    assert (moved.tables, moved.skipped) == (before, sorted(before))


def test_a_move_that_is_given_up_leaves_the_old_place_at_work_and_the_next_one_begins_again(stopped, use):
    old, new = stopped

    cancel_move(command_line())

    open_database()
    approved(HUADONG_CLERK, ("MILK", 2))
    assert not [name for name in tables_of(old) if "relocation" in name or "frozen" in name]
    disconnect()
    assert refused(lambda: cancel_move(command_line())) == "moves.none"
    before = facts_of(old)
    moved = move_database(command_line(), new)
    assert (moved.tables, moved.skipped) == (before, [])
    use(new)
    open_database()
    assert broken() == []


def test_a_source_that_changed_behind_the_move_is_noticed_and_nothing_is_mixed(stopped):
    old, new = stopped
    _change(old, "UPDATE partners SET name = 'changed'")

    assert refused(lambda: move_database(command_line(), new)) == "moves.table_differs"
    moved = move_database(command_line(), new)

    assert (moved.tables, moved.skipped) == (facts_of(old), [])


def test_a_copy_that_differs_stops_the_move_and_names_the_table(places, use, monkeypatch):
    old, new = places.filled("postgresql"), places.empty("sqlite")
    use(old)
    scratch = Path(str(make_url(new).database) + ".moving")
    with monkeypatch.context() as patch:
        patch.setattr("services.backups.move.finish_copy", _no_room)
        assert refused(lambda: move_database(command_line(), new)) == "moves.stopped"
    with closing(sqlite3.connect(scratch)) as connection, connection:
        connection.execute("UPDATE partners SET name = 'x'")

    with pytest.raises(Conflict, match="partners") as caught:
        move_database(command_line(), new)

    assert caught.value.code == "moves.table_differs"
    assert not Path(str(make_url(new).database)).exists()
    assert move_database(command_line(), new).tables == facts_of(old)


def _change(url: str, statement: str) -> None:
    """Change a frozen database as its administrator could."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(str(make_url(url).database))) as connection, connection:
            connection.execute("DROP TRIGGER partners_frozen_update")
            connection.execute(statement)
        return
    with closing(psycopg.connect(plain_url(url))) as connection, connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement)


@pytest.mark.parametrize("lost", ["old", "new"])
def test_a_move_that_loses_a_connection_says_so_and_goes_on(places, use, monkeypatch, lost):
    urls = {"old": places.filled("postgresql"), "new": places.empty(KINDS[lost == "new"])}
    use(urls["old"])
    loads = count(1)

    def losing(*arguments: Any) -> int:
        if next(loads) == 12:
            with closing(psycopg.connect(plain_url(urls[lost]), autocommit=True)) as connection:
                connection.execute(OTHERS_END)
        return load_rows(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("core.transfer.copying.load_rows", losing)
        assert refused(lambda: move_database(command_line(), urls["new"])) == "moves.stopped"

    assert len(move_database(command_line(), urls["new"]).skipped) == 11
