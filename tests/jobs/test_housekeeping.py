"""What nobody needs any more is forgotten once a day, by the schedule, and what is needed stays."""

import os
from datetime import timedelta
from io import BytesIO

from sqlalchemy import func, select

from core.clock import freeze, now
from core.database import reading, unit_of_work
from core.files import content_path, store_file, write_content
from core.jobs import enqueue_recurring, run_next
from jobs.schedule import SCHEDULE
from models.sessions import UserSession
from tests.conftest import ADMIN, LING
from tests.pages.signing_in import session_of

DAILY = [one for one in SCHEDULE if one.name == "housekeeping.forget"]


def sessions() -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(UserSession)) or 0


def test_the_schedule_forgets_ended_sessions_and_unclaimed_content(database):
    with unit_of_work(ADMIN) as session:
        kept = content_path(store_file(session, BytesIO(b"kept"), "kept.xlsx").sha256)
    left = content_path(write_content(BytesIO(b"left"), 10)[0])
    for path in (kept, left):
        os.utime(path, (0, 0))
    session_of(LING)

    enqueue_recurring(DAILY)
    assert run_next()
    before = (sessions(), kept.exists(), left.exists())
    with freeze(now() + timedelta(days=400)):
        enqueue_recurring(DAILY)
        assert run_next()

    assert before == (1, True, False)
    assert (sessions(), kept.exists()) == (0, True)
