"""Placing an order: quantities in whole boxes, pasted text, sums and credit, and one order however often one clicks."""

import json

import pytest
from nicegui import ElementFilter
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction
from sqlalchemy import select

from core.database.sessions import reading
from core.i18n import set_language
from models.orders import Order, OrderLine
from pages.components.forms.drafts import BrowserDraft
from pages.orders._paste_parsing import Unclear, Wanted, parse_lines, pasted_lines, possible_skus
from pages.orders.form import parse_browser_draft
from services.products.prices import Article
from tests.browser.finding import found, is_there, one, state
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK, HUADONG_OWNER, LING, MEI, SUZHOU_CLERK, WEI
from tests.pages.orders.ordering_rows import order, seen, state_price, stock_range, submit
from tests.pages.staff_rows import answer_to_test_host, become, state_rows

pytestmark = pytest.mark.nicegui_main_file("tests/pages/orders/ordering_main.py")

ARTICLES = {
    "a01": Article(1, "A01", "山茶油", "件", 6, 6, 0, True),
    "b-02": Article(2, "B-02", "亚麻籽油", "瓶", 12, 12, 0, True),
    "c3": Article(3, "C3", "花椒油", "瓶", 1, 1, 0, True),
}


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)
    stock_range()


def orders() -> list[Order]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(Order).order_by(Order.id)))


def lines_of(number: str) -> list[tuple[str, int]]:
    with reading(ADMIN) as session:
        query = select(OrderLine).join(Order, OrderLine.order_id == Order.id).where(Order.number == number)
        return [(line.sku, line.units) for line in session.scalars(query.order_by(OrderLine.line))]


def text_of(user: User, testid: str) -> str:
    return one(user, testid).text  # type: ignore[attr-defined]


async def open_form(user: User, actor, path: str = "/orders/new") -> None:
    set_language("en")  # as the socket of a real browser does
    sign_in_as(user.http_client, actor)
    await user.open(path)


async def test_a_clerk_orders_for_the_own_partner_and_sees_the_prices_of_its_tier(user: User) -> None:
    await open_form(user, SUZHOU_CLERK)

    assert one(user, "field-buyer").value == "SZ"
    await seen(user, "¥110.00")
    await user.should_not_see("¥100.00")
    await user.should_not_see("旧装菜籽油")


async def test_the_stepper_goes_by_the_box_from_the_minimum_and_back_to_nothing(user: User) -> None:
    await open_form(user, SUZHOU_CLERK)

    found(user, "action-more-QH-501").click()
    found(user, "action-more-QH-501").click()
    await seen(user, "¥528.00")
    assert one(user, "field-quantity-QH-501").value == "24"
    found(user, "action-less-QH-501").click()
    found(user, "action-less-QH-501").click()

    assert one(user, "field-quantity-QH-501").value == "0"
    assert text_of(user, "basket-total") == "¥0.00"


async def test_a_quantity_that_fills_no_boxes_says_which_do_and_is_not_counted(user: User) -> None:
    await open_form(user, SUZHOU_CLERK)

    state(user, "quantity-QH-500", "10")

    await seen(user, "order 6 or 12")
    assert text_of(user, "basket-total") == "¥0.00"


@pytest.mark.parametrize("typed", ("abc", "-3", "1.5"))
async def test_what_is_no_quantity_is_refused_beside_the_product(user: User, typed: str) -> None:
    await open_form(user, SUZHOU_CLERK)

    state(user, "quantity-QH-500", typed)

    assert one(user, "field-quantity-QH-500").props["aria-invalid"] == "true"
    assert orders() == []


async def test_the_bar_shows_pieces_total_and_the_credit_left_to_who_may_know_it(user: User) -> None:
    await open_form(user, HUADONG_OWNER)

    state(user, "quantity-QH-500", "12")

    assert text_of(user, "basket-count") == "12 pieces"
    assert text_of(user, "basket-total") == "¥1,200.00"
    assert text_of(user, "basket-credit") == "Credit left ¥1,000,000.00 · after this order ¥998,800.00"


@pytest.mark.parametrize("actor", (SUZHOU_CLERK, WEI))
async def test_the_credit_is_not_shown_without_the_permission(user: User, actor) -> None:
    number = order(SUZHOU_CLERK)

    await open_form(user, actor, f"/orders/new?from={number}")

    assert text_of(user, "basket-total") == "¥1,320.00"
    assert text_of(user, "basket-credit") == ""


async def test_one_click_submits_and_leads_to_the_order(user: User) -> None:
    await open_form(user, SUZHOU_CLERK)
    state(user, "quantity-QH-500", "12")
    state(user, "quantity-QH-501", "24")
    state(user, "ship_to_name", "王磊")
    state(user, "note", "周五前送到")

    submit(user)
    await seen(user, "Lines")

    (placed,) = orders()
    assert (placed.status, placed.total_cents, placed.ship_to_name, placed.note) == (
        "submitted",
        1_848_00,
        "王磊",
        "周五前送到",
    )
    assert lines_of(placed.number) == [("QH-500", 12), ("QH-501", 24)]
    assert user.back_history[-1] == f"/orders/{placed.number}"


