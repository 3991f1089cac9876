"""Denials are in the audit log with actor, route and missing right, and are rate-limited."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import freeze
from core.database.sessions import engine_in_use, reading, transact
from core.errors import NotPermitted, RowsRefused
from core.events.log import Event
from core.permissions import Permission, Role
from importers.runs.batches import ALL_OR_NOTHING, GOOD_ROWS, import_file
from importers.runs.runner import Source
from resources.users import USERS
from services.accounts import denials
from services.accounts.administration import suspend_user
from services.accounts.denials import EVERY, note_ended_session, note_refusal, note_refused_rights
from services.accounts.sessions import AUTHENTICATION, SignInNeeded, find_session_user
from services.accounts.tokens import create_token
from services.installation.maintenance import acting
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, HUADONG_CLERK, HUADONG_PATH, WEI
from tests.pages.staff_rows import state_rows
from tests.services.accounts.support import NOON


@pytest.fixture(autouse=True)
def nobody_was_refused_before(database, monkeypatch):
    monkeypatch.setattr(denials, "_known", {})


def refusal(actor, permission=Permission.USER_EDIT) -> NotPermitted:
    with pytest.raises(NotPermitted) as refused:
        actor.require(permission)
    return refused.value


def denial_events() -> list[Event]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(Event).where(Event.action == "access.refused").order_by(Event.id)))


def test_the_audit_log_says_who_was_refused_where_and_what_was_missing():
    note_refusal(HUADONG_CLERK, refusal(HUADONG_CLERK), "/users/wei@example.com")

    (one,) = denial_events()
    assert (one.person, one.subject, one.subject_key, one.path) == (
        HUADONG_CLERK.person, "access", "user.edit", HUADONG_PATH,
    )  # fmt: skip
    assert one.data == {"permission": "user.edit", "route": "/users/wei@example.com", "role": "partner_clerk"}


def test_a_flood_of_refusals_is_recorded_once_in_ten_minutes():
    with freeze(NOON):
        noted = [note_refusal(WEI, refusal(WEI), f"/users/{n}") for n in range(50)]
    with freeze(NOON + EVERY - timedelta(seconds=1)):
        noted.append(note_refusal(WEI, refusal(WEI), "/users"))
    with freeze(NOON + EVERY):
        noted.append(note_refusal(WEI, refusal(WEI), "/users"))

    assert (noted.count(True), noted[0], noted[-1], len(denial_events())) == (2, True, True, 2)


def test_another_process_does_not_tell_it_again(monkeypatch):
    with freeze(NOON):
        note_refusal(WEI, refusal(WEI), "/users")
        monkeypatch.setattr(denials, "_known", {})

        assert note_refusal(WEI, refusal(WEI), "/users") is False
    assert len(denial_events()) == 1


def test_other_people_and_other_permissions_are_recorded_beside_it():
    with freeze(NOON):
        note_refusal(WEI, refusal(WEI), "/users")
        note_refusal(WEI, refusal(WEI, Permission.TOKEN_EDIT), "/tokens")
        note_refusal(HUADONG_CLERK, refusal(HUADONG_CLERK), "/users")
        note_refusal(WEI, NotPermitted("tokens.role_not_yours_to_give", "no"), "/tokens/new")

    keys = [(one.person, one.subject_key) for one in denial_events()]
    assert keys == [
        (WEI.person, "user.edit"),
        (WEI.person, "token.edit"),
        (HUADONG_CLERK.person, "user.edit"),
        (WEI.person, "tokens.role_not_yours_to_give"),
    ]


def test_who_was_locked_out_leaves_one_line_however_often_they_click():
    token = session_of(WEI)
    transact(ADMIN, lambda session: suspend_user(session, WEI.person))
    with pytest.raises(SignInNeeded) as ended, reading(AUTHENTICATION) as session:
        find_session_user(session, token)

    with freeze(NOON):
        noted = [note_ended_session(token, ended.value, f"/orders/{n}") for n in range(20)]

    assert (noted[0], noted.count(True)) == (True, 1)
    (one,) = denial_events()
    assert (one.person, one.subject, one.subject_key) == (WEI.person, "access", "sessions.locked")
    assert one.data == {"reason": "sessions.locked", "route": "/orders/0", "role": "sales"}


def test_a_cookie_that_never_was_a_session_leaves_no_line():
    assert not note_ended_session("made-up", SignInNeeded("sessions.unknown", "Please sign in."), "/orders")
    assert denial_events() == []


def test_a_role_that_is_not_ones_own_to_give_leaves_a_line():
    owner = replace(HUADONG_CLERK, role=Role.PARTNER_OWNER)
    stated = {"email": ["n@example.com"], "name": ["N"], "role": ["operations"]}

    with pytest.raises(RowsRefused) as refused:
        state_rows("users", stated, owner)
    note_refused_rights(owner, refused.value.problems, "/users/new")

    (one,) = denial_events()
    assert (one.person, one.subject_key) == (owner.person, "users.role_not_yours_to_give")
    assert one.data["route"] == "/users/new"


@pytest.mark.parametrize("mode", [GOOD_ROWS, ALL_OR_NOTHING])
def test_an_import_that_gives_such_a_role_leaves_a_line(tmp_path, mode):
    path = tmp_path / "users.csv"
    path.write_text("email,name,role\nn@example.com,N,administrator\n", encoding="utf-8")
    owner = replace(HUADONG_CLERK, role=Role.PARTNER_OWNER)

    import_file(USERS, Source(path=path, name="users.csv", kind="csv"), owner, sha256="0", mode=mode)

    assert [(one.person, one.subject_key) for one in denial_events()] == [
        (owner.person, "users.role_not_yours_to_give")
    ]


def test_a_key_refused_on_the_command_line_leaves_a_line(database, monkeypatch):
    monkeypatch.setenv("QUDAO_DATABASE_URL", database.url.render_as_string(hide_password=False))

    with pytest.raises(NotPermitted), acting(WEI.person) as session:
        create_token(session, "erp", role="sales")

    assert [(one.person, one.subject_key) for one in denial_events()] == [(WEI.person, "token.edit")]
    engine_in_use().dispose()  # the command has opened one of its own
