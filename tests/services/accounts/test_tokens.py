"""Keys of programs: shown once, limited in time and reach, gone when revoked."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.access import command_line
from core.clock import freeze
from core.database.sessions import reading, transact, unit_of_work
from core.errors import InvalidInput, NotFound, NotPermitted
from core.events.log import Event
from core.permissions import Role
from models.accounts.tokens import ApiToken
from models.accounts.users import User
from models.partners.partners import Partner
from services.accounts.sessions import AUTHENTICATION, SignInNeeded
from services.accounts.tokens import actor_of_token, create_token, list_tokens, note_used, revoke_token
from tests.conftest import ADMIN, HUADONG, LING

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def create(actor=ADMIN, name="ERP", role="operations", **more) -> tuple[ApiToken, str]:
    return transact(actor, lambda session: create_token(session, name, role=role, **more))


def actor_of(secret: str):
    with reading(AUTHENTICATION) as session:
        return actor_of_token(session, secret)


def is_valid(secret: str) -> bool:
    try:
        actor_of(secret)
    except SignInNeeded:
        return False
    return True


def change(model, key, value, **values) -> None:
    with unit_of_work(ADMIN) as session:
        row = session.scalars(select(model).where(key == value)).one()
        for name, new in values.items():
            setattr(row, name, new)


def test_a_key_acts_with_its_role_for_the_person_who_made_it(database):
    row, secret = create()

    actor = actor_of(secret)
    assert secret.startswith("qd_")
    assert len(secret) == 46
    assert (actor.name, actor.role, actor.person, actor.user_id) == ("ERP", Role.OPERATIONS, ADMIN.person, None)
    assert (actor.source, actor.partner_path, row.prefix) == ("api", "", secret[:9])


def test_the_secret_is_stored_nowhere(database):
    _, secret = create()

    with reading(ADMIN) as session:
        stored = session.scalars(select(ApiToken)).one()
        event = session.scalars(select(Event).where(Event.action == "token.created")).one()
    assert secret not in (stored.token_hash, stored.prefix, str(event.data), event.subject_key)
    assert event.data["role"] == "operations"
    assert not is_valid(stored.token_hash)


def test_a_key_made_at_the_machine_stands_for_itself(database):
    _, secret = create(command_line())

    assert actor_of(secret).person == "token ERP"


def test_a_partners_key_sees_the_branch_of_now(database):
    _, secret = create(role="partner_clerk", partner="HD")
    change(Partner, Partner.id, HUADONG, path="00000Z")

    actor = actor_of(secret)
    assert (actor.partner_id, actor.partner_path) == (HUADONG, "00000Z")


@pytest.mark.parametrize(
    ("stated", "error", "code"),
    [
        ({"name": "  "}, InvalidInput, "tokens.name_required"),
        ({"lasts": timedelta(days=366)}, InvalidInput, "tokens.lasts_too_long"),
        ({"lasts": timedelta(0)}, InvalidInput, "tokens.lasts_too_long"),
        ({"role": "king"}, InvalidInput, "users.unknown_role"),
        ({"role": "partner_clerk"}, InvalidInput, "users.partner_required"),
        ({"role": "sales", "partner": "HD"}, InvalidInput, "users.partner_not_allowed"),
        ({"role": "partner_clerk", "partner": "NIX"}, InvalidInput, "partners.not_found"),
        ({"actor": LING}, NotPermitted, "access.denied"),
    ],
)
def test_what_cannot_be_makes_no_key(database, stated, error, code):
    with pytest.raises(error) as refused:
        create(**stated)

    assert refused.value.code == code
    with reading(ADMIN) as session:
        assert list_tokens(session) == []


def test_nobody_makes_a_key_above_their_own_reach(database):
    change(User, User.email, LING.person, role="it")
    it = command_line().__class__("ling", Role.IT, LING.person, LING.user_id)

    with pytest.raises(NotPermitted) as refused:
        create(it, role="administrator")

    assert refused.value.code == "tokens.role_not_yours_to_give"


def test_a_revoked_key_is_not_valid(database):
    row, secret = create()

    transact(ADMIN, lambda session: revoke_token(session, row.id))

    assert not is_valid(secret)
    with pytest.raises(NotFound):
        transact(ADMIN, lambda session: revoke_token(session, row.id + 1))


def test_a_key_ends_after_its_time(database):
    with freeze(NOON):
        _, secret = create(lasts=timedelta(days=30))

    with freeze(NOON + timedelta(days=30, seconds=-1)):
        assert is_valid(secret)
    with freeze(NOON + timedelta(days=30)):
        assert not is_valid(secret)


def test_a_key_dies_with_the_account_behind_it_and_with_the_partner(database):
    _, own = create()
    _, partners = create(command_line(), role="partner_clerk", partner="HD")

    change(User, User.email, ADMIN.person, status="locked")
    change(Partner, Partner.id, HUADONG, status="closed")

    assert (is_valid(own), is_valid(partners)) == (False, False)


@pytest.mark.parametrize("secret", ["", "qd_", "qd_" + "A" * 43, "x" * 10_000])
def test_a_text_that_is_no_key_is_not_valid(database, secret):
    create()

    assert not is_valid(secret)


def test_using_a_key_is_noted_to_the_minute(database):
    with freeze(NOON):
        _, secret = create()
        transact(AUTHENTICATION, lambda session: note_used(session, secret))
    with freeze(NOON + timedelta(seconds=59)):
        transact(AUTHENTICATION, lambda session: note_used(session, secret))

    with reading(ADMIN) as session:
        assert session.scalars(select(ApiToken.used_at)).one() == NOON
