"""The second factor: a code opens once, a one-time code stands in once, guessing leads nowhere."""

import threading
from datetime import datetime, timedelta

import pyotp
import pytest
from argon2 import PasswordHasher

from core import settings as core_settings
from core.clock import freeze
from core.database.sessions import reading, transact
from core.errors import DomainError, InvalidInput
from models.accounts.sessions import SessionState
from services.accounts.administration import remove_second_factor
from services.accounts.second_factor import offered_secret
from services.accounts.sessions import (
    AUTHENTICATION,
    Browser,
)
from services.accounts.sign_in import Entry, enrol_second_factor, give_second_factor
from tests.conftest import ADMIN, MEI
from tests.services.accounts.support import NOON, events, give_passwords, session_problem, session_user, try_sign_in


@pytest.fixture(autouse=True)
def people(database, monkeypatch):
    monkeypatch.setattr("services.accounts.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    give_passwords()


@pytest.fixture
def second_factor_for_finance(people, monkeypatch):
    monkeypatch.setenv("QUDAO_TOTP_ROLES", "finance")
    core_settings.settings.cache_clear()
    yield
    monkeypatch.undo()
    core_settings.settings.cache_clear()


def test_a_role_that_needs_a_second_factor_enrols_at_the_first_sign_in(second_factor_for_finance):
    half_way = try_sign_in(MEI.person)
    person = session_user(half_way.token)
    with reading(AUTHENTICATION) as session:
        secret = offered_secret(session, person.session_id)

    with freeze(NOON):
        entry = enrol_second_factor(person, half_way.token, pyotp.TOTP(secret).at(NOON), Browser())

    assert (half_way.state, person.is_signed_in) == (SessionState.HALF_WAY, False)
    assert visitor_at(NOON, entry.token).is_signed_in
    assert len(set(entry.codes)) == 10
    assert session_problem(half_way.token) == "sessions.replaced"


def visitor_at(instant: datetime, token: str):
    with freeze(instant):
        return session_user(token)


def enrolled(at: datetime) -> tuple[str, tuple[str, ...]]:
    with freeze(at):
        half_way = try_sign_in(MEI.person)
        person = session_user(half_way.token)
        with reading(AUTHENTICATION) as session:
            secret = offered_secret(session, person.session_id)
        entry = enrol_second_factor(person, half_way.token, pyotp.TOTP(secret).at(at), Browser())
    return secret, entry.codes


def show_code(code: str, *, at: datetime) -> Entry:
    with freeze(at):
        half_way = try_sign_in(MEI.person)
        return give_second_factor(session_user(half_way.token), half_way.token, code, Browser())


def test_a_code_opens_once_and_never_again(second_factor_for_finance):
    secret, _ = enrolled(NOON)
    later = NOON + timedelta(minutes=5)
    code = pyotp.TOTP(secret).at(later)

    first = show_code(code[:3] + " " + code[3:], at=later)

    assert first.state == SessionState.SIGNED_IN
    with pytest.raises(InvalidInput) as refused:
        show_code(code, at=later)
    assert refused.value.code == "second_factor.wrong_code"


@pytest.mark.parametrize(("drift_s", "opens"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_clocks_may_differ_by_half_a_minute(second_factor_for_finance, drift_s, opens):
    secret, _ = enrolled(NOON)
    later = NOON + timedelta(minutes=5)
    code = pyotp.TOTP(secret).at(later + timedelta(seconds=drift_s))

    try:
        opened = show_code(code, at=later).state == SessionState.SIGNED_IN
    except InvalidInput:
        opened = False

    assert opened == opens


def test_a_one_time_code_stands_in_once(second_factor_for_finance):
    _, codes = enrolled(NOON)

    entry = show_code(codes[3].upper(), at=NOON + timedelta(minutes=5))

    assert entry.state == SessionState.SIGNED_IN
    with pytest.raises(InvalidInput):
        show_code(codes[3], at=NOON + timedelta(minutes=6))
    assert [event.data for event in events("user.one_time_code_used")] == [{"left": 9}]


def test_the_second_factor_is_slowed_down_like_the_password(second_factor_for_finance):
    enrolled(NOON)
    later = NOON + timedelta(minutes=5)
    codes = []

    for number in range(6):
        with pytest.raises(DomainError) as refused:
            show_code(f"00000{number}", at=later)
        codes.append(refused.value.code)

    assert codes == ["second_factor.wrong_code"] * 5 + ["sign_in.wait"]


def test_the_half_way_session_ends_after_ten_minutes(second_factor_for_finance):
    with freeze(NOON):
        half_way = try_sign_in(MEI.person)

    with freeze(NOON + timedelta(minutes=10)):
        assert session_problem(half_way.token) == "sessions.expired"


def test_who_lost_the_phone_enrols_again_after_an_administrator_took_it_away(second_factor_for_finance):
    enrolled(NOON)

    transact(ADMIN, lambda session: remove_second_factor(session, MEI.person))

    with freeze(NOON + timedelta(minutes=5)):
        assert session_user(try_sign_in(MEI.person).token).has_second_factor is False


def test_one_code_shown_twice_at_the_same_moment_opens_once(second_factor_for_finance):
    secret, _ = enrolled(NOON)
    later = NOON + timedelta(minutes=5)
    code, opened = pyotp.TOTP(secret).at(later), []
    with freeze(later):
        half_way = [try_sign_in(MEI.person) for _ in range(2)]
        threads = [
            threading.Thread(target=lambda entry=entry: opened.append(give_code(entry, code))) for entry in half_way
        ]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(opened) == [False, True]


def give_code(half_way: Entry, code: str) -> bool:
    try:
        give_second_factor(session_user(half_way.token), half_way.token, code, Browser())
    except InvalidInput:
        return False
    return True
