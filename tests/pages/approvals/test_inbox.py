"""The inbox of approvals: what waits, every fact to decide on, one decision each, many at once, never one's own."""

import pytest
from nicegui import ElementFilter
from nicegui.testing import User
from sqlalchemy import select

from core.access import Actor
from core.clock import freeze, now
from core.database.sessions import reading, unit_of_work
from core.i18n import set_language
from models.approvals import ApprovalDecision
from models.orders import Order
from pages.approvals.inbox import register_approvals
from pages.approvals.spans import LATE
from pages.orders._decision_facts import percent_text
from resources.partners import PARTNERS
from services.orders.approval import approve_order, return_order
from services.orders.lifecycle import submit_order, withdraw_order
from tests.browser.finding import found, is_there, one, state
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK, LING, MEI, SUZHOU_CLERK
from tests.pages.orders.ordering_rows import order, seen, state_price, stock_range
from tests.pages.staff_rows import answer_to_test_host
from tests.services.orders.support import save
from tests.services.stores.support import away, doubtful

pytestmark = pytest.mark.nicegui_main_file("tests/pages/orders/ordering_main.py")


@pytest.fixture(autouse=True)
def house(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)
    stock_range()


async def open_inbox(user: User, actor: Actor, query: str = "") -> None:
    set_language("en")  # as the socket of a real browser does
    sign_in_as(user.http_client, actor)
    await user.open(f"/approvals{query}")


def statuses() -> dict[str, str]:
    with reading(ADMIN) as session:
        return {row.number: row.status for row in session.execute(select(Order.number, Order.status))}


def texts_of_items(user: User) -> list[list[str]]:
    """Return what the lines of the list say: buyer, amount, why, how long."""
    assert user.client
    with user.client:
        items = [element for element in ElementFilter() if str(element.props.get("data-testid")).startswith("item-")]
    items.sort(key=lambda element: element.id)
    return [[child.text for child in item.default_slot.children] for item in items]


async def test_the_inbox_lists_who_how_much_why_and_how_long_the_longest_waiting_first(user: User) -> None:
    with freeze(now() - LATE * 2):
        order(SUZHOU_CLERK, ("QH-500", 12))
    order(BEIFANG_CLERK, ("QH-501", 24))

    await open_inbox(user, MEI)

    assert texts_of_items(user) == [
        ["苏州代理", "¥1,320.00", "Every order needs a decision", "24 h late"],
        ["北方总代", "¥480.00", "Every order needs a decision", "waiting 1 min"],
    ]
    await seen(user, "2 to decide · 1 late")


async def test_one_box_ticks_every_order_that_may_be_decided(user: User) -> None:
    numbers = [order(SUZHOU_CLERK, ("QH-500", 12)), order(BEIFANG_CLERK, ("QH-501", 24))]
    await open_inbox(user, LING)

    found(user, "tick-all").trigger("change", True)
    await seen(user, "Approve chosen (2)")
    found(user, f"tick-{numbers[0]}").trigger("change", False)
    await seen(user, "Approve chosen (1)")

    boxes = [one(user, f"tick-{name}").props.get("checked") for name in ("all", *numbers)]
    assert boxes == [None, None, ""]


async def test_what_is_decided_warns_of_nothing_any_more(user: User) -> None:
    number = order(SUZHOU_CLERK, ("QH-500", 12))
    with unit_of_work(LING) as session:
        approve_order(session, number)

    await open_inbox(user, LING, "?view=done")

    await seen(user, number)
    assert not is_there(user, "findings")


