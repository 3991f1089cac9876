"""What is kept how long: one declaration each, all of them in one list and in the guide, purged in slices."""

import re
from datetime import timedelta

from sqlalchemy import func, select

from core.clock import freeze, now
from core.database import retention
from core.database.retention import Retention, purge_slice
from core.database.sessions import reading, unit_of_work
from core.jobs.queueing import KEEP_DAYS, enqueue
from core.jobs.rows import JobStatus
from core.jobs.worker import run_next
from jobs.housekeeping import RETENTIONS
from models.accounts.sessions import AttemptCount
from services.accounts import attempts
from services.jobs.retention import job_retentions
from tests.conftest import ADMIN, WEI
from tests.support.source import ROOT

DAYS = [
    ("user_sessions", "expires_at", 30),
    ("attempt_counts", "last_at", 2),
    ("idempotency_keys", "created_at", 30),
    ("applications", "updated_at", 60),
    ("import_batches", "created_at", 30),
    ("received_contents", "created_at", 1),
    ("notifications", "read_at", 90),
    ("notifications", "created_at", 365),
    ("outbox", "delivered_at", 30),
]


def table_of(one: Retention) -> str:
    return str(one.model.__tablename__)


def count_attempts(count: int) -> None:
    with unit_of_work(WEI) as session:
        at = now()
        session.add_all(AttemptCount(subject=f"s{n}", since=at, last_at=at, next_at=at, count=1) for n in range(count))


def attempts_left() -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(AttemptCount)) or 0


def test_what_is_kept_how_long_is_what_people_were_told():
    assert [(table_of(one), one.column.key, one.days) for one in RETENTIONS] == DAYS


def test_every_retention_gives_its_reason_in_a_sentence():
    assert [one.reason for one in RETENTIONS if not re.fullmatch(r"[A-Z].{20,120}\.", one.reason)] == []


def test_the_guide_names_every_table_with_its_days():
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+) days? \|", page, re.MULTILINE))

    first = {table: str(days) for table, _column, days in reversed(DAYS)}
    assert rows == first | {"jobs": str(KEEP_DAYS)}


def test_only_rows_whose_time_is_over_go(database):
    count_attempts(2)
    with freeze(now() + timedelta(days=2) - timedelta(minutes=1)), unit_of_work(WEI) as session:
        early = purge_slice(session, attempts.RETENTION)
    with freeze(now() + timedelta(days=2, minutes=1)), unit_of_work(WEI) as session:
        late = purge_slice(session, attempts.RETENTION)

    assert (early, late, attempts_left()) == (0, 2, 0)


def test_a_purge_takes_a_slice_at_a_time_and_the_job_takes_all(database, monkeypatch):
    monkeypatch.setattr(retention, "SLICE_ROWS", 2)
    monkeypatch.setattr("jobs.housekeeping.SLICE_ROWS", 2)
    count_attempts(5)

    with freeze(now() + timedelta(days=3)):
        with unit_of_work(WEI) as session:
            first = purge_slice(session, attempts.RETENTION)
        left = attempts_left()
        with unit_of_work(ADMIN) as session:
            row = enqueue(session, "housekeeping.forget")
        monkeypatch.setattr("core.jobs.worker.is_clock_trusted", lambda *_: True)
        while run_next():
            pass

    assert (first, left, attempts_left()) == (2, 3, 0)
    with reading(ADMIN) as session:
        assert session.get(type(row), row.id).status == JobStatus.DONE


def test_deliveries_go_before_other_jobs(database):
    at = now()
    with unit_of_work(ADMIN) as session:
        for name in ("outbox.deliver", "imports.apply"):
            row = enqueue(session, name)
            row.status, row.finished_at = JobStatus.FAILED, at

    with freeze(at + timedelta(days=8)), unit_of_work(ADMIN) as session:
        assert sum(purge_slice(session, one) for one in job_retentions()) == 1
