"""Accounts from their record: let in by a link, locked, unlocked; and the search that finds any record."""

import pytest
from nicegui.testing import User

from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_OWNER, WEI
from tests.pages.finding import found, is_there, one
from tests.pages.signing_in import sign_in_as
from tests.pages.staff_rows import answer_to_test_host, become, customers, facts_of, state_rows

pytestmark = pytest.mark.nicegui_main_file("tests/pages/staff_main.py")


@pytest.fixture(autouse=True)
def house(sqlite_database, monkeypatch):
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


async def test_a_few_words_find_records_of_every_kind_one_may_see(user: User) -> None:
    customers(1)
    state_rows("customers", {"code": ["H1"], "name": ["华东一号店"], "partner": ["HD"]})
    sign_in_as(user.http_client, WEI)

    answer = await user.http_client.get("/search.json?q=华东")

    assert answer.json() == {
        "items": [
            {"label": "华东一号店", "hint": "Customer H1", "href": "/customers/H1"},
            {"label": "华东总代", "hint": "Partner HD", "href": "/partners/HD"},
        ]
    }


async def test_a_rival_finds_nothing_and_a_short_word_is_no_error(user: User) -> None:
    sign_in_as(user.http_client, BEIFANG_CLERK)

    rival = await user.http_client.get("/search.json?q=华东")
    short = await user.http_client.get("/search.json?q=a")

    assert (rival.status_code, rival.json()) == (200, {"items": []})
    assert (short.status_code, short.json()) == (200, {"items": []})