@pytest.mark.parametrize("limit", ("800000", ""))
async def test_what_is_decided_shows_the_credit_of_that_moment_whatever_became_of_it(user: User, limit: str) -> None:
    number = order(SUZHOU_CLERK, ("QH-500", 12))
    with unit_of_work(LING) as session:
        return_order(session, number, "改数量")
    with unit_of_work(SUZHOU_CLERK) as session:
        submit_order(session, number)
    save(PARTNERS, MEI, {"code": "SZ", "credit_limit": "900000"})
    with unit_of_work(LING) as session:
        approve_order(session, number)
    save(PARTNERS, MEI, {"code": "SZ", "credit_limit": limit})

    await open_inbox(user, LING, "?view=done")

    await seen(user, "When decided: credit limit ¥50,000.00, ¥1,320.00 used, ¥48,680.00 left after this order")
    await seen(user, "When decided: credit limit ¥900,000.00, ¥1,320.00 used, ¥898,680.00 left after this order")
    await user.should_not_see("¥800,000.00", retries=1)


async def test_every_fact_to_decide_on_stands_beside_the_list(user: User) -> None:
    with unit_of_work(MEI) as session:
        approve_order(session, order(SUZHOU_CLERK, ("QH-502", 100)))
    number = order(SUZHOU_CLERK, ("QH-500", 12), ("QH-501", 24))
    state_price("QH-500", "agent_1", "100", "2026-06-01")

    await open_inbox(user, LING)

    for text in (
        number,
        " (Tier-1 agent, under 华东总代)",
        "¥50,000.00, ¥2,398.00 used",
        "¥47,602.00",
        "1 order · ¥550.00",
        "clerk",
        "Every order waits for one decision by operations or finance.",
        "¥100.00",
        "+10.0%",
        "QH-500 is ordered at 110 yuan, and the price is 100 yuan today.",
        "¥1,848.00",
    ):
        await seen(user, text)


async def test_approving_takes_the_order_away_and_opens_the_next(user: User) -> None:
    first, second = order(SUZHOU_CLERK), order(BEIFANG_CLERK)
    await open_inbox(user, LING)

    found(user, "action-approve").click()
    await seen(user, f"Order {first} approved")

    assert statuses() == {first: "approved", second: "submitted"}
    assert not is_there(user, f"item-{first}")
    assert one(user, f"item-{second}").props["aria-current"] == "true"


async def test_every_count_on_the_page_follows_a_decision(user: User) -> None:
    order(SUZHOU_CLERK)
    order(BEIFANG_CLERK)
    await open_inbox(user, LING)
    for text in ("2 waiting", "2 to decide", "To decide 2", "Decided 0"):
        await seen(user, text)

    found(user, "action-approve").click()

    for text in ("1 waiting", "1 to decide", "To decide 1", "Decided 1"):
        await seen(user, text)
    found(user, "action-approve").click()
    for text in ("0 to decide", "To decide 0", "Decided 2"):
        await seen(user, text)
    await user.should_not_see("1 waiting")


async def test_the_last_decision_leaves_an_empty_inbox(user: User) -> None:
    order(SUZHOU_CLERK)
    await open_inbox(user, LING)

    found(user, "action-approve").click()
    await seen(user, "Everything here is decided.")

    assert not is_there(user, "action-approve")


@pytest.mark.parametrize("action", ("reject", "return"))
async def test_turning_down_needs_a_reason(user: User, action: str) -> None:
    number = order(SUZHOU_CLERK)
    await open_inbox(user, LING)

    found(user, f"action-{action}").click()
    await seen(user, "Please give a reason")
    state(user, "reason", "长" * 2001)
    found(user, f"action-{action}").click()
    await seen(user, "is longer than 2000 characters")
    assert statuses() == {number: "submitted"}
    state(user, "reason", "额度已用完")
    found(user, f"action-{action}").click()
    await seen(user, "Everything here is decided.")

    assert statuses() == {number: "rejected" if action == "reject" else "draft"}
    with reading(ADMIN) as session:
        (decision,) = session.scalars(select(ApprovalDecision))
    assert (decision.person, decision.reason) == (LING.person, "额度已用完")


