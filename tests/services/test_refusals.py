"""Refused access is told in the trail: who, where, for want of what; and never in a flood."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.access import Permission
from core.clock import freeze
from core.database import reading
from core.errors import NotPermitted
from core.events import Event
from services import refusals
from services.refusals import EVERY, note_refusal
from tests.conftest import ADMIN, HUADONG_CLERK, HUADONG_PATH, WEI
from tests.services.knocking import NOON


@pytest.fixture(autouse=True)
def nobody_was_refused_before(database, monkeypatch):
    monkeypatch.setattr(refusals, "_known", {})


def refusal(actor, permission=Permission.USER_EDIT) -> NotPermitted:
    with pytest.raises(NotPermitted) as refused:
        actor.require(permission)
    return refused.value


def told() -> list[Event]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(Event).where(Event.action == "access.refused").order_by(Event.id)))


def test_the_trail_says_who_was_refused_where_and_what_was_missing():
    note_refusal(HUADONG_CLERK, refusal(HUADONG_CLERK), "/users/wei@example.com")

    (one,) = told()
    assert (one.person, one.subject, one.subject_key, one.path) == (
        HUADONG_CLERK.person, "access", "user.edit", HUADONG_PATH,
    )  # fmt: skip
    assert one.data == {"permission": "user.edit", "route": "/users/wei@example.com", "role": "partner_clerk"}


def test_a_flood_of_refusals_is_told_once_in_ten_minutes():
    with freeze(NOON):
        noted = [note_refusal(WEI, refusal(WEI), f"/users/{n}") for n in range(50)]
    with freeze(NOON + EVERY - timedelta(seconds=1)):
        noted.append(note_refusal(WEI, refusal(WEI), "/users"))
    with freeze(NOON + EVERY):
        noted.append(note_refusal(WEI, refusal(WEI), "/users"))

    assert (noted.count(True), noted[0], noted[-1], len(told())) == (2, True, True, 2)


def test_another_process_does_not_tell_it_again(monkeypatch):
    with freeze(NOON):
        note_refusal(WEI, refusal(WEI), "/users")
        monkeypatch.setattr(refusals, "_known", {})

        assert note_refusal(WEI, refusal(WEI), "/users") is False
    assert len(told()) == 1


def test_other_people_and_other_permissions_are_told_beside_it():
    with freeze(NOON):
        note_refusal(WEI, refusal(WEI), "/users")
        note_refusal(WEI, refusal(WEI, Permission.TOKEN_EDIT), "/tokens")
        note_refusal(HUADONG_CLERK, refusal(HUADONG_CLERK), "/users")
        note_refusal(WEI, NotPermitted("tokens.role_not_yours_to_give", "no"), "/tokens/new")

    keys = [(one.person, one.subject_key) for one in told()]
    assert keys == [
        (WEI.person, "user.edit"),
        (WEI.person, "token.edit"),
        (HUADONG_CLERK.person, "user.edit"),
        (WEI.person, "tokens.role_not_yours_to_give"),
    ]
