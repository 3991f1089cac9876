"""Changes of upstream in the inbox and on their page: who is to move is named to whoever decides about it."""

from datetime import timedelta

import pytest
from nicegui import ElementFilter
from nicegui.testing import User

from core.access import Actor
from core.clock import freeze
from core.database.sessions import reading
from core.i18n import set_language, use_language
from pages.partners._affiliation_facts import read_request
from pages.partners.inbox import read_inbox
from services.approvals.worklist import worklist
from services.partners.affiliation_requests import ask_affiliation
from services.partners.approval import agree_to_affiliation
from services.partners.queries import find_partner
from tests.browser.signing_in import sign_in_as
from tests.conftest import HUADONG_OWNER, WEI
from tests.pages.orders.ordering_rows import seen
from tests.pages.staff_rows import answer_to_test_host, state_rows
from tests.services.applications.support import act, refused
from tests.services.partners.test_affiliation_requests import LATER, NEW, NOON, OWNER, ask

pytestmark = pytest.mark.nicegui_main_file("tests/pages/orders/ordering_main.py")


def names_read_by(actor: Actor, number: str) -> list[str]:
    """Return partner, present and new upstream as an actor reads them."""
    with reading(actor) as session, use_language("en"):
        facts = read_request(session, number)
        request = facts.request
        return [facts.name_of(one) for one in (request.partner_id, request.from_upstream_id, request.to_upstream_id)]


def test_the_new_upstream_reads_whom_it_is_to_take_over_and_nothing_else_of_it(database):
    number = ask()

    assert names_read_by(NEW, number) == ["苏州代理", "another partner", "北方总代"]
    with reading(NEW) as session:
        assert [one.title for one in worklist(session)] == ["苏州代理"]
        assert read_request(session, number).linked == {3}
    refused("partners.not_found", NEW, find_partner, "SZ")


def test_an_owner_who_is_asked_by_others_reads_under_whom_it_is_to_stand(database):
    number = ask(WEI)

    assert names_read_by(OWNER, number) == ["苏州代理", "another partner", "北方总代"]


def test_a_code_is_not_tried_out_for_a_name_by_requesting_a_change(database):
    by_owner = ask()

    assert names_read_by(OWNER, by_owner)[2] == "another partner"
    assert names_read_by(HUADONG_OWNER, by_owner)[2] == "another partner"
    act(NEW, agree_to_affiliation, by_owner)

    assert names_read_by(OWNER, by_owner)[2] == "北方总代"


def test_what_is_late_says_by_how_much_its_deadline_has_passed(database):
    ask()

    with freeze(NOON + timedelta(days=3, hours=10)), reading(NEW) as session, use_language("en"):
        found = read_inbox(session, "")

    assert [(one.title, one.age, one.is_late) for one in found.items] == [("苏州代理", "10 h late", True)]


@pytest.fixture
def number(sqlite_database, monkeypatch):
    """Request that a partner of another branch move under 华东总代."""
    answer_to_test_host(monkeypatch)
    set_language("en")
    state_rows("partners", {"code": ["YZ"], "name": ["扬州代理"], "tier": ["agent_1"], "upstream": ["BF"]})
    with freeze(NOON):
        return act(WEI, ask_affiliation, "YZ", "HD", LATER, "离得近").number


async def test_the_inbox_says_who_has_answered_and_how_long_is_left(user: User, number) -> None:
    with freeze(NOON):
        sign_in_as(user.http_client, HUADONG_OWNER)
        await user.open("/approvals?subject=affiliation_requests")

        for text in ("扬州代理 · YZ", "another partner", "Answer of the owner", "Not answered yet", "3 days left"):
            await seen(user, text)
        await user.should_not_see("Decided by", retries=1)


async def test_an_answer_is_shown_with_who_gave_it(user: User, number) -> None:
    act(HUADONG_OWNER, agree_to_affiliation, number)
    sign_in_as(user.http_client, WEI)

    await user.open(f"/affiliation_requests/{number}")

    await seen(user, "Agreed · owner · ")


async def test_the_page_of_a_change_names_the_partner_to_the_new_upstream_without_a_link(user: User, number) -> None:
    sign_in_as(user.http_client, HUADONG_OWNER)

    await user.open(f"/affiliation_requests/{number}")

    await seen(user, "扬州代理 under 华东总代")
    assert user.client
    with user.client:
        links = {element.props.get("href") for element in ElementFilter()}
    assert "/partners/HD" in links
    assert "/partners/YZ" not in links
