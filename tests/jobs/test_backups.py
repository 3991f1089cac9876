"""Backups by themselves: made each night, copied, proven each week, and people are told when one is missing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.access import WORKER, Actor
from core.clock import freeze, now
from core.database.sessions import reading, unit_of_work
from core.errors import InvalidInput
from core.i18n import use_language
from core.jobs.clock_guard import trust_clock
from core.jobs.queueing import enqueue
from core.jobs.rows import Job, JobStatus
from core.jobs.schedule import enqueue_recurring
from core.jobs.worker import run_next
from core.permissions import Role
from core.settings import settings
from jobs.schedule import SCHEDULE
from models.accounts.users import User
from models.notifications import Notification
from services.backups.schedule import backups_folder
from services.backups.status import COPY, MAKE, PROVE, WATCH
from services.notifications.queries import latest_notifications, unread_count
from tests.conftest import ADMIN, LING, WEI
from tests.services.backups.scheduled import files_below, flip_byte, make_at

BACKUPS = [one for one in SCHEDULE if one.name.startswith("backups.")]
DAY = timedelta(days=1)
NIGHT = datetime(2026, 12, 1, 19, 31, tzinfo=UTC)
"""Tuesday to Wednesday, one minute past half past three in Shanghai."""


def at_night(at: datetime, *, looks: int = 2) -> None:
    """Let a worker look some times, ten minutes apart, for what is due, with a clock that is trusted."""
    with freeze(at), unit_of_work(ADMIN) as session:
        trust_clock(session)
    for look in range(looks):
        with freeze(at + timedelta(minutes=10 * look)):
            enqueue_recurring(BACKUPS)
            while run_next():
                pass


def add_now(name: str, **arguments: str) -> None:
    with unit_of_work(WORKER) as session:
        enqueue(session, name, **arguments)
    while run_next():
        pass


def ends(name: str) -> list[tuple[str, str]]:
    """Return status and sentence of each job of a name."""
    with reading(ADMIN) as session:
        rows = session.scalars(select(Job).where(Job.name == name).order_by(Job.id))
        return [(row.status, row.error or "") for row in rows]


def bell(actor=ADMIN) -> list[tuple[str, str, str]]:
    with reading(actor) as session, use_language("en"):
        return [(one.text, one.reason, one.href) for one in latest_notifications(session, limit=50)]


def refuse(_actor: Actor) -> None:
    raise InvalidInput("backups.not_writable", "The disk is full.")


def names() -> list[str]:
    return sorted(path.name for path in backups_folder().iterdir())


@pytest.fixture
def second_place(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder that the settings name as the second place."""
    place = tmp_path / "second"
    place.mkdir()
    monkeypatch.setenv("QUDAO_BACKUP_COPY", str(place))
    settings.cache_clear()
    return place


@pytest.fixture
def it_person(database) -> User:
    """Give a user of the role IT beside the administrator of the cast, and one who has left."""
    with unit_of_work(ADMIN) as session:
        row = User(email="it@example.com", name="IT", role=Role.IT.value, status="active")
        session.add(row)
        session.add(User(email="left@example.com", name="Left", role=Role.IT.value, status="active", left_at=now()))
        return row


def test_the_first_start_makes_a_backup_and_proves_it_and_then_one_comes_each_night(database):
    at_night(NIGHT + timedelta(days=2, hours=8))
    assert (names(), ends(MAKE), ends(PROVE)) == (
        ["qudao-20261204T033100Z.qudao"], [("done", "")], [("done", "")],
    )  # fmt: skip

    at_night(NIGHT + timedelta(days=2, hours=20))
    for night in range(3, 6):
        at_night(NIGHT + night * DAY)

    assert [name[6:14] for name in names()] == ["20261204", "20261204", "20261205", "20261206"]
    assert len(ends(PROVE)) == 2
    assert {status for status, _error in [*ends(MAKE), *ends(PROVE), *ends(WATCH)]} == {"done"}
    assert bell() == []


def test_each_night_copies_to_the_second_place(sqlite_database, second_place):
    at_night(NIGHT)

    assert files_below(second_place) == files_below(backups_folder())
    assert ends(COPY) == [("done", "")]


def test_a_second_place_that_is_missing_is_tried_again_and_told_and_leaves_the_first_one(it_person, second_place):
    second_place.rmdir()
    at_night(NIGHT, looks=6)

    (sentence,) = [error for _status, error in ends(COPY)]
    assert (ends(MAKE), ends(COPY)[0][0], names()) == ([("done", "")], "failed", ["qudao-20261201T193100Z.qudao"])
    assert str(second_place) in sentence
    assert bell() == [
        ("The backup qudao-20261201T193100Z.qudao could not be copied to the second place", sentence, "/jobs")
    ]
    with reading(ADMIN) as session:
        people = set(session.scalars(select(Notification.person), execution_options={"see_all": "test"}))
    assert people == {ADMIN.person, it_person.email}
    assert (bell(WEI), bell(LING)) == ([], [])


