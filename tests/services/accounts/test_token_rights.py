"""API keys may do no more than who made them, unless a second person who may do it has confirmed them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.access import Actor, command_line
from core.clock import freeze
from core.database.sessions import engine_in_use, reading, transact, unit_of_work
from core.errors import NotPermitted
from core.events.log import Event
from core.permissions import ROLE_PERMISSIONS, Permission, Role
from models.accounts.tokens import ApiToken
from models.accounts.users import User
from services.accounts.sessions import AUTHENTICATION, FRESH, ReauthenticationNeeded, find_session_user
from services.accounts.token_rights import confirm_tokens, keys_above_makers
from services.accounts.tokens import actor_of_token, create_token, revoke_token
from services.installation.maintenance import diagnose
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, HUADONG_PATH, LING, MEI, WEI
from tests.services.accounts.support import NOON

IT = Actor("wei@example.com", Role.IT, WEI.person, WEI.user_id, language="en")
COLLEAGUE = Actor("mei@example.com", Role.IT, MEI.person, MEI.user_id, language="en")


@pytest.fixture(autouse=True)
def people(database):
    set_role(WEI, "it")


def set_role(who: Actor, role: str, path: str = "") -> None:
    with unit_of_work(ADMIN) as session:
        user = session.scalars(select(User).where(User.email == who.person)).one()
        user.role, user.path = role, path


def create(actor=IT, role="operations", name="ERP", **more) -> tuple[ApiToken, str]:
    return transact(actor, lambda session: create_token(session, name, role=role, **more))


def actor_of(secret: str) -> Actor:
    with reading(AUTHENTICATION) as session:
        return actor_of_token(session, secret)


def refusal_of(secret: str) -> str:
    with pytest.raises(NotPermitted) as refused:
        actor_of(secret)
    return refused.value.code


def confirm(actor: Actor, row: ApiToken, note: str = "") -> str:
    (outcome,) = transact(actor, lambda session: confirm_tokens(session, [row.prefix], note))
    return outcome.problem.code if outcome.problem else ""


def stored(row: ApiToken) -> ApiToken:
    with reading(ADMIN) as session:
        return session.scalars(select(ApiToken).where(ApiToken.id == row.id)).one()


@pytest.mark.parametrize(("role", "partner"), [("operations", None), ("sales", None), ("partner_clerk", "HD")])
def test_a_key_with_more_rights_than_its_maker_is_not_valid(role, partner):
    row, secret = create(role=role, partner=partner)

    assert row.confirmation == "needed"
    assert refusal_of(secret) == "tokens.not_confirmed"


@pytest.mark.parametrize(
    ("maker", "role"), [(IT, "it"), (ADMIN, "administrator"), (ADMIN, "finance"), (command_line(), "operations")]
)
def test_a_key_within_its_makers_rights_works_at_once(maker, role):
    row, secret = create(maker, role)

    actor = actor_of(secret)
    assert (row.confirmation, actor.permissions) == ("not_needed", ROLE_PERMISSIONS[Role(role)])


def test_a_second_person_with_the_rights_confirms_it_once_and_it_is_recorded():
    row, secret = create()

    assert confirm(ADMIN, row, "for the warehouse") == ""

    assert actor_of(secret).can(Permission.ORDER_APPROVE)
    assert (stored(row).confirmed_by, stored(row).confirmation) == (ADMIN.person, "confirmed")
    with reading(ADMIN) as session:
        events = session.scalars(select(Event).where(Event.subject_key == row.prefix).order_by(Event.id)).all()
    assert [(event.action, event.person) for event in events] == [
        ("token.created", IT.person),
        ("token.confirmed", ADMIN.person),
    ]
    assert events[1].data == {
        "name": "ERP", "role": "operations", "maker": IT.person, "note": "for the warehouse"
    }  # fmt: skip
    assert confirm(ADMIN, row) == "tokens.confirmation_not_needed"


def test_the_maker_cannot_confirm_it_not_even_as_an_administrator_later():
    row, secret = create()

    assert confirm(IT, row) == "tokens.own_key"
    set_role(WEI, "administrator")
    assert confirm(replace(IT, role=Role.ADMINISTRATOR), row) == "tokens.own_key"
    assert refusal_of(secret) == "tokens.not_confirmed"


def test_a_colleague_without_those_rights_cannot_confirm_it():
    set_role(MEI, "it")
    row, secret = create()

    assert confirm(COLLEAGUE, row) == "tokens.not_yours_to_confirm"
    with pytest.raises(NotPermitted):
        confirm(LING, row)
    assert refusal_of(secret) == "tokens.not_confirmed"


def test_no_key_confirms_another():
    row, secret = create()
    _, machine = create(ADMIN, "administrator", "admin key")

    assert confirm(actor_of(machine), row) == "tokens.own_key"
    assert (refusal_of(secret), stored(row).confirmation) == ("tokens.not_confirmed", "needed")


def test_confirming_asks_who_sits_there():
    row, _ = create()
    with freeze(NOON):
        token = session_of(ADMIN)
        with reading(AUTHENTICATION) as session:
            admin = find_session_user(session, token).actor

    with freeze(NOON + FRESH + timedelta(seconds=1)), pytest.raises(ReauthenticationNeeded):
        confirm(admin, row)

    assert stored(row).confirmation == "needed"


def test_a_key_that_has_ended_cannot_be_confirmed():
    row, _ = create()
    transact(ADMIN, lambda session: revoke_token(session, row.id))

    assert confirm(ADMIN, row) == "tokens.ended"


def test_a_maker_who_lost_rights_leaves_the_key_only_what_both_may_do():
    row, secret = create(ADMIN, "operations")

    set_role(ADMIN, "it")

    actor = actor_of(secret)
    assert actor.permissions == ROLE_PERMISSIONS[Role.OPERATIONS] & ROLE_PERMISSIONS[Role.IT]
    assert not actor.can(Permission.ORDER_APPROVE)
    assert actor.can(Permission.EVENT_VIEW)
    set_role(WEI, "administrator")
    assert confirm(replace(IT, role=Role.ADMINISTRATOR), row) == ""
    assert actor_of(secret).can(Permission.ORDER_APPROVE)


def test_a_maker_who_went_to_a_partner_leaves_the_key_nothing_outside_that_branch():
    _, brand = create(ADMIN, "operations")
    _, branch = create(ADMIN, "partner_clerk", partner="HD")

    set_role(ADMIN, "partner_owner", HUADONG_PATH)

    assert actor_of(brand).permissions == frozenset()
    assert actor_of(branch).permissions == ROLE_PERMISSIONS[Role.PARTNER_CLERK]


def test_keys_above_their_makers_are_named_by_the_examination():
    waiting, _ = create()
    lessened, _ = create(ADMIN, "operations")
    confirmed, _ = create(name="second")
    confirm(ADMIN, confirmed)
    create(command_line(), "operations")
    create(IT, "it")
    set_role(ADMIN, "executive")

    with reading(command_line()) as session:
        above = keys_above_makers(session)

    assert above == {"needed": [waiting.prefix], "not_needed": [lessened.prefix], "confirmed": [confirmed.prefix]}


def test_the_doctor_names_them(monkeypatch, database):
    monkeypatch.setenv("QUDAO_DATABASE_URL", database.url.render_as_string(hide_password=False))
    row, _ = create()

    findings = [one for one in diagnose()["findings"] if one["name"] == "api keys"]
    engine_in_use().dispose()  # it has opened one of its own

    assert [(one["level"], row.prefix in one["detail"]) for one in findings] == [("warning", True)]