async def test_an_own_order_is_among_those_sent_and_someone_else_has_to_decide_it(user: User) -> None:
    number = order(LING, buyer="SZ")

    await open_inbox(user, LING)
    await seen(user, "To decide 0")
    assert not is_there(user, f"item-{number}")
    await open_inbox(user, LING, "?view=sent")

    await seen(user, "You placed or submitted this order yourself: someone else has to decide it.")
    assert is_there(user, f"item-{number}")
    assert not is_there(user, "action-approve")


async def test_the_title_is_the_same_on_every_tab_and_has_the_number_of_all_that_waits(user: User) -> None:
    order(SUZHOU_CLERK)
    doubtful("S1")
    doubtful("S2", **away(5_000))

    await open_inbox(user, LING, "?subject=orders")
    await seen(user, "3 waiting in all · Orders · 1 to decide")
    await open_inbox(user, LING, "?subject=stores")
    await seen(user, "3 waiting in all · Stores · 2 to decide")
    await seen(user, "Waiting for me")
    found(user, "action-accept").click()

    await seen(user, "2 waiting in all · Stores · 1 to decide")


async def test_the_inbox_opens_with_a_subject_in_which_something_waits(user: User) -> None:
    doubtful("S1")

    await open_inbox(user, LING)
    assert is_there(user, "item-S1")
    await open_inbox(user, LING, "?view=sent")

    await seen(user, "Nothing sent yet")


@pytest.mark.parametrize(("actor", "subject", "status"), [(LING, "bogus", 404), (MEI, "stores", 403)])
async def test_a_subject_that_is_not_there_or_not_theirs_is_no_other_one(user: User, actor, subject, status) -> None:
    order(SUZHOU_CLERK)
    sign_in_as(user.http_client, actor)

    answer = await user.http_client.get(f"/approvals?subject={subject}")

    assert answer.status_code == status


async def test_who_comes_second_reads_who_decided_and_when(user: User) -> None:
    number = order(SUZHOU_CLERK)
    await open_inbox(user, LING)
    with unit_of_work(MEI) as session:
        approve_order(session, number, "价格合理")

    found(user, "action-approve").click()
    await seen(user, f"Order {number} was approved by mei@example.com at")

    assert is_there(user, "problem")
    assert not is_there(user, "action-approve")
    with reading(ADMIN) as session:
        assert [one.person for one in session.scalars(select(ApprovalDecision))] == [MEI.person]


async def test_an_order_that_was_changed_since_it_was_seen_is_shown_again_before_it_is_decided(user: User) -> None:
    number = order(SUZHOU_CLERK)
    await open_inbox(user, LING)
    with unit_of_work(SUZHOU_CLERK) as session:
        withdraw_order(session, number)
    with unit_of_work(SUZHOU_CLERK) as session:
        submit_order(session, number)

    found(user, "action-approve").click()
    await seen(user, "was changed while you had it open")

    assert statuses() == {number: "submitted"}
    assert is_there(user, "action-approve")


async def test_many_are_decided_at_once_after_their_number_and_total_are_named(user: User) -> None:
    numbers = [order(SUZHOU_CLERK), order(BEIFANG_CLERK), order(SUZHOU_CLERK, ("QH-501", 12))]
    await open_inbox(user, LING)
    assert not one(user, "action-approve-chosen").enabled  # type: ignore[attr-defined]
    for number in numbers[:2]:
        found(user, f"tick-{number}").trigger("change", True)

    found(user, "action-approve-chosen").click()
    await seen(user, "Approve 2 orders for ¥2,520.00 in all?")
    assert set(statuses().values()) == {"submitted"}
    found(user, "action-confirm").click()
    await seen(user, "2 of 2 decided, ¥2,520.00 in all")

    await seen(user, "To decide 1")
    assert statuses() == dict(zip(numbers, ("approved", "approved", "submitted"), strict=True))
    assert not is_there(user, f"item-{numbers[0]}")
    assert is_there(user, f"item-{numbers[2]}")


