"""The migration that puts rows right which the check names, with rows before and after."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select, text

from core.access import WORKER
from core.database.sessions import connect, reading
from core.schema import versions
from models.imports import ImportBatch
from models.partners.partners import Affiliation
from services.imports.checks import check_running
from tests.conftest import ADMIN, driver_url
from tests.services.accounts.support import NOON
from tests.support.postgres import empty_postgres_url

BEFORE = {  # number of the import → its status, the status of its job; None: none
    1: ("running", "cancelled"),
    2: ("running", "failed"),
    3: ("running", "waiting"),
    4: ("running", "running"),
    5: ("running", None),
    6: ("applied", "done"),
    7: ("draft", "failed"),
}


def add_partners(connection: Connection, at: object) -> None:
    """Add a partner that has moved: its affiliation of before stands where it stood then."""
    partner = text(
        "INSERT INTO partners (id, code, name, upstream_id, path, tier, status, valid_from, version, created_at,"
        " updated_at) VALUES (:id, :code, :code, :above, :path, 'dealer', 'active', :day, 1, :at, :at)"
    )
    affiliation = text(
        "INSERT INTO affiliations (partner_id, upstream_id, path, valid_from, valid_to)"
        " VALUES (3, :above, :path, :first, :last)"
    )
    rows = ((1, "A", None, "000001"), (2, "B", None, "000002"), (3, "C", 2, "000002000003"))
    for number, code, above, path in rows:
        facts = {"id": number, "code": code, "above": above, "path": path, "day": "2026-02-01", "at": at}
        connection.execute(partner, facts)
    days = {"first": "2026-01-01", "last": "2026-02-01"}
    connection.execute(affiliation, days | {"above": 1, "path": "000001000003"})
    connection.execute(affiliation, {"above": 2, "path": "000002000003", "first": "2026-02-01", "last": None})


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str, data_dir: Path) -> Iterator[Engine]:
    """Give a database with imports of which some stayed "running" when their job had ended."""
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path / 'before.db'}")
    else:
        engine = connect(driver_url(empty_postgres_url(f"imports_{worker_id}")))
        versions.make_role(engine)
    with versions.alone(engine) as connection:
        versions.upgrade(connection, "0020")
    at = "2026-01-01 00:00:00" if engine.dialect.name == "sqlite" else NOON
    with engine.begin() as connection:
        for number, (status, of_job) in BEFORE.items():
            ended = at if of_job in {"cancelled", "failed", "done"} else None
            if of_job is not None:
                connection.execute(
                    text(
                        "INSERT INTO jobs (id, name, arguments, on_behalf, person, status, due_at, attempts, state,"
                        " done_count, cancel_asked, created_at, finished_at)"
                        " VALUES (:id, 'imports.apply', '{}', '{}', '', :status, :at, 0, '{}', 0, false, :at, :ended)"
                    ),
                    {"id": number, "status": of_job, "at": at, "ended": ended},
                )
            connection.execute(
                text(
                    "INSERT INTO import_batches (id, resource, person, file_name, sha256, kind, sheets, sheet,"
                    " header_row, headings, headings_key, mapping, constants, match, mode, status, row_count,"
                    " created_count, updated_count, unchanged_count, refused_count, last_row, job_id, created_at)"
                    " VALUES (:id, 'customers', 'wei@example.com', 'a.csv', '0', '', '[]', '', 0, '[]', '', '{}',"
                    " '{}', '', 'good-rows', :status, 0, 0, 0, 0, 0, 0, :job, :at)"
                ),
                {"id": number, "status": status, "job": number if of_job else None, "at": at},
            )
        add_partners(connection, at)
    versions.migrate(engine)
    engine.dispose()
    yield engine
    engine.dispose()


def test_imports_end_with_their_jobs_and_the_others_stay_as_they_are(migrated):
    with reading(WORKER) as session:
        options = {"see_all": "tests: whoever began it"}
        rows = session.scalars(select(ImportBatch).order_by(ImportBatch.id), execution_options=options).all()
        broken = list(check_running(session))

    statuses = {number: status for number, (status, _of_job) in BEFORE.items()} | {1: "cancelled", 2: "cancelled"}
    assert {row.id: row.status for row in rows} == statuses
    assert [row.id for row in rows if row.finished_at is not None] == [1, 2]
    assert broken == []


def test_an_affiliation_of_before_follows_its_partner_and_keeps_its_upstream(migrated):
    with reading(ADMIN) as session:
        rows = session.execute(select(Affiliation.upstream_id, Affiliation.path).order_by(Affiliation.valid_from)).all()

    assert [tuple(row) for row in rows] == [(1, "000002000003"), (2, "000002000003")]
