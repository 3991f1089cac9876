"""The search of the frame: a few words find records of every kind that somebody may see."""

import pytest
from nicegui.testing import User

from core.access import Actor
from tests.browser.signing_in import sign_in_as
from tests.conftest import BEIFANG_CLERK, HUADONG_OWNER, LING, SUZHOU_CLERK, WEI
from tests.pages.staff_rows import answer_to_test_host, customers, state_rows
from tests.services.applications.support import confirmed, partner_of

pytestmark = pytest.mark.nicegui_main_file("tests/pages/staff_main.py")


@pytest.fixture(autouse=True)
def house(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)


async def found_by(user: User, actor: Actor, words: str) -> list[str]:
    """Return where each record leads that somebody finds by a few words."""
    sign_in_as(user.http_client, actor)
    answer = await user.http_client.get("/search.json", params={"q": words})
    assert answer.status_code == 200
    return [item["href"] for item in answer.json()["items"]]


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


async def test_stores_are_found_by_their_brand_and_upstream_and_by_no_rival(user: User) -> None:
    state_rows("stores", {"code": ["S1"], "name": ["观前街老店"], "partner": ["SZ"]})

    assert await found_by(user, WEI, "观前街") == ["/stores/S1"]
    assert await found_by(user, SUZHOU_CLERK, "观前街") == ["/stores/S1"]
    assert await found_by(user, HUADONG_OWNER, "s1") == ["/stores/S1"]
    assert await found_by(user, BEIFANG_CLERK, "观前街") == []


async def test_applications_are_found_by_those_who_decide_them(user: User) -> None:
    number = confirmed()

    assert await found_by(user, LING, "恒源") == [f"/partners/{partner_of(number).code}", f"/applications/{number}"]
    assert await found_by(user, BEIFANG_CLERK, "恒源") == []
