"""Accounts from their record: let in by a link, locked, unlocked."""

import pytest
from nicegui.testing import User

from tests.browser.finding import found, is_there, one
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, HUADONG_OWNER, WEI
from tests.pages.staff_rows import answer_to_test_host, become, facts_of

pytestmark = pytest.mark.nicegui_main_file("tests/pages/staff_main.py")


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)


async def test_a_link_to_sign_in_is_shown_to_hand_on(user: User) -> None:
    sign_in_as(user.http_client, ADMIN)
    await user.open("/users/wei@example.com")

    found(user, "action-link").click()
    await user.should_see("Send this link to wei@example.com.", retries=50)

    link = one(user, "field-link").props["value"]
    assert link.startswith("http://test/password?token=")
    answer = await user.http_client.get(link.removeprefix("http://test"))
    assert answer.status_code == 200


async def test_a_person_is_locked_after_a_question_and_unlocked_again(user: User) -> None:
    sign_in_as(user.http_client, ADMIN)
    await user.open("/users/wei@example.com")

    found(user, "action-lock").click()
    await user.should_see("All their sessions end at once.", retries=50)
    found(user, "action-confirm").click()
    await become(lambda: facts_of("users", WEI.person, "status"), ("locked",))

    await user.open("/users/wei@example.com")
    found(user, "action-unlock").click()
    await user.should_see("They can sign in again", retries=50)
    found(user, "action-confirm").click()
    await become(lambda: facts_of("users", WEI.person, "status"), ("invited",))  # the cast never chose a password


async def test_nobody_locks_themselves_out(user: User) -> None:
    sign_in_as(user.http_client, ADMIN)
    await user.open("/users/admin@example.com")

    found(user, "action-lock").click()
    await user.should_see("All their sessions end at once.", retries=50)
    found(user, "action-confirm").click()

    await user.should_see("This is your own account", retries=50)
    assert facts_of("users", ADMIN.person, "status") == ("active",)


async def test_an_owner_gets_the_buttons_for_the_own_people_and_none_to_let_themselves_go(user: User) -> None:
    sign_in_as(user.http_client, HUADONG_OWNER)

    await user.open("/users/clerk@huadong.example.com")
    assert all(is_there(user, name) for name in ("action-link", "action-lock", "action-leave"))
    await user.open("/users/owner@huadong.example.com")

    assert not is_there(user, "action-leave")