async def test_many_clicks_make_one_order(user: User) -> None:
    await open_form(user, SUZHOU_CLERK)
    state(user, "quantity-QH-500", "12")

    for _click in range(3):
        submit(user)
        found(user, "action-save-draft").click()
    await seen(user, "Lines")

    assert len(orders()) == 1


async def test_a_draft_is_kept_without_touching_the_credit_and_changed_later(user: User) -> None:
    await open_form(user, SUZHOU_CLERK)
    state(user, "quantity-QH-500", "12")
    found(user, "action-save-draft").click()
    await seen(user, "Lines")
    (draft,) = orders()
    assert draft.status == "draft"

    await user.open(f"/orders/{draft.number}/edit")
    assert one(user, "field-quantity-QH-500").value == "12"
    state(user, "quantity-QH-500", "18")
    submit(user)
    await seen(user, "Lines")

    (submitted,) = orders()
    assert (submitted.number, submitted.status, submitted.total_cents) == (draft.number, "submitted", 1_980_00)


async def test_an_empty_order_is_refused_where_the_buttons_are(user: User) -> None:
    await open_form(user, SUZHOU_CLERK)

    submit(user)

    await seen(user, "An order needs at least one line.")
    assert is_there(user, "problem")
    assert orders() == []


async def test_every_wrong_entry_is_named_and_nothing_is_stored(user: User) -> None:
    await open_form(user, SUZHOU_CLERK)
    state(user, "quantity-QH-500", "10")
    state(user, "ship_to_phone", "12")

    submit(user)

    await seen(user, "Please change this first:")
    assert one(user, "field-ship_to_phone").props["aria-invalid"] == "true"
    assert orders() == []


async def test_an_order_beyond_the_credit_stays_in_the_form_and_can_be_kept_as_a_draft(user: User) -> None:
    await open_form(user, SUZHOU_CLERK)
    state(user, "quantity-QH-500", "600")

    submit(user)
    await seen(user, "does not cover this order")
    assert orders() == []
    found(user, "action-save-draft").click()
    await seen(user, "Lines")

    assert [one.status for one in orders()] == ["draft"]


async def test_prices_that_changed_since_the_page_was_opened_are_shown_before_anything_is_submitted(user: User) -> None:
    await open_form(user, SUZHOU_CLERK)
    state(user, "quantity-QH-500", "12")
    state_price("QH-500", "agent_1", "120", "2026-06-01")

    submit(user)
    await seen(user, "Prices have changed: this order comes to 1,440.00 yuan now.")

    assert orders() == []
    assert text_of(user, "basket-total") == "¥1,440.00"


async def test_staff_choose_the_buyer_first_and_see_its_prices_and_ship_to(user: User) -> None:
    await open_form(user, LING)
    assert not is_there(user, "action-more-QH-500")

    one(user, "field-buyer").set_options({"SZ": "苏州代理"}, value="SZ")  # type: ignore[attr-defined]
    await seen(user, "¥110.00")
    state(user, "quantity-QH-500", "6")
    submit(user)
    await seen(user, "Lines")

    (placed,) = orders()
    assert (placed.placed_by, placed.total_cents, placed.ship_to_name) == (LING.person, 660_00, "苏州代理")


async def test_another_buyer_means_other_prices_for_what_is_chosen_already(user: User) -> None:
    await open_form(user, HUADONG_CLERK)
    one(user, "field-buyer").set_options({"SZ": "苏州代理", "HD": "华东总代"}, value="HD")  # type: ignore[attr-defined]
    await seen(user, "¥100.00")
    state(user, "quantity-QH-500", "6")
    assert text_of(user, "basket-total") == "¥600.00"

    one(user, "field-buyer").value = "SZ"  # type: ignore[attr-defined]
    await seen(user, "¥110.00")

    assert text_of(user, "basket-total") == "¥660.00"


async def test_ordering_again_copies_the_lines_and_leaves_out_what_is_not_sold_any_more(user: User) -> None:
    number = order(SUZHOU_CLERK, ("QH-500", 12), ("QH-501", 24))
    state_rows("products", {"sku": ["QH-501"], "status": ["inactive"]})

    await open_form(user, SUZHOU_CLERK, f"/orders/new?from={number}")

    assert one(user, "field-quantity-QH-500").value == "12"
    await seen(user, "QH-501 有机山茶油 1L")
    assert text_of(user, "basket-total") == "¥1,320.00"


async def test_nobody_copies_or_changes_an_order_out_of_sight(user: User) -> None:
    number = order(SUZHOU_CLERK, submit=False)
    sign_in_as(user.http_client, BEIFANG_CLERK)

    for path in (f"/orders/new?from={number}", f"/orders/{number}/edit", f"/orders/{number}"):
        answer = await user.http_client.get(path)

        assert answer.status_code == 404
        assert "苏州代理" not in answer.text


async def test_what_is_submitted_cannot_be_changed(user: User) -> None:
    number = order(SUZHOU_CLERK)
    sign_in_as(user.http_client, SUZHOU_CLERK)

    answer = await user.http_client.get(f"/orders/{number}/edit")

    assert answer.status_code == 409