async def test_of_many_each_that_was_not_decided_says_why_and_stays_while_it_waits(user: User) -> None:
    numbers = [order(SUZHOU_CLERK), order(BEIFANG_CLERK), order(HUADONG_CLERK, buyer="HD")]
    await open_inbox(user, LING)
    for number in numbers:
        found(user, f"tick-{number}").trigger("change", True)
    with unit_of_work(MEI) as session:
        approve_order(session, numbers[0])
    save(PARTNERS, MEI, {"code": "HD", "credit_limit": "1"})

    found(user, "action-approve-chosen").click()
    await seen(user, "Approve 3 orders for ")
    found(user, "action-confirm").click()
    await seen(user, "2 not decided")

    await seen(user, f"Order {numbers[0]} was approved by mei@example.com at")
    assert statuses() == dict(zip(numbers, ("approved", "approved", "submitted"), strict=True))
    await seen(user, "To decide 1")
    assert [is_there(user, f"item-{number}") for number in numbers] == [False, False, True]


async def test_what_a_colleague_decided_first_leaves_list_and_counts(user: User) -> None:
    first, second = order(SUZHOU_CLERK), order(BEIFANG_CLERK)
    await open_inbox(user, LING)
    with unit_of_work(MEI) as session:
        approve_order(session, first)

    found(user, "action-approve").click()
    await seen(user, f"Order {first} was approved by mei@example.com at")

    await seen(user, "To decide 1")
    assert [is_there(user, f"item-{number}") for number in (first, second)] == [False, True]


def state_reason(user: User, text: str) -> None:
    """Fill in the reason of the question, which stands above that of the order."""
    assert user.client
    with user.client:
        fields = sorted(found(user, "field-reason").elements, key=lambda element: element.id)
        fields[-1].value = text  # type: ignore[attr-defined]


async def test_what_was_decided_and_what_was_sent_have_views_of_their_own(user: User) -> None:
    number, own = order(SUZHOU_CLERK), order(LING, buyer="BF")
    with unit_of_work(LING) as session:
        approve_order(session, number, "价格合理")

    await open_inbox(user, LING, "?view=done")
    assert [item[:3] for item in texts_of_items(user)] == [["苏州代理", "¥1,320.00", "Approved · 价格合理"]]
    await open_inbox(user, LING, "?view=sent")

    assert [item[:3] for item in texts_of_items(user)] == [["北方总代", "¥1,200.00", f"Submitted · {own}"]]


async def test_a_partner_sees_in_the_inbox_only_what_it_sent(user: User) -> None:
    number = order(SUZHOU_CLERK)
    order(BEIFANG_CLERK)

    await open_inbox(user, SUZHOU_CLERK)

    assert [item[0] for item in texts_of_items(user)] == ["苏州代理"]
    assert is_there(user, f"item-{number}")
    assert not is_there(user, "action-approve")
    await user.should_not_see("北方总代")


@pytest.mark.parametrize("actor", (BEIFANG_CLERK, HUADONG_CLERK))
async def test_others_find_nothing_of_it_in_their_inbox(user: User, actor: Actor) -> None:
    order(SUZHOU_CLERK)

    await open_inbox(user, actor)

    await seen(user, "Nothing sent yet")
    assert texts_of_items(user) == []


async def test_the_list_does_not_jump_when_others_submit_or_decide(user: User, monkeypatch) -> None:
    monkeypatch.setitem(register_approvals.__globals__, "LOOK_AGAIN_S", 0.1)
    first = order(SUZHOU_CLERK)
    await open_inbox(user, LING)

    second = order(BEIFANG_CLERK)
    await seen(user, "1 new")
    assert not is_there(user, f"item-{second}")
    found(user, "action-refresh").click()
    await user.should_not_see("1 new", retries=100)

    assert one(user, f"item-{first}").props["aria-current"] == "true"
    assert is_there(user, f"item-{second}")


def test_a_difference_has_a_sign_and_one_decimal() -> None:
    assert [percent_text(ppm) for ppm in (-76_271, 19_000, 500, 1_000_000)] == ["−7.6%", "+1.9%", "+0.1%", "+100.0%"]
