"""The start page: numbers that equal the lists they lead to, and the first steps in a new installation."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from nicegui.testing import User

from core.database.sessions import reading, unit_of_work
from core.queries.finding import find_page, read_query
from pages.shell.navigation import counts_waiting
from pages.start import find_overview
from resources import BY_NAME
from services.approvals.worklist import waiting_count, worklist
from services.orders.drafts import OrderDraft
from services.orders.lifecycle import place_order
from services.orders.pricing import LineDraft
from services.partners.approval import agree_to_affiliation
from tests.browser.finding import found, is_there, one
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, CAST, HUADONG_CLERK, HUADONG_OWNER, LING, MEI, WEI
from tests.pages.staff_rows import answer_to_test_host, customers, state_rows
from tests.services.applications.support import act, invited
from tests.services.partners.test_affiliation_requests import NEW, OWNER, ask
from tests.services.stores.support import doubtful

pytestmark = pytest.mark.nicegui_main_file("tests/pages/staff_main.py")


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)


def goods() -> None:
    state_rows("products", {"sku": ["QH-500"], "name": ["山茶油"]})
    state_rows(
        "prices", {"sku": ["QH-500"], "tier": ["master_agent"], "unit_price": ["100"], "valid_from": ["2026-01-01"]}
    )


def order(actor, *, submit: bool = True) -> str:
    draft = OrderDraft(buyer="HD", lines=[LineDraft("QH-500", 12)])
    with unit_of_work(actor) as session:
        return place_order(session, draft, submit=submit).number


@pytest.mark.parametrize("actor", CAST, ids=lambda actor: actor.name)
def test_every_number_equals_the_list_it_leads_to(actor) -> None:
    goods()
    customers(3, "won")
    state_rows("customers", {"code": ["X1", "X2"], "name": ["a", "b"], "owner": [actor.person] * 2})
    order(HUADONG_CLERK)
    order(WEI, submit=False)

    with reading(actor) as session:
        overview = find_overview(session)
        counted = {one.name: one.count for one in [*overview.waiting, *overview.figures]}
        listed = {
            one.name: find_page(session, list_query(actor, one.href)).total
            for one in [*overview.waiting, *overview.figures]
            if urlsplit(one.href).path[1:] in BY_NAME
        }

    assert listed == {name: count for name, count in counted.items() if name in listed}
    inboxes = {"approvals", "applications", "affiliation_requests", "store-review", "to-approve"}
    assert len(listed) == len(counted) - len(inboxes & counted.keys())


def list_query(actor, href: str):
    """Return what a list asks for at this address."""
    address = urlsplit(href)
    return read_query(BY_NAME[address.path[1:]], actor, parse_qsl(address.query), from_address=True)


def test_an_order_of_ones_own_does_not_wait_for_oneself() -> None:
    goods()
    order(LING)
    order(HUADONG_CLERK)

    with reading(LING) as session:
        lings = waiting_count(session, "orders")
    with reading(MEI) as session:
        meis = waiting_count(session, "orders")

    assert (lings, meis) == (1, 2)


@pytest.mark.parametrize("actor", [ADMIN, LING, MEI, HUADONG_OWNER], ids=lambda actor: actor.name)
def test_everything_that_waits_is_one_number_that_navigation_and_start_page_share(actor) -> None:
    goods()
    order(HUADONG_CLERK)
    doubtful("S1")
    number = ask(WEI)
    act(NEW, agree_to_affiliation, number)
    act(OWNER, agree_to_affiliation, number)
    invited()

    with reading(actor) as session:
        overview = {one.name: one.count for one in find_overview(session).waiting}
        items, counts = worklist(session), counts_waiting(session)

    assert overview["approvals"] == counts["approvals"] == len(items) > 0
    parts = ("applications", "affiliation_requests", "store-review", "to-approve")
    assert overview["approvals"] == sum(overview.get(part, 0) for part in parts), "each part has a tile of its own"


async def test_the_place_of_a_subject_leads_who_decides_to_the_inbox_and_others_to_the_list(user: User) -> None:
    for actor, href in ((LING, "/approvals?subject=affiliation_requests"), (WEI, "/affiliation_requests")):
        sign_in_as(user.http_client, actor)
        await user.open("/")
        assert one(user, "nav-affiliation_requests").props["href"] == href
    assert not is_there(user, "nav-approvals")


async def test_what_waits_stands_in_the_navigation_and_on_the_page(user: User) -> None:
    goods()
    order(HUADONG_CLERK)
    sign_in_as(user.http_client, MEI)

    await user.open("/")

    assert one(user, "tile-approvals").props["href"] == "/approvals"
    await user.should_see("1 waiting")


@pytest.mark.parametrize("actor", CAST, ids=lambda actor: actor.name)
async def test_everyone_has_a_start_page(user: User, actor) -> None:
    sign_in_as(user.http_client, actor)

    await user.open("/")

    assert one(user, "nav-start").props["aria-current"] == "page"


async def test_a_new_installation_shows_the_first_steps(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    await user.open("/")

    await user.should_see("First steps")
    assert one(user, "action-first-import").props["href"] == "/customers/import"  # partners are there: the cast


async def test_the_first_steps_are_over_with_the_first_order(user: User) -> None:
    goods()
    order(WEI)
    sign_in_as(user.http_client, WEI)

    await user.open("/")

    await user.should_not_see("First steps")


async def test_a_user_without_the_audit_log_sees_only_their_own_events(user: User) -> None:
    state_rows("customers", {"code": ["A1"], "name": ["of the administrator"]}, ADMIN)
    state_rows("customers", {"code": ["W1"], "name": ["of Wei"]}, WEI)
    sign_in_as(user.http_client, WEI)

    await user.open("/")

    await user.should_see("Customer added W1")
    await user.should_not_see("A1")
    await user.should_not_see("To the audit trail")


async def test_many_events_alike_are_said_once(user: User) -> None:
    customers(30)
    sign_in_as(user.http_client, LING)

    await user.open("/")

    await user.should_see("Customer added: 30")


async def test_a_partner_is_not_shown_the_first_steps(user: User) -> None:
    sign_in_as(user.http_client, HUADONG_CLERK)

    await user.open("/")

    await user.should_not_see("First steps")
    assert not is_there(user, "tile-to-review")
    assert found(user, "tile-drafts")
