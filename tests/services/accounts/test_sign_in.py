"""Coming in: who knows the password does, nobody else, and guessing leads nowhere."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from core.clock import freeze
from core.database.sessions import reading, transact, unit_of_work
from core.errors import InvalidInput, NotPermitted
from models.accounts.sessions import SessionState
from models.accounts.users import User
from models.partners.partners import Partner
from services.accounts import attempts
from services.accounts.administration import reactivate_user, suspend_user
from services.accounts.attempts import TooManyAttempts
from services.accounts.sessions import (
    AUTHENTICATION,
)
from services.accounts.sign_in import account_subject
from tests.conftest import ADMIN, BEIFANG, BEIFANG_CLERK, HUADONG_CLERK, LING, WEI
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


@pytest.fixture(autouse=True)
def people(database, monkeypatch):
    monkeypatch.setattr("services.accounts.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    give_passwords()


# --- password ---


def test_who_knows_the_password_comes_in_as_the_person_they_are():
    entry = try_sign_in(" Ling@Example.com ")

    found = session_user(entry.token)
    assert (found.actor.person, found.actor.user_id, found.actor.role) == (LING.person, LING.user_id, LING.role)
    assert (found.state, found.actor.partner_path) == (SessionState.SIGNED_IN, "")
    assert [event.person for event in events("user.signed_in")] == [LING.person]


def test_a_partners_clerk_comes_in_with_the_branch_of_now():
    entry = try_sign_in(HUADONG_CLERK.person)
    change(Partner, Partner.code, "HD", path="00000Z")

    assert session_user(entry.token).actor.partner_path == "00000Z"


def test_the_answer_does_not_tell_whether_an_account_exists():
    with pytest.raises(InvalidInput) as wrong:
        try_sign_in(LING.person, "not the password at all")
    with pytest.raises(InvalidInput) as unknown:
        try_sign_in("nobody@example.com", "not the password at all")

    assert (wrong.value.code, wrong.value.text) == (unknown.value.code, unknown.value.text)
    assert [event.subject_key for event in events("user.sign_in_failed")] == [LING.person, "n***@example.com"]


def test_a_mistyped_password_in_the_wrong_field_is_not_kept():
    with pytest.raises(InvalidInput):
        try_sign_in("my secret sentence", "")

    assert [event.subject_key for event in events("user.sign_in_failed")] == ["m***"]


def test_who_was_invited_and_has_no_password_does_not_come_in():
    with pytest.raises(InvalidInput) as refused:
        try_sign_in(ADMIN.person, "")

    assert refused.value.code == "sign_in.wrong"


def test_a_locked_account_says_so_only_to_who_knows_the_password():
    transact(ADMIN, lambda session: suspend_user(session, LING.person))

    with pytest.raises(NotPermitted) as known:
        try_sign_in()
    with pytest.raises(InvalidInput) as guessed:
        try_sign_in(LING.person, "not the password at all")

    assert (known.value.code, guessed.value.code) == ("sign_in.locked", "sign_in.wrong")


def test_people_of_a_closed_partner_stay_outside():
    inside = try_sign_in(BEIFANG_CLERK.person)
    change(Partner, Partner.id, BEIFANG, status="closed")

    with pytest.raises(NotPermitted) as refused:
        try_sign_in(BEIFANG_CLERK.person)

    assert refused.value.code == "sign_in.partner_closed"
    assert session_problem(inside.token) == "sessions.partner_closed"


def test_a_hash_of_less_work_is_renewed_at_sign_in(monkeypatch):
    monkeypatch.setattr(
        "services.accounts.passwords.HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    )

    try_sign_in()

    with reading(ADMIN) as session:
        stored = session.scalar(select(User.password_hash).where(User.email == LING.person))
    assert "$m=16,t=2,p=1$" in stored
    assert try_sign_in().state == SessionState.SIGNED_IN


# --- guessing ---


def test_after_five_wrong_guesses_the_pauses_grow():
    assert guess_password(6, at=NOON) == ["sign_in.wrong"] * 5 + ["sign_in.wait"]
    assert guess_password(2, at=NOON + timedelta(seconds=1)) == ["sign_in.wrong", "sign_in.wait"]
    assert guess_password(2, at=NOON + timedelta(seconds=3)) == ["sign_in.wrong", "sign_in.wait"]


def test_an_account_nobody_has_is_slowed_down_alike():
    assert guess_password(6, at=NOON, email="nobody@example.com") == ["sign_in.wrong"] * 5 + ["sign_in.wait"]


def test_the_right_password_waits_too_and_then_begins_anew():
    guess_password(5, at=NOON)
    with freeze(NOON), pytest.raises(TooManyAttempts):
        try_sign_in()

    with freeze(NOON + timedelta(seconds=1)):
        entered = try_sign_in()

    assert entered.state == SessionState.SIGNED_IN
    assert guess_password(6, at=NOON + timedelta(seconds=2)) == ["sign_in.wrong"] * 5 + ["sign_in.wait"]


def test_the_owner_signs_in_from_a_known_device_while_others_guess():
    with freeze(NOON):
        device = try_sign_in().device
    guess_password(6, at=NOON)

    with freeze(NOON):
        entered = try_sign_in(device=device)

    assert (entered.state, entered.device) == (SessionState.SIGNED_IN, device)


def test_a_device_of_someone_else_is_unknown():
    with freeze(NOON):
        device = try_sign_in(WEI.person).device
    guess_password(5, at=NOON)

    with freeze(NOON), pytest.raises(TooManyAttempts):
        try_sign_in(device=device)


def test_one_address_gets_ten_attempts_a_minute():
    for number in range(10):
        with freeze(NOON), pytest.raises(InvalidInput):
            try_sign_in(f"nobody{number}@example.com", "x")

    with freeze(NOON), pytest.raises(TooManyAttempts):
        try_sign_in()
    with freeze(NOON + timedelta(minutes=1)):
        assert try_sign_in().state == SessionState.SIGNED_IN


def test_an_office_behind_one_address_comes_in_within_a_minute_and_spraying_stays_limited():
    with freeze(NOON):
        states = [try_sign_in().state for _ in range(40)]
        for number in range(10):
            with pytest.raises(InvalidInput):
                try_sign_in(f"nobody{number}@example.com", "x")
        with pytest.raises(TooManyAttempts):
            try_sign_in()

    assert states == [SessionState.SIGNED_IN] * 40


def test_a_right_password_takes_only_its_own_attempt_back():
    with freeze(NOON):
        for number in range(9):
            with pytest.raises(InvalidInput):
                try_sign_in(f"nobody{number}@example.com", "x")
            try_sign_in()
        with pytest.raises(InvalidInput):
            try_sign_in("nobody9@example.com", "x")
        with pytest.raises(TooManyAttempts):
            try_sign_in()


def test_attempts_that_are_being_tried_at_the_same_moment_count(monkeypatch):
    refused = []

    def try_meanwhile(depth: int) -> bool:
        """Stand in for the hash of a password: while it is computed, the next attempt begins."""
        if depth < 12:
            monkeypatch.setattr("services.accounts.passwords.is_correct", lambda *_: try_meanwhile(depth + 1))
            try:
                try_sign_in(f"nobody{depth}@example.com", "x")
            except (InvalidInput, TooManyAttempts) as error:
                refused.append(error.code)
        return False

    monkeypatch.setattr("services.accounts.passwords.is_correct", lambda *_: try_meanwhile(1))
    with freeze(NOON), pytest.raises(InvalidInput):
        try_sign_in("nobody0@example.com", "x")

    assert refused[0] == "sign_in.wait"
    assert refused.count("sign_in.wrong") == attempts.PER_ADDRESS - 1


def test_a_known_device_comes_in_while_its_office_is_limited():
    with freeze(NOON):
        device = try_sign_in().device
        for number in range(10):
            with pytest.raises(InvalidInput):
                try_sign_in(f"nobody{number}@example.com", "x")

        assert try_sign_in(device=device).state == SessionState.SIGNED_IN


def test_one_network_of_ipv6_is_one_address():
    with freeze(NOON):
        for number in range(10):
            with pytest.raises(InvalidInput):
                try_sign_in(f"nobody{number}@example.com", "x", f"2001:db8:1:2::{number:x}")
        with pytest.raises(TooManyAttempts):
            try_sign_in("nobody10@example.com", "x", "2001:db8:1:2:ffff::1")


def test_a_hundred_failures_in_a_row_stop_an_account_until_a_reset():
    subject = account_subject(LING.person)
    with unit_of_work(AUTHENTICATION) as session:
        for _ in range(attempts.FAILURES_MAX):
            attempts._row_of(session, subject).next_at = NOON
            with freeze(NOON):
                attempts.count_attempt(session, subject)

    with freeze(NOON + timedelta(days=30)), pytest.raises(TooManyAttempts) as stopped:
        try_sign_in()
    transact(ADMIN, lambda session: reactivate_user(session, LING.person))

    assert stopped.value.code == "sign_in.stopped"
    assert try_sign_in().state == SessionState.SIGNED_IN


def test_the_longest_pause_is_a_quarter_of_an_hour():
    seconds = [attempts.pause_after(count).total_seconds() for count in (0, 4, 5, 6, 7, 14, 15, 99)]

    assert seconds == [0, 0, 1, 2, 4, 512, 900, 900]
