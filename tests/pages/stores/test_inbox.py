"""Stores in the inbox: a tab whose count is that of its list, one decided after the other, many at once."""

import pytest
from nicegui.testing import User

from core.clock import freeze, now
from core.database.sessions import unit_of_work
from core.i18n import set_language
from pages.stores.inbox import LATE
from services.stores.review import close_store, decide_store
from tests.browser.finding import found, is_there, one, state
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, LING, MEI
from tests.pages.orders.ordering_rows import seen
from tests.pages.staff_rows import answer_to_test_host, become
from tests.services.stores import support
from tests.services.stores.support import away, doubtful, stored

pytestmark = pytest.mark.nicegui_main_file("tests/pages/orders/ordering_main.py")


@pytest.fixture(autouse=True)
def stores(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)
    doubtful("S1")
    doubtful("S2", **away(5_000))


async def open_inbox(user: User, query: str = "") -> None:
    set_language("en")  # as the socket of a real browser does
    sign_in_as(user.http_client, LING)
    await user.open(f"/approvals?subject=stores{query}")


def statuses() -> tuple[str, ...]:
    return tuple(stored(code).status for code in ("S1", "S2"))


async def test_the_count_of_the_tab_is_that_of_the_list_and_goes_down_with_it(user: User) -> None:
    await open_inbox(user, "&store=S2")
    await seen(user, "2 to decide")
    assert one(user, "subject-stores").text == "Stores 2"

    found(user, "action-accept").click()
    await seen(user, "1 to decide")

    assert one(user, "subject-stores").text == "Stores 1"
    assert statuses() == ("under_review", "active")
    assert not is_there(user, "item-S2")


async def test_who_may_not_review_stores_has_no_tab_for_them(user: User) -> None:
    set_language("en")
    sign_in_as(user.http_client, MEI)

    assert (await user.http_client.get("/approvals?subject=stores")).status_code == 403
    await user.open("/approvals")

    assert not is_there(user, "subject-stores")
    assert not is_there(user, "item-S1")


async def test_many_are_accepted_at_once_after_their_number_is_named(user: User) -> None:
    await open_inbox(user)
    for code in ("S1", "S2"):
        found(user, f"tick-{code}").trigger("change", True)

    found(user, "action-accept-chosen").click()
    await seen(user, "Accept 2 stores?")
    assert set(statuses()) == {"under_review"}
    found(user, "action-confirm").click()

    await become(statuses, ("active", "active"))
    await seen(user, "0 to decide")


async def test_a_store_that_is_sent_back_still_waits_and_stays_in_the_list_as_such(user: User) -> None:
    await open_inbox(user, "&store=S1")

    state(user, "note", "请补拍门头照")
    found(user, "action-send-back").click()
    await become(statuses, ("applied", "under_review"))
    await seen(user, "Sent back · ")

    await become(lambda: one(user, "item-S2").props.get("aria-current"), "true")
    assert one(user, "subject-stores").text == "Stores 2"
    assert is_there(user, "item-S1")
    await open_inbox(user)
    await seen(user, "Sent back · ")


async def test_the_only_store_can_be_sent_back_and_is_shown_as_it_is_by_then(user: User) -> None:
    with unit_of_work(LING) as session:
        decide_store(session, "S2")
    await open_inbox(user)

    state(user, "note", "请补拍门头照")
    found(user, "action-send-back").click()
    await become(statuses, ("applied", "active"))
    await seen(user, "Sent back · ")

    await become(lambda: one(user, "item-S1").props.get("aria-current"), "true")
    assert one(user, "subject-stores").text == "Stores 1"


async def test_each_of_many_says_what_became_of_it_and_none_stays_that_a_colleague_decided(user: User) -> None:
    await open_inbox(user)
    found(user, "tick-all").trigger("change", True)
    with unit_of_work(ADMIN) as session:
        decide_store(session, "S2")

    found(user, "action-accept-chosen").click()
    await seen(user, "Accept 2 stores?")
    found(user, "action-confirm").click()
    await seen(user, "1 of 2 accepted")

    await seen(user, "1 not decided")
    await seen(user, "Store S2 is “Active” already")
    await seen(user, "Stores 0")
    assert not is_there(user, "item-S2")
    assert statuses() == ("active", "active")


async def test_a_store_that_a_colleague_closed_is_not_accepted_by_a_list_of_before(user: User) -> None:
    await open_inbox(user)
    found(user, "tick-S2").trigger("change", True)
    with unit_of_work(ADMIN) as session:
        close_store(session, "S2", "重复")

    found(user, "action-accept-chosen").click()
    await seen(user, "Accept 1 store?")
    found(user, "action-confirm").click()
    await seen(user, "0 of 1 accepted")

    await seen(user, "Store S2 was changed while you had it open")
    assert statuses() == ("under_review", "closed")


async def test_a_finding_that_is_dismissed_is_shown_so_at_once(user: User) -> None:
    await open_inbox(user, "&store=S1")
    button = one(user, "action-dismiss-position.far_from_region")
    assert str(button.props["aria-label"]).startswith(f"{button.text}: ")  # type: ignore[attr-defined]

    found(user, "action-dismiss-position.far_from_region").click()
    await seen(user, "Dismiss “")
    state(user, "reason", "no")
    found(user, "action-confirm").click()

    await seen(user, "Dismissed · no")
    assert stored("S1").status == "under_review"


async def test_a_store_whose_finding_was_dismissed_is_accepted_with_others_at_its_new_version(user: User) -> None:
    await open_inbox(user, "&store=S1")
    found(user, "action-dismiss-position.far_from_region").click()
    await seen(user, "Dismiss “")
    state(user, "reason", "no")
    found(user, "action-confirm").click()
    await seen(user, "Dismissed · no")

    found(user, "tick-S1").trigger("change", True)
    found(user, "action-accept-chosen").click()
    await seen(user, "Accept 1 store?")
    found(user, "action-confirm").click()

    await seen(user, "1 of 1 accepted")


async def test_a_store_that_the_list_is_too_short_for_is_still_opened_by_its_address(user: User, monkeypatch) -> None:
    monkeypatch.setattr("pages.stores.inbox.SHOWN_MAX", 1)

    await open_inbox(user, "&store=S2")

    assert is_there(user, "item-S2")
    assert (one(user, "item-S1").props["data-testid"], len(support.events("store.accepted"))) == ("item-S1", 0)


async def test_the_source_of_a_position_has_the_same_label_as_in_the_list(user: User) -> None:
    await open_inbox(user, "&store=S1")

    await seen(user, "Position source")


async def test_a_store_is_late_from_its_deadline_on_and_not_before(user: User) -> None:
    with freeze(now() + LATE * 0.75):
        await open_inbox(user)
        await seen(user, "waiting 36 h")
    with freeze(now() + LATE * 1.25):
        await open_inbox(user)
        await seen(user, "12 h late")
