"""Sessions: they hold for a while, for who is still who they were, and end at once when they should."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from core.clock import freeze
from core.database.retention import purge_slice
from core.database.sessions import reading, transact
from core.errors import NotFound
from models.accounts.sessions import EndReason, UserSession
from models.accounts.users import User
from services.accounts.administration import reset_password, suspend_user
from services.accounts.attempts import TooManyAttempts
from services.accounts.sessions import (
    AUTHENTICATION,
    RETENTION,
    end_session,
    note_seen,
    open_sessions,
)
from tests.conftest import ADMIN, HUADONG_CLERK, LING, MEI, WEI
from tests.services.accounts.support import (
    NOON,
    change,
    events,
    give_passwords,
    guess_password,
    session_problem,
    session_user,
    try_sign_in,
)

OTHER_PASSWORD = "a long sentence about green tea"


@pytest.fixture(autouse=True)
def people(database, monkeypatch):
    monkeypatch.setattr("services.accounts.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    give_passwords()


def test_each_sign_in_has_a_secret_of_its_own_and_the_old_one_is_void():
    first = try_sign_in()

    second = try_sign_in(old_token=first.token)

    assert first.token != second.token
    assert session_problem(first.token) == "sessions.replaced"
    assert session_user(second.token).is_signed_in


def test_the_secret_is_stored_nowhere():
    entry = try_sign_in()

    with reading(ADMIN) as session:
        stored = session.scalars(select(UserSession.token_hash)).all()
    assert entry.token not in stored
    assert session_problem(stored[0]) == "sessions.unknown"


@pytest.mark.parametrize(
    ("actor", "idle", "absolute"),
    [
        (LING, timedelta(hours=8), timedelta(hours=12)),
        (MEI, timedelta(minutes=30), timedelta(hours=12)),
        (HUADONG_CLERK, timedelta(days=7), timedelta(days=7)),
    ],
)
def test_a_session_ends_when_nobody_is_there_and_at_last_in_any_case(actor, idle, absolute):
    with freeze(NOON):
        entry = try_sign_in(actor.person)
    with freeze(NOON + idle - timedelta(seconds=1)):
        assert session_user(entry.token).is_signed_in
    with freeze(NOON + idle):
        assert session_problem(entry.token) == "sessions.expired"

    change(UserSession, UserSession.user_id, actor.user_id, seen_at=NOON + absolute - timedelta(seconds=1))

    with freeze(NOON + absolute - timedelta(seconds=1)):
        assert session_user(entry.token).is_signed_in
    with freeze(NOON + absolute):
        assert session_problem(entry.token) == "sessions.expired"


def test_being_there_keeps_a_session_open():
    with freeze(NOON):
        entry = try_sign_in(MEI.person)
    for minutes in (20, 40, 60):
        with freeze(NOON + timedelta(minutes=minutes)):
            person = session_user(entry.token)
            transact(AUTHENTICATION, lambda session, person=person: note_seen(session, person))

    with freeze(NOON + timedelta(minutes=80)):
        assert session_user(entry.token).is_signed_in


def test_a_session_ends_at_once_when_the_account_is_locked_or_changes_its_role():
    locked, promoted = try_sign_in(), try_sign_in(WEI.person)

    transact(ADMIN, lambda session: suspend_user(session, LING.person))
    change(User, User.email, WEI.person, role="marketing")

    assert session_problem(locked.token) == "sessions.locked"
    assert session_problem(promoted.token) == "sessions.rights_changed"


def test_people_end_their_own_sessions_and_no_others():
    mine, others = try_sign_in(), try_sign_in(WEI.person)
    number = session_user(others.token).session_id

    with pytest.raises(NotFound):
        transact(LING, lambda session: end_session(session, number, EndReason.ENDED_BY_PERSON))
    transact(LING, lambda session: end_session(session, session_user(mine.token).session_id, EndReason.SIGNED_OUT))

    assert session_problem(mine.token) == "sessions.signed_out"
    assert session_user(others.token).is_signed_in
    assert [event.data["why"] for event in events("user.session_ended")] == ["signed_out"]


def test_a_new_password_ends_every_session_and_deletes_known_devices():
    with freeze(NOON):
        entry = try_sign_in()
        transact(ADMIN, lambda session: reset_password(session, LING.person, OTHER_PASSWORD))
    guess_password(5, at=NOON)

    with freeze(NOON):
        assert session_problem(entry.token) == "sessions.password_changed"
        with pytest.raises(TooManyAttempts):
            try_sign_in(password=OTHER_PASSWORD, device=entry.device)


def test_old_sessions_are_purged_after_a_month():
    with freeze(NOON):
        try_sign_in()
    with freeze(NOON + timedelta(days=31)):
        recent = try_sign_in()
        forgotten = transact(AUTHENTICATION, lambda session: purge_slice(session, RETENTION))

        assert forgotten == 1
        with reading(ADMIN) as session:
            assert session.scalar(select(func.count()).select_from(UserSession)) == 1
            assert len(open_sessions(session, LING.user_id)) == 1
        assert session_user(recent.token).is_signed_in
