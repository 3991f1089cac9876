"""Re-authentication: required of people before rights change, never of programs and commands."""

from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from core.access import Actor, command_line
from core.clock import freeze
from core.database.sessions import reading, transact
from core.errors import DomainError, InvalidInput
from core.jobs.queueing import enqueue
from core.jobs.rows import Job
from core.permissions import Permission
from models.accounts.tokens import ApiToken
from models.accounts.users import User
from services.accounts.administration import remove_second_factor, reset_password
from services.accounts.attempts import TooManyAttempts
from services.accounts.own_account import reauthenticate
from services.accounts.second_factor import PURPOSE, enrol, is_accepted, offer_secret
from services.accounts.sessions import AUTHENTICATION, FRESH, ReauthenticationNeeded, SessionUser, find_session_user
from services.accounts.tokens import create_token
from services.imports.batches import begin_import, start_import
from services.organisation.leaving import leave
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, WEI
from tests.pages.staff_rows import state_rows
from tests.services.accounts.support import NOON, PASSWORD

LATER = NOON + FRESH + timedelta(seconds=1)


@pytest.fixture(autouse=True)
def people(database, monkeypatch):
    monkeypatch.setattr("services.accounts.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with freeze(NOON):
        transact(ADMIN, lambda session: reset_password(session, ADMIN.person, PASSWORD))
    yield


def session_user(token: str) -> SessionUser:
    with reading(AUTHENTICATION) as session:
        return find_session_user(session, token)


@pytest.fixture
def token():
    with freeze(NOON):
        return session_of(ADMIN)


def add_sales(actor: Actor) -> None:
    state_rows("users", {"email": ["n@example.com"], "name": ["N"], "role": ["sales"]}, actor)


def import_users(actor: Actor) -> None:
    def start(session) -> None:
        batch = begin_import(
            session, Permission.USER_EDIT, resource="users", file_name="a.xlsx", sha256="0", checked={}
        )
        start_import(session, Permission.USER_EDIT, batch.id)

    transact(actor, start)


RISKS = {
    "a role is given": add_sales,
    "a role is changed": lambda actor: state_rows(
        "users", {"email": [WEI.person], "name": ["wei"], "role": ["operations"]}, actor
    ),
    "a key is made": lambda actor: transact(actor, lambda session: create_token(session, "erp", role="sales")),
    "a second factor is removed": lambda actor: transact(
        actor, lambda session: remove_second_factor(session, WEI.person)
    ),
    "an import of users begins": import_users,
    "a person leaves": lambda actor: transact(actor, lambda session: leave(session, WEI.person, {})),
}
every_risk = pytest.mark.parametrize("risk", RISKS.values(), ids=RISKS)


def world() -> tuple:
    with reading(ADMIN) as session:
        users = session.execute(select(User.email, User.role, User.status).order_by(User.id)).all()
        jobs = session.scalar(select(func.count()).select_from(Job)) or 0
        return (*users, *session.scalars(select(ApiToken.name)), jobs)


@every_risk
def test_rights_change_only_for_who_has_just_proved_to_be_there(token, risk):
    before = world()

    with freeze(LATER), pytest.raises(ReauthenticationNeeded) as refused:
        risk(session_user(token).actor)
    assert (refused.value.code, world()) == ("access.proof_needed", before)

    with freeze(LATER):
        reauthenticate(session_user(token), PASSWORD)
        risk(session_user(token).actor)


@every_risk
def test_a_fresh_session_needs_no_reauthentication(token, risk):
    with freeze(NOON + FRESH):
        risk(session_user(token).actor)


@every_risk
def test_programs_and_commands_never_reauthenticate(risk):
    with freeze(LATER):
        risk(command_line())


def test_a_change_that_grants_no_right_needs_no_reauthentication(token):
    with freeze(LATER):
        state_rows(
            "users", {"email": [WEI.person], "name": ["Wei the Second"], "role": ["sales"]}, session_user(token).actor
        )


def test_a_job_enqueued_in_a_session_is_not_that_session(token):
    with freeze(NOON):
        actor = session_user(token).actor
        transact(actor, lambda session: enqueue(session, "imports.check", batch_id=1))

    with reading(ADMIN) as session:
        assert "session_id" not in session.scalars(select(Job.on_behalf)).one()
    assert actor.session_id is not None
    assert actor == replace(actor, session_id=None)


def test_a_wrong_password_proves_nothing_and_is_counted(token):
    with freeze(LATER):
        codes = []
        for _ in range(6):
            with pytest.raises(DomainError) as refused:
                reauthenticate(session_user(token), "not the password at all")
            codes.append(refused.value.code)
        with pytest.raises(ReauthenticationNeeded):
            add_sales(session_user(token).actor)

    assert codes == ["users.wrong_password"] * 5 + ["sign_in.wait"]


def test_who_has_a_second_factor_proves_it_by_a_code_and_not_by_the_password(token):
    with freeze(NOON):
        secret = transact(ADMIN, lambda session: offer_secret(session, session_user(token).session_id))
        code = pyotp.TOTP(secret).at(NOON)
        transact(ADMIN, lambda session: enrol(session, _admin(session), session_user(token).session_id, code))

    with freeze(LATER):
        with pytest.raises(InvalidInput):
            reauthenticate(session_user(token), PASSWORD)
        with pytest.raises(ReauthenticationNeeded):
            add_sales(session_user(token).actor)
        reauthenticate(session_user(token), pyotp.TOTP(secret).at(LATER))
        add_sales(session_user(token).actor)


def test_a_code_proves_once(token):
    with freeze(NOON):
        secret = transact(ADMIN, lambda session: offer_secret(session, session_user(token).session_id))
        code = pyotp.TOTP(secret).at(NOON)
        transact(ADMIN, lambda session: enrol(session, _admin(session), session_user(token).session_id, code))

    with freeze(LATER):
        reauthenticate(session_user(token), pyotp.TOTP(secret).at(LATER))
        with pytest.raises((InvalidInput, TooManyAttempts)):
            reauthenticate(session_user(token), pyotp.TOTP(secret).at(LATER))


def _admin(session) -> User:
    return session.scalars(select(User).where(User.id == ADMIN.user_id).with_for_update()).one()


def test_a_secret_is_stored_encrypted_and_an_old_plain_one_is_encrypted_at_its_next_use(token):
    plain = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    with freeze(NOON):
        offered = transact(ADMIN, lambda session: offer_secret(session, session_user(token).session_id))

    def use(session) -> tuple[str, bool]:
        admin = _admin(session)
        admin.totp_secret = plain
        accepted = is_accepted(session, admin, pyotp.TOTP(plain).at(LATER))
        return admin.totp_secret, accepted

    with freeze(LATER):
        stored, accepted = transact(ADMIN, use)

    with reading(ADMIN) as session:
        kept = session.scalars(select(User.totp_secret).where(User.id == ADMIN.user_id)).one()
        half_way = session.connection().exec_driver_sql("SELECT totp_offered FROM user_sessions").scalars().all()
    assert (accepted, stored == kept, kept.startswith("v1:"), plain in kept) == (True, True, True, False)
    assert all(one.startswith("v1:") and offered not in one for one in half_way)
    assert PURPOSE == "totp secret"
