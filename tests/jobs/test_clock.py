"""A clock that jumps: nothing is deleted, passed on or moved because of it, until a person says that it is right."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from core.access import WORKER, Actor
from core.clock import freeze
from core.database.sessions import reading, transact, unit_of_work
from core.errors import NotPermitted
from core.events.log import Event
from core.jobs.clock_guard import AHEAD_MAX, BACK_MAX, ClockMark, clock_doubt
from core.jobs.queueing import enqueue
from core.jobs.rows import Job, JobStatus
from core.jobs.schedule import enqueue_recurring
from core.jobs.worker import run_next
from jobs.schedule import SCHEDULE
from models.accounts.sessions import UserSession
from models.partners.affiliation_requests import AffiliationRequest
from models.partners.applications import Application
from models.partners.partners import Partner
from services.installation.checks import broken_invariants
from services.installation.maintenance import _diagnose_clock
from services.jobs.clock_confirmation import confirm_clock
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, LING, WEI
from tests.importers.runs.test_batches import bring, now
from tests.services.applications.support import begun, invited
from tests.services.partners.test_affiliation_requests import ask
from tests.support.snapshots import from_snapshot

START = datetime(2026, 11, 22, 4, tzinfo=UTC)
MINUTE, YEAR = timedelta(minutes=1), timedelta(days=365)


@pytest.fixture
def used(request, database) -> None:
    """Give a database in use at ``START``, in which much happens when a year has gone by."""

    def use() -> None:
        with freeze(START):
            invited()
            begun()
            ask()
            session_of(LING)
            turn()

    from_snapshot(request, database, "clock", use)


def turn() -> None:
    """Let the schedule have its turn, and run what is due."""
    enqueue_recurring(SCHEDULE)
    while run_next():
        pass


def turn_at(*instants: datetime) -> None:
    for instant in instants:
        with freeze(instant):
            turn()


def world() -> dict[str, object]:
    """Return what a clock a year ahead would delete, pass on or move."""
    with reading(WORKER) as session:
        applications = session.execute(select(Application.number, Application.status).order_by(Application.id))
        requests = session.execute(select(AffiliationRequest.number, AffiliationRequest.status))
        partners = session.execute(select(Partner.code, Partner.path).order_by(Partner.id))
        return {
            "applications": [tuple(row) for row in applications],
            "requests": [tuple(row) for row in requests],
            "partners": [tuple(row) for row in partners],
            "sessions": session.scalar(select(func.count()).select_from(UserSession)),
        }


def confirm(actor: Actor, instant: datetime) -> object:
    with freeze(instant):
        return transact(actor, confirm_clock)


def is_in_doubt(instant: datetime) -> bool:
    with freeze(instant), reading(WORKER) as session:
        return clock_doubt(session) is not None


def recorded(action: str) -> list[str]:
    with reading(WORKER) as session:
        return list(session.scalars(select(Event.person).where(Event.action == action).order_by(Event.id)))


def test_a_year_ahead_and_back_changes_nothing_until_somebody_says_that_the_clock_is_right(used):
    before = world()

    turn_at(START + YEAR, START + YEAR + timedelta(hours=1))
    turn_at(START + timedelta(minutes=10))
    assert (world(), is_in_doubt(START + timedelta(minutes=10))) == (before, True)
    assert recorded("clock.doubted") == [""]

    confirm(ADMIN, START + timedelta(minutes=11))
    turn_at(START + timedelta(minutes=12))
    assert (world(), is_in_doubt(START + timedelta(minutes=12))) == (before, False)
    assert recorded("clock.confirmed") == [ADMIN.person]


def test_when_a_person_says_that_the_year_has_gone_by_what_was_due_happens(used):
    before = world()
    turn_at(START + YEAR)

    confirm(ADMIN, START + YEAR + MINUTE)
    turn_at(START + YEAR + 2 * MINUTE)

    after = world()
    assert {name for name in before if before[name] != after[name]} >= {"applications", "sessions"}


@pytest.mark.parametrize(
    ("step", "is_trusted"),
    [(AHEAD_MAX, True), (AHEAD_MAX + MINUTE, False), (-BACK_MAX, True), (-BACK_MAX - MINUTE, False)],
    ids=["a day ahead", "more than a day", "five minutes back", "more than five minutes"],
)
def test_how_far_a_clock_may_be_from_the_last_instant(used, step, is_trusted):
    turn_at(START + step)

    assert is_in_doubt(START + step) is not is_trusted


def test_the_last_instant_goes_on_with_the_clock_and_never_back(used):
    turn_at(*(START + timedelta(hours=20) * number for number in range(1, 6)))
    turn_at(START + timedelta(hours=100) - 4 * MINUTE)

    with reading(WORKER) as session:
        assert session.scalars(select(ClockMark.seen_at)).all() == [START + timedelta(hours=100)]


def test_a_job_added_before_the_jump_does_not_run_and_others_go_on(used):
    with freeze(START), unit_of_work(WORKER) as session:
        waiting = enqueue(session, "housekeeping.forget").id

    with freeze(START + YEAR):
        batch = bring("code,name\nC1,a\n")
        turn()

    with reading(WORKER) as session:
        assert session.get_one(Job, waiting).status == JobStatus.WAITING
    assert (now(batch).checked or {})["created"] == 1


def test_what_was_asked_for_while_the_clock_was_ahead_runs_when_it_is_set_right(used):
    turn_at(START + YEAR)
    with freeze(START + YEAR):
        batch = bring("code,name\nC1,a\n")

    confirm(ADMIN, START + MINUTE)
    turn_at(START + 2 * MINUTE)

    assert (now(batch).checked or {})["created"] == 1


@pytest.mark.parametrize("actor", [LING, WEI])
def test_only_who_operates_the_installation_says_that_the_clock_is_right(used, actor):
    turn_at(START + YEAR)

    with pytest.raises(NotPermitted):
        confirm(actor, START + YEAR)

    assert (is_in_doubt(START + YEAR), recorded("clock.confirmed")) == (True, [])


def test_a_clock_that_is_not_in_doubt_needs_no_word(used):
    assert confirm(ADMIN, START + MINUTE) is None
    assert recorded("clock.confirmed") == []


def test_a_database_without_an_instant_takes_the_first(database):
    turn_at(START)

    assert (is_in_doubt(START), is_in_doubt(START + YEAR)) == (False, True)


def test_doctor_and_check_say_so(used):
    turn_at(START + YEAR)
    found: list[tuple[str, str]] = []

    with freeze(START):
        _diagnose_clock(lambda level, name, _detail: found.append((level, name)))
        with reading(ADMIN) as session:
            broken = [one["check"] for one in broken_invariants(session)]

    assert (found, broken) == ([("error", "clock")], ["clock"])
