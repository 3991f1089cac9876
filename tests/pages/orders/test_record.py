"""Orders in the browser: who sees which, what their page shows, and each next step."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from nicegui.testing import User
from sqlalchemy import func, select, update

from core.access import Actor
from core.addresses import record_path
from core.clock import today
from core.database.sessions import reading, unit_of_work
from core.i18n import set_language
from models.accounts.sessions import EndReason
from models.accounts.users import User as Account
from models.orders import Order, OrderStatus
from resources.partners import PARTNERS
from services.accounts.sessions import end_sessions_of
from services.orders.approval import approve_order, reject_order, return_order
from services.orders.lifecycle import submit_order
from services.orders.shipping import ship_order
from tests.browser.finding import found, is_there, one, state
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK, LING, MEI, SUZHOU_CLERK, WEI
from tests.pages.orders.ordering_rows import order, seen, stock_range
from tests.pages.staff_rows import answer_to_test_host
from tests.services.orders.support import save

pytestmark = pytest.mark.nicegui_main_file("tests/pages/orders/ordering_main.py")


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)
    stock_range()


async def open_order(user: User, actor: Actor, number: str) -> None:
    set_language("en")  # as the socket of a real browser does
    sign_in_as(user.http_client, actor)
    await user.open(f"/orders/{number}")


def status_of(number: str) -> str:
    with reading(ADMIN) as session:
        return session.scalars(select(Order.status).where(Order.number == number)).one()


def decide(number: str, decision) -> None:
    with unit_of_work(MEI) as session:
        decision(session, number)


def change_limit(code: str, yuan: str) -> None:
    save(PARTNERS, MEI, {"code": code, "credit_limit": yuan})


async def test_the_list_offers_new_orders_to_who_may_place_them(user: User) -> None:
    order(SUZHOU_CLERK)
    set_language("en")
    sign_in_as(user.http_client, HUADONG_CLERK)

    await user.open("/orders")

    assert one(user, "action-new").props["href"] == "/orders/new"
    assert is_there(user, "action-import")
    await seen(user, "1 row")


async def test_the_list_offers_no_new_orders_to_who_only_looks(user: User) -> None:
    set_language("en")
    sign_in_as(user.http_client, MEI)

    await user.open("/orders")

    assert is_there(user, "grid-orders")
    assert not is_there(user, "action-new")


async def test_an_order_shows_lines_totals_steps_and_history(user: User) -> None:
    number = order(SUZHOU_CLERK, ("QH-500", 12), ("QH-501", 24))

    await open_order(user, LING, number)

    for text in ("¥1,848.00", "¥110.00", "¥528.00", "with tax ¥212.60", "Tier-1 agent", "华东总代", "submitted it"):
        await seen(user, text)


async def test_a_draft_is_submitted_withdrawn_and_discarded(user: User) -> None:
    number = order(SUZHOU_CLERK, submit=False)
    await open_order(user, SUZHOU_CLERK, number)

    found(user, "action-submit").click()
    await seen(user, "Withdraw")
    assert status_of(number) == OrderStatus.SUBMITTED
    found(user, "action-withdraw").click()
    await seen(user, f"Withdraw order {number}?")
    found(user, "action-confirm").click()
    await seen(user, "Discard")
    assert status_of(number) == OrderStatus.DRAFT
    found(user, "action-discard").click()
    await seen(user, f"Discard draft {number}?")
    found(user, "action-confirm").click()
    await seen(user, "0 rows")

    with reading(ADMIN) as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 0


async def test_an_approved_order_is_marked_as_shipped_after_a_question(user: User) -> None:
    number = order(SUZHOU_CLERK)
    decide(number, approve_order)
    await open_order(user, LING, number)

    found(user, "action-ship").click()
    await seen(user, f"Mark order {number} as shipped?")
    assert status_of(number) == OrderStatus.APPROVED
    found(user, "action-confirm").click()
    await seen(user, "marked it as shipped")

    assert status_of(number) == OrderStatus.SHIPPED


async def test_no_is_no(user: User) -> None:
    number = order(SUZHOU_CLERK)
    await open_order(user, SUZHOU_CLERK, number)

    found(user, "action-withdraw").click()
    await seen(user, f"Withdraw order {number}?")
    found(user, "action-cancel").click()
    await user.should_not_see(f"Withdraw order {number}?", retries=50)

    assert status_of(number) == OrderStatus.SUBMITTED


async def test_an_order_is_rejected_on_its_own_page_with_a_reason(user: User) -> None:
    number = order(SUZHOU_CLERK)
    await open_order(user, LING, number)

    found(user, "action-reject").click()
    await seen(user, f"Reject order {number}?")
    found(user, "action-confirm").click()
    await seen(user, "Please give a reason")
    assert status_of(number) == OrderStatus.SUBMITTED
    state(user, "reason", "额度已用完")
    found(user, "action-confirm").click()
    await seen(user, "rejected it")

    await seen(user, "额度已用完")
    assert status_of(number) == OrderStatus.REJECTED


async def test_an_order_is_returned_for_change_on_its_own_page_with_a_reason(user: User) -> None:
    number = order(SUZHOU_CLERK)
    await open_order(user, LING, number)

    found(user, "action-return").click()
    await seen(user, f"Return order {number} for change?")
    found(user, "action-confirm").click()
    await seen(user, "Please give a reason")
    assert status_of(number) == OrderStatus.SUBMITTED
    state(user, "reason", "请改数量")
    found(user, "action-confirm").click()
    await seen(user, "returned this order for change: 请改数量")

    assert status_of(number) == OrderStatus.DRAFT


async def test_the_page_of_a_waiting_order_shows_its_approvers_credit_and_warnings(user: User) -> None:
    number = order(SUZHOU_CLERK)
    change_limit("SZ", "1000")

    await open_order(user, LING, number)

    for text in ("¥1,000.00, ¥1,320.00 used", "−¥320.00", "this order would exceed it"):
        await seen(user, text)
    await open_order(user, SUZHOU_CLERK, number)
    await user.should_not_see("¥1,000.00, ¥1,320.00 used", retries=1)
    assert not is_there(user, "findings")


async def test_a_decided_order_shows_the_credit_on_which_it_was_decided(user: User) -> None:
    number = order(SUZHOU_CLERK)
    decide(number, approve_order)
    change_limit("SZ", "2000")

    await open_order(user, LING, number)

    await seen(user, "When decided: credit limit ¥50,000.00, ¥1,320.00 used, ¥48,680.00 left after this order")
    await user.should_not_see("¥2,000.00", retries=1)


async def test_only_the_steps_that_are_possible_are_offered(user: User) -> None:
    mine, others = order(LING, buyer="SZ"), order(SUZHOU_CLERK)

    await open_order(user, LING, mine)
    assert not is_there(user, "action-approve")
    assert is_there(user, "action-withdraw")
    await open_order(user, LING, others)
    assert is_there(user, "action-approve")
    await open_order(user, WEI, others)
    assert not is_there(user, "action-approve")
    await open_order(user, MEI, others)
    assert not is_there(user, "action-withdraw")
    assert not is_there(user, "action-reorder")


async def test_who_comes_second_reads_who_was_first_and_changes_nothing(user: User) -> None:
    number = order(SUZHOU_CLERK)
    await open_order(user, LING, number)
    with unit_of_work(MEI) as session:
        reject_order(session, number, "额度已用完")

    found(user, "action-approve").click()
    await seen(user, f"Order {number} was rejected by mei@example.com at")

    assert status_of(number) == OrderStatus.REJECTED


async def test_a_right_that_was_taken_away_counts_at_once(user: User) -> None:
    number = order(SUZHOU_CLERK)
    decide(number, approve_order)
    await open_order(user, LING, number)
    found(user, "action-ship").click()
    await seen(user, f"Mark order {number} as shipped?")
    with unit_of_work(ADMIN) as session:
        end_all(session)

    found(user, "action-confirm").click()
    await seen(user, "An administrator has ended this session.")

    assert status_of(number) == OrderStatus.APPROVED


def end_all(session) -> None:
    account = session.scalars(select(Account).where(Account.email == LING.person)).one()
    end_sessions_of(session, account, EndReason.ENDED_BY_ADMINISTRATOR)


async def test_a_sibling_and_an_upstream_see_what_is_theirs_and_nothing_else(user: User) -> None:
    number = order(SUZHOU_CLERK)

    for actor, status in ((HUADONG_CLERK, 200), (SUZHOU_CLERK, 200), (BEIFANG_CLERK, 404)):
        sign_in_as(user.http_client, actor)
        page = await user.http_client.get(f"/orders/{number}")
        grid = (await user.http_client.get("/grid/orders")).json()

        assert page.status_code == status
        assert [row["number"] for row in grid["rows"]] == ([number] if status == 200 else [])


@pytest.mark.parametrize("viewer", [LING, SUZHOU_CLERK], ids=lambda actor: actor.role.value)
async def test_a_shipped_order_shows_every_step_with_who_and_when(user: User, viewer: Actor) -> None:
    number = order(SUZHOU_CLERK)
    decide(number, approve_order)
    with unit_of_work(LING) as session:
        ship_order(session, number)

    await open_order(user, viewer, number)

    for words in ("clerk", "mei", "ling", f"{today():%m-%d} "):
        await seen(user, words)
    assert not is_there(user, "action-ship")


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (reject_order, "mei rejected this order: 额度已满"),
        (return_order, "mei returned this order for change: 额度已满"),
    ],
    ids=["rejected", "returned"],
)
@pytest.mark.parametrize("viewer", [LING, SUZHOU_CLERK], ids=lambda actor: actor.role.value)
async def test_why_an_order_does_not_go_on_stands_above_its_lines(
    user: User, viewer: Actor, decision: Callable[..., object], words: str
) -> None:
    number = order(SUZHOU_CLERK)
    decide(number, lambda session, number: decision(session, number, "额度已满"))

    await open_order(user, viewer, number)

    assert is_there(user, "decision-reason")
    await seen(user, words)


async def test_the_reason_of_a_return_is_gone_once_the_order_is_submitted_again(user: User) -> None:
    number = order(SUZHOU_CLERK)
    decide(number, lambda session, number: return_order(session, number, "请补收货人"))
    with unit_of_work(SUZHOU_CLERK) as session:
        submit_order(session, number)

    await open_order(user, SUZHOU_CLERK, number)

    await seen(user, number)
    assert not is_there(user, "decision-reason")


@pytest.mark.parametrize("number", ["SO/2026/777", "a?b#c", "100%", "new", "..", "a b"])
async def test_an_order_of_any_number_is_opened_changed_and_ordered_again(user: User, number: str) -> None:
    made = order(SUZHOU_CLERK, submit=False)
    with unit_of_work(ADMIN) as session:
        session.execute(update(Order).where(Order.number == made).values(number=number))
    set_language("en")
    sign_in_as(user.http_client, SUZHOU_CLERK)

    await user.open(record_path("orders", number))

    await seen(user, number)
    edit, again = (one(user, name).props["href"] for name in ("action-edit", "action-reorder"))
    await user.open(edit)
    await seen(user, number)
    await user.open(again)
    assert parse_qs(urlsplit(again).query) == {"from": [number]}
    rows = (await user.http_client.get("/grid/orders?limit=10")).json()["rows"]
    assert [row.get("_path", f"/orders/{row['_key']}") for row in rows] == [record_path("orders", number)]


async def test_an_order_is_not_submitted_at_another_total_than_the_one_shown(user: User) -> None:
    set_language("en")
    sign_in_as(user.http_client, SUZHOU_CLERK)
    await user.open("/orders/new")
    found(user, "action-more-QH-501").click()
    found(user, "action-more-QH-501").click()

    found(user, "action-submit").trigger("click", "¥264.00")

    await seen(user, "The order changed while you submitted it: it comes to ¥528.00 now.")
    with reading(ADMIN) as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 0
