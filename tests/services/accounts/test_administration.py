"""Accounts as administrators handle them, and the very first one."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, select

from core import settings as core_settings
from core.access import Actor, command_line
from core.clock import freeze
from core.database.sessions import reading, transact, unit_of_work
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted, RowsRefused
from core.events.log import Event
from models.accounts.sessions import OneTimeLink
from models.accounts.users import User
from services.accounts.administration import (
    actor_of_email,
    create_user,
    list_users,
    reactivate_user,
    reset_password,
    suspend_user,
    who_can_grant,
)
from services.accounts.links import (
    SETUP,
    LinkRecipient,
    choose_password,
    create_first_administrator,
    invited_by,
    last_link,
    note_opened,
    password_link,
    password_links,
    setup_link,
    user_of_link,
)
from services.accounts.own_account import change_password
from services.accounts.passwords import is_correct
from services.accounts.sessions import AUTHENTICATION, SessionUser, find_session_user
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, HUADONG, HUADONG_OWNER, HUADONG_PATH, LING, SUZHOU_CLERK, WEI
from tests.services.accounts.support import NOON

PASSWORD = "purple kettle sings at dawn"
HR = command_line()


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch):
    monkeypatch.setattr("services.accounts.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def nobody(database):
    with unit_of_work(ADMIN) as session:
        session.execute(delete(User))


def stored(email: str) -> User | None:
    with reading(ADMIN) as session:
        return session.scalar(select(User).where(User.email == email))


def happened(action: str) -> list[str]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(Event.subject_key).where(Event.action == action).order_by(Event.id)))


def create(actor=ADMIN, email="new@example.com", name="新人", role="sales", **more) -> User:
    return transact(actor, lambda session: create_user(session, email, name=name, role=role, **more))


def admin_settings(monkeypatch, email: str, password: str) -> None:
    monkeypatch.setenv("QUDAO_ADMIN_EMAIL", email)
    monkeypatch.setenv("QUDAO_ADMIN_PASSWORD", password)
    core_settings.settings.cache_clear()


def test_who_gets_a_password_may_sign_in_at_once(database):
    create(email=" New@Example.com ", password=PASSWORD)

    user = stored("new@example.com")
    assert (user.status, user.role, user.name) == ("active", "sales", "新人")
    assert is_correct(user.password_hash, PASSWORD)
    assert (happened("user.created"), happened("user.password_changed")) == (["new@example.com"], ["new@example.com"])


def test_who_gets_none_is_invited(database):
    create()

    assert (stored("new@example.com").status, stored("new@example.com").password_hash) == ("invited", None)


def test_people_of_a_partner_carry_its_branch(database):
    create(role="partner_clerk", partner="HD")

    user = stored("new@example.com")
    assert (user.partner_id, user.path) == (HUADONG, HUADONG_PATH)


@pytest.mark.parametrize(
    ("stated", "error", "code"),
    [
        ({"email": LING.person}, Conflict, "users.exists"),
        ({"email": "nobody"}, InvalidInput, "email.invalid"),
        ({"role": "king"}, InvalidInput, "users.unknown_role"),
        ({"role": "partner_clerk"}, RowsRefused, "users.partner_required"),
        ({"role": "sales", "partner": "HD"}, RowsRefused, "users.partner_not_allowed"),
        ({"role": "partner_clerk", "partner": "NIX"}, RowsRefused, "partners.not_found"),
        ({"password": "short"}, InvalidInput, "users.password_too_short"),
        ({"password": "new@example.com2026"}, InvalidInput, "users.password_guessable"),
    ],
)
def test_what_cannot_be_creates_nobody(database, stated, error, code):
    with pytest.raises(error) as refused:
        create(**stated)

    assert refused.value.code == code
    assert happened("user.created") == []
    assert stored("new@example.com") is None


@pytest.mark.parametrize(
    "work", [suspend_user, reactivate_user, password_link, lambda s, e: reset_password(s, e, PASSWORD)]
)
def test_who_may_not_edit_people_changes_nobody(database, work):
    with pytest.raises(NotPermitted):
        transact(LING, lambda session: work(session, WEI.person))

    assert stored(WEI.person).status == "active"
    assert stored(WEI.person).password_hash is None


def test_nobody_reaches_above_what_their_own_role_may_give(database):
    create(email="hr@example.com", role="hr", password=PASSWORD)
    with reading(ADMIN) as session:
        hr = actor_of_email(session, "hr@example.com", source="screen")

    with pytest.raises(NotFound) as refused:
        transact(hr, lambda session: reset_password(session, ADMIN.person, PASSWORD))

    assert refused.value.code == "users.not_found"
    assert stored(ADMIN.person).password_hash is None


def test_locking_and_unlocking_say_what_changed(database):
    transact(ADMIN, lambda session: suspend_user(session, LING.person))
    transact(ADMIN, lambda session: suspend_user(session, LING.person))
    assert stored(LING.person).status == "locked"

    transact(ADMIN, lambda session: reactivate_user(session, LING.person))

    assert stored(LING.person).status == "invited"  # never chose a password
    with reading(ADMIN) as session:
        changes = session.scalars(select(Event.changes).where(Event.action == "user.changed").order_by(Event.id)).all()
    assert changes == [{"status": ["active", "locked"]}, {"status": ["locked", "invited"]}]


def test_nobody_locks_themselves_out(database):
    with pytest.raises(Conflict) as refused:
        transact(ADMIN, lambda session: suspend_user(session, ADMIN.person))

    assert refused.value.code == "users.own_account"


def test_a_partners_owner_lists_the_people_of_the_branch(database):
    with reading(HUADONG_OWNER) as session:
        listed = [(user.email, code) for user, code in list_users(session)]

    assert listed == [
        ("clerk@huadong.example.com", "HD"),
        ("clerk@suzhou.example.com", "SZ"),
        ("owner@huadong.example.com", "HD"),
    ]


def test_a_command_may_run_with_a_persons_rights_and_branch(database):
    with reading(HR) as session:
        actor = actor_of_email(session, SUZHOU_CLERK.person, source="command line")

    assert (actor.role, actor.partner_path, actor.source) == (
        SUZHOU_CLERK.role,
        SUZHOU_CLERK.partner_path,
        "command line",
    )


def test_who_can_grant_rights_is_named(database):
    with reading(ADMIN) as session:
        assert who_can_grant(session) == ["admin"]


# --- links ---


def signed_in(actor: Actor) -> SessionUser:
    token = session_of(actor)
    with reading(AUTHENTICATION) as session:
        return find_session_user(session, token)


def test_a_link_is_good_once_and_for_one_person(database):
    token = transact(ADMIN, lambda session: password_link(session, WEI.person)).split("token=")[1]

    transact(ADMIN, lambda session: choose_password(session, token, PASSWORD))

    assert is_correct(stored(WEI.person).password_hash, PASSWORD)
    with pytest.raises(NotFound):
        transact(ADMIN, lambda session: choose_password(session, token, PASSWORD))


def test_a_refused_password_leaves_the_link_good(database):
    token = transact(ADMIN, lambda session: password_link(session, WEI.person)).split("token=")[1]

    with pytest.raises(InvalidInput):
        transact(ADMIN, lambda session: choose_password(session, token, "short"))

    with reading(ADMIN) as session:
        assert user_of_link(session, token).email == WEI.person


def test_a_newer_link_voids_the_older_and_a_locked_account_has_none(database):
    older, newer = (
        transact(ADMIN, lambda session: password_link(session, WEI.person)).split("token=")[1] for _ in range(2)
    )

    with reading(ADMIN) as session:
        with pytest.raises(NotFound):
            user_of_link(session, older)
        assert user_of_link(session, newer).email == WEI.person
    transact(ADMIN, lambda session: suspend_user(session, WEI.person))
    with reading(ADMIN) as session, pytest.raises(NotFound):
        user_of_link(session, newer)


@pytest.mark.parametrize(
    "change",
    [
        lambda: change_password(signed_in(WEI), PASSWORD, "four slow boats drift by"),
        lambda: transact(ADMIN, lambda session: reset_password(session, WEI.person, "four slow boats drift by")),
    ],
    ids=["by the person", "by an administrator"],
)
def test_a_link_dies_with_the_password_it_was_made_for(database, change):
    transact(ADMIN, lambda session: reset_password(session, WEI.person, PASSWORD))
    token = transact(ADMIN, lambda session: password_link(session, WEI.person)).split("token=")[1]

    change()

    with pytest.raises(NotFound) as refused:
        transact(ADMIN, lambda session: choose_password(session, token, "five old stones sleep"))
    assert refused.value.code == "links.not_valid"
    assert is_correct(stored(WEI.person).password_hash, "four slow boats drift by")


def test_the_link_itself_is_stored_nowhere(database):
    token = transact(ADMIN, lambda session: password_link(session, WEI.person)).split("token=")[1]

    with reading(ADMIN) as session:
        assert token not in session.scalars(select(OneTimeLink.token_hash)).all()


def test_links_for_many_hold_up_nobody_for_one_who_cannot_have_one(database):
    transact(ADMIN, lambda session: suspend_user(session, LING.person))

    made = transact(ADMIN, lambda session: password_links(session, [WEI.person, LING.person, "nix@example.com"]))

    assert [(one.email, bool(one.path), one.problem and one.problem.code) for one in made] == [
        (WEI.person, True, None),
        (LING.person, False, "users.locked"),
        ("nix@example.com", False, "users.not_found"),
    ]
    with reading(ADMIN) as session:
        taken = session.scalars(select(Event.data).where(Event.action == "users.links_exported")).all()
    assert (happened("user.link_made"), taken) == ([WEI.person], [{"rows": 1}])


def test_links_for_many_are_for_who_may_take_data_out(database):
    create(email="it@example.com", role="it", password=PASSWORD)
    with reading(ADMIN) as session:
        it = actor_of_email(session, "it@example.com", source="screen")

    with pytest.raises(NotPermitted):
        transact(it, lambda session: password_links(session, [WEI.person]))

    assert happened("user.link_made") == []


def test_the_state_of_a_link_is_reported(database):
    with reading(ADMIN) as session:
        assert last_link(session, WEI.person) is None
    with freeze(NOON):
        token = transact(ADMIN, lambda session: password_link(session, WEI.person)).split("token=")[1]
    with freeze(NOON + timedelta(minutes=1)):
        transact(ADMIN, lambda session: note_opened(session, token))
    with freeze(NOON + timedelta(minutes=2)):
        transact(ADMIN, lambda session: note_opened(session, token))
        with reading(ADMIN) as session:
            opened = last_link(session, WEI.person)
            assert opened.is_open
        transact(ADMIN, lambda session: choose_password(session, token, PASSWORD))
        with reading(ADMIN) as session:
            used = last_link(session, WEI.person)

    assert (opened.made_by, opened.created_at, opened.opened_at) == (ADMIN.person, NOON, NOON + timedelta(minutes=1))
    assert (used.used_at, used.is_open) == (NOON + timedelta(minutes=2), False)


def test_a_link_greets_by_name_role_partner_and_who_made_it(database):
    create(role="partner_clerk", partner="HD", actor=HUADONG_OWNER)
    token = transact(HUADONG_OWNER, lambda session: password_link(session, "new@example.com")).split("token=")[1]

    with reading(ADMIN) as session:
        greeting = invited_by(session, token)

    assert greeting == LinkRecipient("new@example.com", "新人", "partner_clerk", "华东总代", "owner", True)


# --- the first account ---


def test_the_administrator_of_the_settings_is_made_once(nobody, monkeypatch):
    admin_settings(monkeypatch, "boss@example.com", PASSWORD)

    first = transact(SETUP, create_first_administrator)
    second = transact(SETUP, create_first_administrator)

    assert (first.email, first.role, first.status, second) == ("boss@example.com", "administrator", "active", None)
    with reading(ADMIN) as session:
        assert setup_link(session) is None


def test_a_short_password_in_the_settings_makes_nobody(nobody, monkeypatch):
    admin_settings(monkeypatch, "boss@example.com", "short")

    with pytest.raises(InvalidInput) as refused:
        transact(SETUP, create_first_administrator)

    assert refused.value.code == "users.password_too_short"
    assert stored("boss@example.com") is None


def test_without_settings_nobody_is_made(nobody):
    assert transact(SETUP, create_first_administrator) is None
