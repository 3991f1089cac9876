"""Migrations of jobs, with rows before and after: they keep whose they are, lose the owner's rights, get a lane."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from core.access import WORKER
from core.clock import freeze
from core.database.sessions import connect, reading
from core.jobs.clock_guard import check_clock
from core.jobs.rows import Job
from core.schema import versions
from tests.conftest import driver_url
from tests.services.accounts.support import NOON
from tests.support.postgres import empty_postgres_url

RIGHTS = {"partner_path": "", "language": "en", "role": "administrator"}
PEOPLE = {
    1: RIGHTS | {"name": "wei", "person": "wei@example.com", "user_id": 3, "partner_id": None},
    2: RIGHTS | {"name": "worker", "person": "", "user_id": None, "partner_id": None},
    3: RIGHTS | {"name": "command line", "person": "command line", "user_id": None, "partner_id": None},
    4: RIGHTS | {"name": "worker", "person": "token worker", "user_id": None, "partner_id": 1},
    5: RIGHTS | {"name": "clerk", "person": "clerk@hd.example.com", "user_id": 6, "partner_id": 1},
}
STATES = {1: "running", 2: "failed", 3: "cancelled", 4: "waiting", 5: "done"}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str, data_dir: Path) -> Iterator[Engine]:
    """Give a database without tables."""
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path / 'before.db'}")
    else:
        engine = connect(driver_url(empty_postgres_url(f"jobs_{worker_id}")))
        versions.make_role(engine)
    yield engine
    engine.dispose()


def upgrade_to(engine: Engine, revision: str) -> None:
    with versions.alone(engine) as connection:
        versions.upgrade(connection, revision)


@pytest.fixture
def migrated(empty: Engine) -> Engine:
    """Give a database that had jobs before they named their owners only."""
    engine = empty
    upgrade_to(engine, "0010")
    columns = (
        "id, name, arguments, on_behalf, person, status, due_at, attempts, state, done_count, cancel_asked, created_at"
    )
    values = ":id, 'imports.apply', '{}', :facts, :person, :status, :at, 2, '{}', 5, false, :at"
    with engine.begin() as connection:
        for number, facts in PEOPLE.items():
            row = {"id": number, "facts": json.dumps(facts), "person": facts["person"], "status": STATES[number]}
            at = {"at": "2026-01-01 00:00:00" if engine.dialect.name == "sqlite" else NOON}
            connection.execute(text(f"INSERT INTO jobs ({columns}) VALUES ({values})"), row | at)
    versions.migrate(engine)
    engine.dispose()
    return engine


def test_every_job_keeps_its_owner_and_its_place(migrated):
    with reading(WORKER) as session:
        rows = {row.id: row for row in session.scalars(select(Job))}

    kept = {
        number: (row.status, row.attempts, row.done_count, row.lane, row.advanced_count) for number, row in rows.items()
    }
    assert kept == {number: (status, 2, 5, "interactive", 0) for number, status in STATES.items()}
    assert {number: row.on_behalf for number, row in rows.items()} == {
        1: {"name": "wei", "user_id": 3, "partner_id": None, "system": None},
        2: {"name": "worker", "user_id": None, "partner_id": None, "system": "worker"},
        3: {"name": "command line", "user_id": None, "partner_id": None, "system": "command line"},
        4: {"name": "worker", "user_id": None, "partner_id": 1, "system": None},
        5: PEOPLE[5],  # it is done: left as it was
    }


def test_the_clock_is_remembered_from_then_on(migrated):
    with freeze(NOON):
        assert check_clock()
    with freeze(NOON.replace(year=2030)):
        assert not check_clock()


def test_every_job_gets_the_lane_of_its_kind_and_only_heavy_files_that_of_imports(empty):
    lanes = {
        ("imports.apply", 5_001): "import",
        ("imports.check", 5_000): "interactive",
        ("housekeeping.forget", 5_001): "night",
        ("applications.carry_on", 0): "interactive",
        ("of.another.release", 9_999): "interactive",
    }
    upgrade_to(empty, "0014")
    columns = (
        "id, name, weight, arguments, on_behalf, person, status, due_at, attempts, state, done_count, cancel_asked"
    )
    values = ":id, :name, :weight, '{}', '{}', '', 'waiting', :at, 0, '{}', 0, false"
    at = "2026-01-01 00:00:00" if empty.dialect.name == "sqlite" else NOON
    with empty.begin() as connection:
        for number, (name, weight) in enumerate(lanes):
            row = {"id": number, "name": name, "weight": weight, "at": at}
            connection.execute(text(f"INSERT INTO jobs ({columns}, created_at) VALUES ({values}, :at)"), row)
    versions.migrate(empty)
    empty.dispose()

    with reading(WORKER) as session:
        found = session.execute(select(Job.name, Job.lane).order_by(Job.id)).all()

    assert [tuple(row) for row in found] == [(name, lane) for (name, _weight), lane in lanes.items()]