def test_a_share_that_comes_back_gets_its_copy_at_a_later_try(sqlite_database, second_place):
    second_place.rmdir()
    with freeze(NIGHT):
        add_now(MAKE)
    second_place.mkdir()
    with freeze(NIGHT + timedelta(minutes=1)):
        while run_next():
            pass

    assert (ends(COPY)[0][0], len(list(second_place.iterdir()))) == ("done", 1)
    assert bell() == []


def test_a_full_disk_is_a_failed_job_with_a_sentence_and_what_is_there_stays(database, monkeypatch):
    at_night(NIGHT)
    before = files_below(backups_folder())
    monkeypatch.setattr("services.backups.schedule.FREE_BYTES_MIN", 2**60)
    at_night(NIGHT + 30 * DAY)

    assert ends(MAKE)[1][0] == "failed"
    assert str(backups_folder()) in ends(MAKE)[1][1]
    assert files_below(backups_folder()) == before


def test_a_worker_that_died_after_the_backup_does_not_make_it_again(sqlite_database, monkeypatch):
    def die(*_arguments: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("jobs.backups.remove_old_backups", die)
        with freeze(NIGHT):
            add_now(MAKE)
    assert (names(), ends(MAKE)[0][0]) == (["qudao-20261201T193100Z.qudao"], "waiting")

    with freeze(NIGHT + timedelta(minutes=5)):
        while run_next():
            pass
    assert (names(), ends(MAKE)[0][0]) == (["qudao-20261201T193100Z.qudao"], "done")


def test_nothing_old_goes_while_the_clock_is_in_doubt_but_backups_are_made(sqlite_database):
    for night in range(9):
        make_at(NIGHT + night * DAY)
    before = set(names())
    with freeze(NIGHT), unit_of_work(ADMIN) as session:
        trust_clock(session)

    with freeze(NIGHT + 400 * DAY):
        enqueue_recurring(BACKUPS)
        while run_next():
            pass

    assert (ends(MAKE), len(names())) == ([("done", "")], 10)
    assert before < set(names())


def test_a_damaged_backup_is_found_by_the_drill_and_told(database, it_person):
    at_night(NIGHT)
    (name,) = names()
    flip_byte(backups_folder() / name)
    with freeze(NIGHT + timedelta(hours=12)):
        add_now(PROVE)

    assert [status for status, _error in ends(PROVE)] == ["done", "failed"]
    assert [(text, href) for text, _reason, href in bell()] == [(f"The drill of the backup {name} failed", "/jobs")]
    assert name in bell()[0][1]
    assert names() == [name]


def test_without_a_backup_there_is_no_drill_until_there_is_one(sqlite_database, monkeypatch):
    monkeypatch.setattr("services.backups.schedule.FREE_BYTES_MIN", 2**60)
    at_night(NIGHT)
    assert (ends(PROVE), ends(MAKE)[0][0]) == ([], "failed")

    add_now(PROVE)
    assert ends(PROVE)[0][0] == "failed"


def test_a_late_backup_is_told_once_a_day_with_the_reason_and_no_more_when_there_is_one(it_person, monkeypatch):
    morning = NIGHT + timedelta(hours=6)
    at_night(NIGHT)
    with monkeypatch.context() as patched:
        patched.setattr("jobs.backups.make_scheduled_backup", refuse)
        for day in range(1, 5):
            at_night(NIGHT + day * DAY, looks=1)
            for hours in (0, 6):
                at_night(morning + day * DAY + timedelta(hours=hours), looks=1)
    with reading(ADMIN) as session:
        waiting = unread_count(session)

    assert bell() == [("There has been no backup for two days", "The disk is full.", "/jobs")] * 3
    assert waiting == 3

    for at in (NIGHT + 5 * DAY, morning + 5 * DAY, morning + 6 * DAY):
        at_night(at, looks=1)
    with reading(ADMIN) as session:
        assert (len(bell()), unread_count(session)) == (3, 0)


def test_a_machine_that_was_off_makes_its_backup_and_warns_of_nothing(database):
    at_night(NIGHT)
    with freeze(NIGHT + 6 * DAY):
        with unit_of_work(ADMIN) as session:
            trust_clock(session)
        enqueue_recurring(BACKUPS)
        while run_next():
            pass

    assert (len(names()), bell()) == (2, [])
    assert {status for status, _error in ends(WATCH)} == {JobStatus.DONE}
