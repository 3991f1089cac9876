"""The migration that cancels imports whose job has ended, with rows before and after."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, select, text

from core.access import WORKER
from core.database.sessions import connect, reading
from core.schema import versions
from models.imports import ImportBatch
from services.imports.checks import check_running
from tests.conftest import driver_url
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


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str, data_dir: Path) -> Iterator[Engine]:
    """Give a database with imports of which some stayed "running" when their job had ended."""
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path / 'before.db'}")
    else:
        engine = connect(driver_url(empty_postgres_url(f"imports_{worker_id}")))
        versions._make_role(engine)
    with versions._alone(engine) as connection:
        config = versions._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0020")
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
