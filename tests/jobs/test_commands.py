"""The commands ``jobs …``: for days on which the Jobs page cannot be reached."""

import json
import shutil
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from app import app
from core.access import WORKER, command_line
from core.clock import now
from core.database.sessions import engine_in_use, reading, unit_of_work
from core.events.log import Event
from core.jobs.clock_guard import ClockMark, clock_doubt
from core.jobs.queueing import enqueue
from core.jobs.rows import Job, JobStatus
from services.installation.maintenance import open_database


@pytest.fixture(autouse=True)
def installation(data_dir, sqlite_template, monkeypatch):
    """Every command of a test works on one new SQLite database."""
    monkeypatch.delenv("QUDAO_DATABASE_URL", raising=False)
    data_dir.mkdir()
    shutil.copy(sqlite_template, data_dir / "qudao.db")
    open_database()
    yield
    engine_in_use().dispose()


def run(*words: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, ["jobs", *words, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    lines = result.stdout.strip().splitlines()
    assert len(lines) == 1, result.stdout
    return result.exit_code, json.loads(lines[0])


def job(status: JobStatus, **values: Any) -> int:
    with unit_of_work(command_line()) as session:
        row = enqueue(session, "imports.apply", batch_id=0)
        row.status = status.value
        for name, value in values.items():
            setattr(row, name, value)
        return row.id


def status_of(number: int) -> str:
    with reading(WORKER) as session:
        return session.get_one(Job, number).status


def test_jobs_are_listed_newest_first_and_by_state():
    waiting, failed = job(JobStatus.WAITING), job(JobStatus.FAILED, error="Its worker died.", attempts=5)

    assert [one["id"] for one in run("list")[1]["jobs"]] == [failed, waiting]
    code, facts = run("list", "--status", "failed")

    assert (code, len(facts["jobs"])) == (0, 1)
    assert facts["jobs"][0] | {"created_at": ""} == {
        "id": failed, "name": "imports.apply", "status": "failed", "lane": "interactive", "owner": "command line",
        "attempts": 5, "done": 0,
        "total": None, "created_at": "", "error": "Its worker died.", "reference": None,
    }  # fmt: skip


def test_a_job_is_stopped_and_let_go_on():
    number = job(JobStatus.WAITING)

    assert run("cancel", str(number))[1]["status"] == "cancelled"
    assert run("retry", str(number))[1]["status"] == status_of(number) == "waiting"

    with reading(WORKER) as session:
        assert [one.action for one in session.query(Event).order_by(Event.id)] == ["job.stopped", "job.retried"]


@pytest.mark.parametrize("words", [("cancel", "99"), ("retry", "99")])
def test_a_job_that_is_not_there_exits_2_with_a_sentence(words):
    code, facts = run(*words)

    assert (code, facts["code"]) == (2, "jobs.not_found")
    assert facts["message"]


def test_the_operator_of_the_machine_says_that_the_clock_is_right():
    with unit_of_work(WORKER) as session:
        session.add(ClockMark(id=1, seen_at=now() - timedelta(days=9), doubted_at=now()))

    assert run("confirm-clock")[1]["was_in_doubt"] is True
    assert run("confirm-clock")[1] == {"was_in_doubt": False, "seen_at": None, "doubted_at": None}

    with reading(WORKER) as session:
        assert clock_doubt(session) is None


def test_without_a_word_it_says_what_there_is():
    result = CliRunner().invoke(app, ["jobs"])

    assert all(word in result.stdout for word in ("list", "retry", "cancel", "confirm-clock"))
