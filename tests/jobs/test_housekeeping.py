"""What nobody needs any more is forgotten once a day, by the schedule, and what is needed stays."""

import os
from datetime import timedelta
from io import BytesIO

from sqlalchemy import func, select

from core.clock import freeze, now
from core.database.sessions import reading, unit_of_work
from core.files.contents import content_path, store_file, write_content
from core.jobs.clock_guard import trust_clock
from core.jobs.queueing import enqueue
from core.jobs.rows import Job, JobStatus
from core.jobs.schedule import enqueue_recurring
from core.jobs.worker import run_next
from jobs.schedule import SCHEDULE
from models.accounts.sessions import UserSession
from models.imports import ImportBatch, ImportStatus
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, LING, WEI

DAILY = [one for one in SCHEDULE if one.name.startswith("housekeeping.")]


def trust() -> None:
    """Let the database have been used until now, as far as it remembers."""
    with unit_of_work(ADMIN) as session:
        trust_clock(session)


def sessions() -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(UserSession)) or 0


def test_the_schedule_forgets_ended_sessions_and_orphaned_content(database):
    with unit_of_work(ADMIN) as session:
        kept = content_path(store_file(session, BytesIO(b"kept"), "kept.xlsx").sha256)
    left = content_path(write_content(BytesIO(b"left"), 10)[0])
    for path in (kept, left):
        os.utime(path, (0, 0))
    session_of(LING)

    enqueue_recurring(DAILY)
    assert [run_next(), run_next()] == [True, True]
    before = (sessions(), kept.exists(), left.exists())
    with freeze(now() + timedelta(days=400)):
        trust()
        enqueue_recurring(DAILY)
        assert [run_next(), run_next()] == [True, True]

    assert before == (1, True, False)
    assert (sessions(), kept.exists()) == (0, True)


def test_jobs_that_ended_90_days_ago_are_forgotten_and_an_import_that_may_go_on_keeps_its_own(database):
    at = now()

    def ended(status: JobStatus, days: int, import_status: ImportStatus | None = None) -> int:
        with unit_of_work(WEI) as session:
            row = enqueue(session, "imports.apply", batch_id=0)
            row.status, row.finished_at = status, at - timedelta(days=days)
            if import_status is not None:
                facts = {"resource": "customers", "person": WEI.person, "file_name": "a.csv", "sha256": "0"}
                session.add(ImportBatch(**facts, status=import_status.value, job_id=row.id))
            return row.id

    gone = [ended(status, 91) for status in (JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED)]
    gone.append(ended(JobStatus.DONE, 91, ImportStatus.APPLIED))
    kept = [ended(JobStatus.DONE, 89), ended(JobStatus.CANCELLED, 91, ImportStatus.CANCELLED)]

    enqueue_recurring(DAILY)
    assert run_next()

    with reading(ADMIN) as session:
        left = set(session.scalars(select(Job.id)))
    with reading(WEI) as session:
        imports = session.execute(select(ImportBatch.status, ImportBatch.job_id).order_by(ImportBatch.id)).all()
    assert (left & set(gone), set(kept) - left) == (set(), set())
    assert [tuple(row) for row in imports] == [("applied", None), ("cancelled", kept[1])]
