"""Coming in: who knows the password and the second factor does, nobody else, and guessing leads nowhere."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from core import settings as core_settings
from core.clock import freeze
from core.database import reading, transact, unit_of_work
from core.errors import DomainError, InvalidInput, NotFound, NotPermitted
from core.events import Event
from models.partners import Partner
from models.sessions import EndReason, SessionState, UserSession
from models.users import User
from services import attempts
from services.accounts import lock_user, remove_second_factor, reset_password, unlock_user
from services.attempts import TooManyAttempts
from services.second_factor import offered_secret
from services.sessions import (
    DOORKEEPER,
    Browser,
    SignInNeeded,
    end_session,
    find_visitor,
    forget_old_sessions,
    note_seen,
    open_sessions,
)
from services.sign_in import Entry, account_subject, enrol_second_factor, give_second_factor, sign_in
from tests.conftest import ADMIN, BEIFANG, BEIFANG_CLERK, HUADONG_CLERK, LING, MEI, WEI

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PASSWORD = "purple kettle sings at dawn"
OTHER_PASSWORD = "a long sentence about green tea"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch):
    monkeypatch.setattr("services.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def people(database):
    for actor in (LING, WEI, MEI, HUADONG_CLERK, BEIFANG_CLERK):
        transact(ADMIN, lambda session, email=actor.person: reset_password(session, email, PASSWORD))
    return database


@pytest.fixture
def second_factor_for_finance(monkeypatch):
    monkeypatch.setenv("QUDAO_TOTP_ROLES", "finance")
    core_settings.settings.cache_clear()
    yield
    monkeypatch.undo()
    core_settings.settings.cache_clear()


def knock(email: str = LING.person, password: str = PASSWORD, address: str = "198.51.100.7", **more: str) -> Entry:
    return sign_in(email, password, Browser(address, "Firefox"), **more)


def visitor(token: str):
    with reading(DOORKEEPER) as session:
        return find_visitor(session, token)


def why_out(token: str) -> str:
    with pytest.raises(SignInNeeded) as refused:
        visitor(token)
    return refused.value.code


def events(action: str) -> list[Event]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(Event).where(Event.action == action).order_by(Event.id)))


def change(model, key, value, **values) -> None:
    with unit_of_work(ADMIN) as session:
        row = session.scalars(select(model).where(key == value)).one()
        for name, new in values.items():
            setattr(row, name, new)


def guess(times: int, *, at: datetime, email: str = LING.person, **more: str) -> list[str]:
    """Return the code of each refusal; each guess comes from an address of its own."""
    codes = []
    for number in range(times):
        with freeze(at), pytest.raises(DomainError) as refused:
            knock(email, "wrong wrong wrong wrong", f"203.0.113.{number}", **more)
        codes.append(refused.value.code)
    return codes


# --- password ---


def test_who_knows_the_password_comes_in_as_the_person_they_are(people):
    entry = knock(" Ling@Example.com ")

    found = visitor(entry.token)
    assert (found.actor.person, found.actor.user_id, found.actor.role) == (LING.person, LING.user_id, LING.role)
    assert (found.state, found.actor.partner_path) == (SessionState.SIGNED_IN, "")
    assert [event.person for event in events("user.signed_in")] == [LING.person]


def test_a_partners_clerk_comes_in_with_the_branch_of_now(people):
    entry = knock(HUADONG_CLERK.person)
    change(Partner, Partner.code, "HD", path="00000Z")

    assert visitor(entry.token).actor.partner_path == "00000Z"


def test_the_answer_does_not_tell_whether_an_account_exists(people):
    with pytest.raises(InvalidInput) as wrong:
        knock(LING.person, "not the password at all")
    with pytest.raises(InvalidInput) as unknown:
        knock("nobody@example.com", "not the password at all")

    assert (wrong.value.code, wrong.value.text) == (unknown.value.code, unknown.value.text)
    assert [event.subject_key for event in events("user.sign_in_failed")] == [LING.person, "n***@example.com"]


def test_a_mistyped_password_in_the_wrong_field_is_not_kept(people):
    with pytest.raises(InvalidInput):
        knock("my secret sentence", "")

    assert [event.subject_key for event in events("user.sign_in_failed")] == ["m***"]


def test_who_was_invited_and_has_no_password_does_not_come_in(people):
    with pytest.raises(InvalidInput) as refused:
        knock(ADMIN.person, "")

    assert refused.value.code == "sign_in.wrong"


def test_a_locked_account_says_so_only_to_who_knows_the_password(people):
    transact(ADMIN, lambda session: lock_user(session, LING.person))

    with pytest.raises(NotPermitted) as known:
        knock()
    with pytest.raises(InvalidInput) as guessed:
        knock(LING.person, "not the password at all")

    assert (known.value.code, guessed.value.code) == ("sign_in.locked", "sign_in.wrong")


def test_people_of_a_closed_partner_stay_outside(people):
    inside = knock(BEIFANG_CLERK.person)
    change(Partner, Partner.id, BEIFANG, status="closed")

    with pytest.raises(NotPermitted) as refused:
        knock(BEIFANG_CLERK.person)

    assert refused.value.code == "sign_in.partner_closed"
    assert why_out(inside.token) == "sessions.partner_closed"


def test_a_hash_of_less_work_is_renewed_at_sign_in(people, monkeypatch):
    monkeypatch.setattr("services.passwords.HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))

    knock()

    with reading(ADMIN) as session:
        stored = session.scalar(select(User.password_hash).where(User.email == LING.person))
    assert "$m=16,t=2,p=1$" in stored
    assert knock().state == SessionState.SIGNED_IN


# --- guessing ---


def test_after_five_wrong_guesses_the_pauses_grow(people):
    assert guess(6, at=NOON) == ["sign_in.wrong"] * 5 + ["sign_in.wait"]
    assert guess(2, at=NOON + timedelta(seconds=1)) == ["sign_in.wrong", "sign_in.wait"]
    assert guess(2, at=NOON + timedelta(seconds=3)) == ["sign_in.wrong", "sign_in.wait"]


def test_an_account_nobody_has_is_slowed_down_alike(people):
    assert guess(6, at=NOON, email="nobody@example.com") == ["sign_in.wrong"] * 5 + ["sign_in.wait"]


def test_the_right_password_waits_too_and_then_begins_anew(people):
    guess(5, at=NOON)
    with freeze(NOON), pytest.raises(TooManyAttempts):
        knock()

    with freeze(NOON + timedelta(seconds=1)):
        entered = knock()

    assert entered.state == SessionState.SIGNED_IN
    assert guess(6, at=NOON + timedelta(seconds=2)) == ["sign_in.wrong"] * 5 + ["sign_in.wait"]


def test_the_owner_comes_in_from_a_known_device_while_strangers_guess(people):
    with freeze(NOON):
        device = knock().device
    guess(6, at=NOON)

    with freeze(NOON):
        entered = knock(device=device)

    assert (entered.state, entered.device) == (SessionState.SIGNED_IN, device)


def test_a_device_of_someone_else_is_a_stranger(people):
    with freeze(NOON):
        device = knock(WEI.person).device
    guess(5, at=NOON)

    with freeze(NOON), pytest.raises(TooManyAttempts):
        knock(device=device)


def test_one_address_gets_ten_attempts_a_minute(people):
    for number in range(10):
        with freeze(NOON), pytest.raises(InvalidInput):
            knock(f"nobody{number}@example.com", "x")

    with freeze(NOON), pytest.raises(TooManyAttempts):
        knock()
    with freeze(NOON + timedelta(minutes=1)):
        assert knock().state == SessionState.SIGNED_IN


def test_a_hundred_failures_in_a_row_stop_an_account_until_a_reset(people):
    subject = account_subject(LING.person)
    with unit_of_work(DOORKEEPER) as session:
        for _ in range(attempts.FAILURES_MAX):
            attempts._row_of(session, subject).next_at = NOON
            with freeze(NOON):
                attempts.count_attempt(session, subject)

    with freeze(NOON + timedelta(days=30)), pytest.raises(TooManyAttempts) as stopped:
        knock()
    transact(ADMIN, lambda session: unlock_user(session, LING.person))

    assert stopped.value.code == "sign_in.stopped"
    assert knock().state == SessionState.SIGNED_IN


def test_the_longest_pause_is_a_quarter_of_an_hour():
    seconds = [attempts.pause_after(count).total_seconds() for count in (0, 4, 5, 6, 7, 14, 15, 99)]

    assert seconds == [0, 0, 1, 2, 4, 512, 900, 900]


# --- second factor ---


def test_a_role_that_needs_a_second_factor_enrols_at_the_first_sign_in(people, second_factor_for_finance):
    half_way = knock(MEI.person)
    person = visitor(half_way.token)
    with reading(DOORKEEPER) as session:
        secret = offered_secret(session, person.session_id)

    with freeze(NOON):
        entry = enrol_second_factor(person, half_way.token, pyotp.TOTP(secret).at(NOON), Browser())

    assert (half_way.state, person.is_signed_in) == (SessionState.HALF_WAY, False)
    assert visitor_at(NOON, entry.token).is_signed_in
    assert len(set(entry.codes)) == 10
    assert why_out(half_way.token) == "sessions.replaced"


def visitor_at(instant: datetime, token: str):
    with freeze(instant):
        return visitor(token)


def enrolled(at: datetime) -> tuple[str, tuple[str, ...]]:
    with freeze(at):
        half_way = knock(MEI.person)
        person = visitor(half_way.token)
        with reading(DOORKEEPER) as session:
            secret = offered_secret(session, person.session_id)
        entry = enrol_second_factor(person, half_way.token, pyotp.TOTP(secret).at(at), Browser())
    return secret, entry.codes


def show_code(code: str, *, at: datetime) -> Entry:
    with freeze(at):
        half_way = knock(MEI.person)
        return give_second_factor(visitor(half_way.token), half_way.token, code, Browser())


def test_a_code_opens_once_and_never_again(people, second_factor_for_finance):
    secret, _ = enrolled(NOON)
    later = NOON + timedelta(minutes=5)
    code = pyotp.TOTP(secret).at(later)

    first = show_code(code[:3] + " " + code[3:], at=later)

    assert first.state == SessionState.SIGNED_IN
    with pytest.raises(InvalidInput) as refused:
        show_code(code, at=later)
    assert refused.value.code == "second_factor.wrong_code"


@pytest.mark.parametrize(("drift_s", "opens"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_clocks_may_differ_by_half_a_minute(people, second_factor_for_finance, drift_s, opens):
    secret, _ = enrolled(NOON)
    later = NOON + timedelta(minutes=5)
    code = pyotp.TOTP(secret).at(later + timedelta(seconds=drift_s))

    try:
        opened = show_code(code, at=later).state == SessionState.SIGNED_IN
    except InvalidInput:
        opened = False

    assert opened == opens


def test_a_one_time_code_stands_in_once(people, second_factor_for_finance):
    _, codes = enrolled(NOON)

    entry = show_code(codes[3].upper(), at=NOON + timedelta(minutes=5))

    assert entry.state == SessionState.SIGNED_IN
    with pytest.raises(InvalidInput):
        show_code(codes[3], at=NOON + timedelta(minutes=6))
    assert [event.data for event in events("user.one_time_code_used")] == [{"left": 9}]


def test_the_second_factor_is_slowed_down_like_the_password(people, second_factor_for_finance):
    enrolled(NOON)
    later = NOON + timedelta(minutes=5)
    codes = []

    for number in range(6):
        with pytest.raises(DomainError) as refused:
            show_code(f"00000{number}", at=later)
        codes.append(refused.value.code)

    assert codes == ["second_factor.wrong_code"] * 5 + ["sign_in.wait"]


def test_the_half_way_session_ends_after_ten_minutes(people, second_factor_for_finance):
    with freeze(NOON):
        half_way = knock(MEI.person)

    with freeze(NOON + timedelta(minutes=10)):
        assert why_out(half_way.token) == "sessions.expired"


def test_who_lost_the_phone_enrols_again_after_an_administrator_took_it_away(people, second_factor_for_finance):
    enrolled(NOON)

    transact(ADMIN, lambda session: remove_second_factor(session, MEI.person))

    with freeze(NOON + timedelta(minutes=5)):
        assert visitor(knock(MEI.person).token).has_second_factor is False


# --- sessions ---


def test_each_sign_in_has_a_secret_of_its_own_and_the_old_one_is_void(people):
    first = knock()

    second = knock(old_token=first.token)

    assert first.token != second.token
    assert why_out(first.token) == "sessions.replaced"
    assert visitor(second.token).is_signed_in


def test_the_secret_is_stored_nowhere(people):
    entry = knock()

    with reading(ADMIN) as session:
        stored = session.scalars(select(UserSession.token_hash)).all()
    assert entry.token not in stored
    assert why_out(stored[0]) == "sessions.unknown"


@pytest.mark.parametrize(
    ("actor", "idle", "absolute"),
    [
        (LING, timedelta(hours=8), timedelta(hours=12)),
        (MEI, timedelta(minutes=30), timedelta(hours=12)),
        (HUADONG_CLERK, timedelta(days=7), timedelta(days=7)),
    ],
)
def test_a_session_ends_when_nobody_is_there_and_at_last_in_any_case(people, actor, idle, absolute):
    with freeze(NOON):
        entry = knock(actor.person)
    with freeze(NOON + idle - timedelta(seconds=1)):
        assert visitor(entry.token).is_signed_in
    with freeze(NOON + idle):
        assert why_out(entry.token) == "sessions.expired"

    change(UserSession, UserSession.user_id, actor.user_id, seen_at=NOON + absolute - timedelta(seconds=1))

    with freeze(NOON + absolute - timedelta(seconds=1)):
        assert visitor(entry.token).is_signed_in
    with freeze(NOON + absolute):
        assert why_out(entry.token) == "sessions.expired"


def test_being_there_keeps_a_session_open(people):
    with freeze(NOON):
        entry = knock(MEI.person)
    for minutes in (20, 40, 60):
        with freeze(NOON + timedelta(minutes=minutes)):
            person = visitor(entry.token)
            transact(DOORKEEPER, lambda session, person=person: note_seen(session, person))

    with freeze(NOON + timedelta(minutes=80)):
        assert visitor(entry.token).is_signed_in


def test_a_session_ends_at_once_when_the_account_is_locked_or_changes_its_role(people):
    locked, promoted = knock(), knock(WEI.person)

    transact(ADMIN, lambda session: lock_user(session, LING.person))
    change(User, User.email, WEI.person, role="marketing")

    assert why_out(locked.token) == "sessions.locked"
    assert why_out(promoted.token) == "sessions.rights_changed"


def test_people_end_their_own_sessions_and_no_others(people):
    mine, others = knock(), knock(WEI.person)
    number = visitor(others.token).session_id

    with pytest.raises(NotFound):
        transact(LING, lambda session: end_session(session, number, EndReason.ENDED_BY_PERSON))
    transact(LING, lambda session: end_session(session, visitor(mine.token).session_id, EndReason.SIGNED_OUT))

    assert why_out(mine.token) == "sessions.signed_out"
    assert visitor(others.token).is_signed_in
    assert [event.data["why"] for event in events("user.session_ended")] == ["signed_out"]


def test_a_new_password_ends_every_session_and_makes_devices_strangers(people):
    with freeze(NOON):
        entry = knock()
    transact(ADMIN, lambda session: reset_password(session, LING.person, OTHER_PASSWORD))
    guess(5, at=NOON)

    assert why_out(entry.token) == "sessions.password_changed"
    with freeze(NOON), pytest.raises(TooManyAttempts):
        knock(password=OTHER_PASSWORD, device=entry.device)


def test_old_sessions_are_forgotten_after_a_month(people):
    with freeze(NOON):
        knock()
    with freeze(NOON + timedelta(days=31)):
        recent = knock()
        forgotten = transact(DOORKEEPER, forget_old_sessions)

        assert forgotten == 1
        with reading(ADMIN) as session:
            assert session.scalar(select(func.count()).select_from(UserSession)) == 1
            assert len(open_sessions(session, LING.user_id)) == 1
        assert visitor(recent.token).is_signed_in