async def test_who_may_not_order_gets_no_form(user: User) -> None:
    sign_in_as(user.http_client, MEI)

    assert (await user.http_client.get("/orders/new")).status_code == 403


async def test_pasted_text_fills_the_order_and_asks_about_what_is_not_clear(user: User) -> None:
    await open_form(user, SUZHOU_CLERK)

    found(user, "action-paste").click()
    state(user, "pasted", "qh-500 12件\nQH-501 2箱；QH-502 3\nQH-509 4\n你好")
    found(user, "action-read-pasted").click()
    await seen(user, "2 products taken into the order")

    assert text_of(user, "basket-total") == "¥1,848.00"
    await seen(user, "3 lines are not clear: please choose")
    await seen(user, "there is no product QH-509 that can be ordered")
    found(user, "action-choose-QH-502-5").click()
    await seen(user, "¥1,875.50")
    assert text_of(user, "basket-total") == "¥1,875.50"


@pytest.mark.parametrize(
    ("line", "units"),
    [
        ("A01 12", 12),
        ("a01 12件", 12),
        ("A01*2箱", 12),
        ("A01×12", 12),
        ("A01x12", 12),
        ("A01：12", 12),
        ("Ａ０１　１２", 12),
        ("12 A01", 12),
        ("12件 A01", 12),
        ("2箱 A01", 12),
        ("A01 2 boxes", 12),
        ("A01\t1,200", 1200),
        ("A01 120件", 120),
    ],
)
def test_a_clear_line_is_read(line: str, units: int) -> None:
    assert parse_lines([line], ARTICLES) == ([Wanted("A01", units)], [])


@pytest.mark.parametrize(
    ("line", "code", "choices"),
    [
        ("A01 10", "orders.box_multiple", [6, 12]),
        ("A01 2", "orders.below_minimum", [6]),
        ("A01", "orders.quantity_missing", [6]),
        ("A01 0", "orders.quantity_not_positive", [6]),
        ("B-02 2件", "orders.unclear_line", [24]),
        ("B-02 12件", "orders.unclear_line", [12, 144]),
        ("B-02 2袋", "orders.unclear_unit", []),
        ("Z9 5", "orders.unclear_sku", []),
        ("你好", "orders.unclear_line", []),
        ("A01 12 C3 4", "orders.unclear_sku", []),
    ],
)
def test_an_ambiguous_line_is_returned_and_never_guessed(line: str, code: str, choices: list[int]) -> None:
    clear, (unclear,) = parse_lines([line], ARTICLES)

    assert clear == []
    assert isinstance(unclear, Unclear)
    assert (unclear.text, unclear.problem.code) == (line, code)
    assert [choice.wanted.units for choice in unclear.choices] == choices


def test_a_message_is_cut_into_lines_at_breaks_and_commas_but_not_inside_numbers() -> None:
    text = "A01 1,200，B-02 24\nC3 5; A01 6、C3 7"

    assert pasted_lines(text) == ["A01 1,200", "B-02 24", "C3 5", "A01 6", "C3 7"]
    assert "B-02" in possible_skus(pasted_lines(text))


async def test_a_basket_is_kept_in_the_browser_and_comes_back_without_what_is_not_sold(user: User) -> None:
    await open_form(user, WEI)
    draft = draft_of(user)
    kept = {
        "fields": {"buyer": "SZ", "note": "周五前", "ship_to_name": "王磊"},
        "label": "苏州代理 · SZ",
        "units": {"QH-500": 24, "GONE": 3, "QH-501": -1, "QH-502": "5"},
    }

    UserInteraction(user, {draft}, "draft").trigger("draftfound", {"detail": kept})

    await seen(user, "Your draft is back: go on where you were.")
    assert (one(user, "field-buyer").value, one(user, "field-note").value) == ("SZ", "周五前")
    assert json.loads(draft.props["state"])["units"] == {"QH-500": 24}
    submit(user)
    await become(lambda: len(orders()), 1)
    (placed,) = orders()
    assert (lines_of(placed.number), placed.ship_to_name, placed.note) == ([("QH-500", 24)], "王磊", "周五前")
    assert "state" not in draft.props


async def test_a_basket_kept_for_another_partner_does_not_change_whom_a_clerk_orders_for(user: User) -> None:
    await open_form(user, SUZHOU_CLERK)

    kept = {"fields": {"buyer": "BF"}, "label": "x", "units": {"QH-500": 12}}
    UserInteraction(user, {draft_of(user)}, "draft").trigger("draftfound", {"detail": kept})

    await seen(user, "Your draft is back: go on where you were.")
    assert one(user, "field-buyer").value == "SZ"


@pytest.mark.parametrize("state", [{}, {"units": 7, "fields": []}, {"units": {"X": 1.5, "Y": 10**12, "Z": True}}])
def test_what_a_browser_cannot_have_kept_is_left_out(state) -> None:
    assert parse_browser_draft(state) == ({}, {})


def draft_of(user: User) -> BrowserDraft:
    assert user.client
    with user.client:
        (draft,) = ElementFilter(kind=BrowserDraft)
    return draft
