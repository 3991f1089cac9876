"""Notifications of imports: their owner is told how a job ended, unless she still looks at the page that shows it."""

from datetime import timedelta

from sqlalchemy import func, select

from core.clock import freeze, now
from core.database.retention import purge_slice
from core.database.sessions import reading, unit_of_work
from core.i18n import use_language
from core.jobs.queueing import LIGHT_WEIGHT_MAX, ask_to_cancel
from core.jobs.rows import Job
from models.notifications import Notification, NotificationDelivery
from services.imports.batches import start_import
from services.notifications.queries import latest_notifications
from services.notifications.reading import mark_all_read
from services.notifications.retention import READ, UNREAD
from tests.conftest import ADMIN, LING, WEI
from tests.importers.runs.test_batches import PLAIN, act, bring, imported, work


def told() -> list[tuple[str, str]]:
    with reading(WEI) as session, use_language("en"):
        found = latest_notifications(session, limit=50)
    return [(one.text, one.href) for one in found]


def test_the_owner_is_told_what_an_import_did_and_only_the_owner(database):
    batch = imported(PLAIN)

    assert told() == [("“rows.csv” is imported: 2 new, 0 changed, 0 wrong", f"/imports/{batch.id}")]
    with reading(LING) as session:
        assert latest_notifications(session, limit=50) == []


def test_the_owner_is_told_that_every_row_was_refused(database):
    batch = imported("code,name,phone\nC1,,1\n")

    assert told() == [("Nothing of “rows.csv” was imported: look at what is wrong", f"/imports/{batch.id}")]


def test_a_heavy_check_tells_that_it_is_done_and_a_light_one_does_not(database, monkeypatch):
    bring(PLAIN)
    work()
    assert told() == []

    monkeypatch.setattr("services.imports.batches.weight_of", lambda session, batch: LIGHT_WEIGHT_MAX + 1)
    batch = bring(PLAIN.replace("C1", "C9"), name="large.csv")
    work()

    assert told() == [("“large.csv” is checked and can be imported", f"/imports/{batch.id}")]


def test_the_owner_is_told_once_that_a_job_failed_for_good_and_why(database, monkeypatch):
    def fail(*_arguments: object) -> None:
        raise RuntimeError("a bug")

    batch = bring(PLAIN)
    work()
    monkeypatch.setattr("jobs.imports.apply_batch", fail)
    act(start_import, batch)
    for turn in range(8):
        with freeze(now() + timedelta(hours=turn)):
            work()

    with reading(WEI) as session, use_language("en"):
        (only,) = latest_notifications(session, limit=50)
        job = session.scalars(select(Job).where(Job.name == "imports.apply")).one()
    assert (only.text, only.reason) == ("Work on “rows.csv” stopped because of a problem", job.error)


def test_who_stops_an_import_is_not_told_that_it_stopped(database):
    batch = bring(PLAIN)
    with unit_of_work(WEI) as session:
        ask_to_cancel(session, batch.job_id or 0)
    work()

    assert told() == []


def test_read_ones_are_kept_for_90_days_and_unread_ones_for_a_year(database):
    for code in ("C1", "C7"):
        imported(PLAIN.replace("C1", code))
    with unit_of_work(WEI) as session:
        ids = list(session.scalars(select(Notification.id).order_by(Notification.id)))
        assert mark_all_read(session, ids[0]) == 1
        session.add(
            NotificationDelivery(
                notification_id=ids[0], channel="mail", state="delivered", attempts=1, changed_at=now()
            )
        )

    def left_after(age: timedelta) -> int:
        with freeze(now() + age), unit_of_work(ADMIN) as session:
            purge_slice(session, READ)
            purge_slice(session, UNREAD)
        with reading(WEI) as session:
            return session.scalar(select(func.count()).select_from(Notification)) or 0

    day = timedelta(days=1)
    assert [left_after(days * day) for days in (READ.days - 1, READ.days + 1, UNREAD.days - 1, UNREAD.days + 1)] == [
        2, 1, 1, 0,
    ]  # fmt: skip
