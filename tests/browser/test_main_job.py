"""The main job in a real browser: a clerk orders on the phone, operations approve, and no rival sees any of it."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from core.access import Actor
from core.database.sessions import reading
from models.orders import Order
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_OWNER, LING, MEI, SUZHOU_CLERK
from tests.pages.orders.ordering_rows import newest_order, order
from tests.support.browsing import Contexts
from tests.support.looking import DESKTOP, PHONE, keep, note_errors, sign_in

WORDS = {
    "zh_CN": {"waiting": "待审批", "approved": "已通过"},
    "en": {"waiting": "Submitted", "approved": "Approved"},
}
Open = Callable[..., Page]


@pytest.fixture
def open_as(contexts: Contexts, address: str) -> Iterator[Open]:
    """Give a function that opens a page as somebody, in a browser of their own that must report no error."""
    errors: list[str] = []

    def open_page(
        actor: Actor, path: str, *, size: tuple[int, int] = DESKTOP, mode: str = "light", language: str = "zh_CN"
    ) -> Page:
        context = contexts.lend(viewport={"width": size[0], "height": size[1]})
        sign_in(context, address, actor)
        keep(context, address, qudao_mode=mode, qudao_language=language)
        page = context.new_page()
        note_errors(page, errors)
        page.goto(address + path)
        page.wait_for_function("window.did_handshake === true")
        return page

    yield open_page
    assert errors == []


def orders_count() -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(Order)) or 0


@pytest.mark.parametrize(
    ("size", "mode", "language"),
    [(DESKTOP, "light", "zh_CN"), (PHONE, "dark", "en")],
    ids=("desktop-light-zh", "phone-dark-en"),
)
def test_a_clerk_orders_by_phone_operations_approve_and_a_rival_sees_nothing(
    size: tuple[int, int], mode: str, language: str, open_as: Open, address: str
) -> None:
    words = WORDS[language]
    look = {"mode": mode, "language": language}

    phone = open_as(SUZHOU_CLERK, "/orders/new", size=PHONE, **look)
    phone.get_by_test_id("action-more-QH-500").click()
    phone.get_by_test_id("action-more-QH-501").click()
    phone.get_by_test_id("action-more-QH-501").click()
    expect(phone.get_by_test_id("basket-total")).to_have_text("¥1,188.00")
    phone.get_by_test_id("action-submit").click()
    expect(phone.locator(".qd-chip").first).to_have_text(words["waiting"])
    placed = newest_order()
    assert phone.url == f"{address}/orders/{placed.number}"

    desk = open_as(LING, "/approvals", size=size, **look)
    desk.get_by_test_id(f"item-{placed.number}").click()
    expect(desk.get_by_test_id("decide-total")).to_have_text("¥1,188.00")
    desk.get_by_test_id("action-approve").click()
    expect(desk.get_by_test_id(f"item-{placed.number}")).to_have_count(0)

    phone.reload()
    expect(phone.locator(".qd-chip").first).to_have_text(words["approved"])
    rival = open_as(BEIFANG_CLERK, "/orders", **look)
    expect(rival.locator("[data-testid=grid-orders][data-state=empty]")).to_be_visible()
    assert rival.request.get(f"{address}/grid/orders").json()["rows"] == []
    assert rival.request.get(f"{address}/orders/{placed.number}").status == 404


def test_a_double_click_places_one_order(open_as: Open) -> None:
    before = orders_count()
    phone = open_as(SUZHOU_CLERK, "/orders/new", size=PHONE)
    phone.get_by_test_id("action-more-QH-502").click()
    expect(phone.get_by_test_id("field-quantity-QH-502")).to_have_value("5")

    phone.get_by_test_id("action-submit").dblclick()
    expect(phone.locator(".qd-steps")).to_be_visible()

    assert orders_count() == before + 1


def test_a_quantity_is_typed_and_ordering_again_takes_three_taps(open_as: Open) -> None:
    number = order(SUZHOU_CLERK, ("QH-500", 6))
    phone = open_as(SUZHOU_CLERK, f"/orders/{number}", size=PHONE)

    phone.get_by_test_id("action-reorder").click()
    expect(phone.get_by_test_id("field-quantity-QH-500")).to_have_value("6")
    phone.get_by_test_id("field-quantity-QH-501").fill("12")
    phone.get_by_test_id("field-quantity-QH-501").press("Enter")
    expect(phone.get_by_test_id("basket-total")).to_have_text("¥924.00")
    phone.get_by_test_id("action-submit").click()
    expect(phone.locator(".qd-steps")).to_be_visible()

    assert (newest_order().total_cents, newest_order().status) == (924_00, "submitted")


def test_the_inbox_is_worked_through_by_keys_and_rejecting_asks_for_the_reason(open_as: Open) -> None:
    first, second = order(SUZHOU_CLERK), order(HUADONG_OWNER)
    desk = open_as(MEI, f"/approvals?order={first}")
    expect(desk.get_by_test_id(f"item-{first}")).to_have_attribute("aria-current", "true")

    desk.keyboard.press("j")
    expect(desk.get_by_test_id(f"item-{second}")).to_have_attribute("aria-current", "true")
    desk.keyboard.press("k")
    expect(desk.get_by_test_id(f"item-{first}")).to_have_attribute("aria-current", "true")
    expect(desk.get_by_test_id("decide-total")).to_have_text("¥1,320.00")
    expect(desk.get_by_test_id("action-reject")).to_be_visible()
    desk.keyboard.press("r")
    expect(desk.get_by_test_id("field-reason")).to_be_focused()
    desk.keyboard.type("额度已用完")
    desk.get_by_test_id("action-reject").click()
    expect(desk.get_by_test_id(f"item-{first}")).to_have_count(0)
    expect(desk.get_by_test_id("decide-total")).to_have_text("¥1,200.00")
    expect(desk.get_by_test_id("action-approve")).to_be_visible()
    desk.locator("h1").click()
    desk.keyboard.press("a")
    expect(desk.get_by_test_id(f"item-{second}")).to_have_count(0)

    with reading(ADMIN) as session:
        rows = session.execute(select(Order.number, Order.status).where(Order.number.in_([first, second])))
        assert dict(rows.all()) == {first: "rejected", second: "approved"}


def test_many_are_ticked_named_and_approved_with_a_result_for_each(open_as: Open) -> None:
    numbers = [order(SUZHOU_CLERK), order(HUADONG_OWNER)]
    desk = open_as(MEI, "/approvals", language="en")

    for number in numbers:
        desk.get_by_test_id(f"tick-{number}").check()
    desk.get_by_test_id("action-approve-chosen").click()
    expect(desk.get_by_role("dialog")).to_contain_text("Approve 2 orders for ¥2,520.00 in all?")
    assert violations(desk) == []
    desk.get_by_test_id("action-confirm").click()

    expect(desk.get_by_test_id("bulk-result").locator("tbody tr")).to_have_count(2)
    expect(desk.get_by_test_id("bulk-result")).to_contain_text("Approved")


@pytest.mark.parametrize("size", ((1366, 768), PHONE), ids=("laptop", "phone"))
def test_the_decision_stays_in_view_however_small_the_window(size: tuple[int, int], open_as: Open) -> None:
    lines = [(sku, 600) for sku in ("QH-500", "QH-501", "QH-502")]
    number = order(HUADONG_OWNER, *lines)
    desk = open_as(LING, f"/approvals?order={number}", size=size)

    box = desk.get_by_test_id("action-approve").bounding_box()

    assert box is not None
    assert box["y"] + box["height"] <= size[1]
    order_form = open_as(SUZHOU_CLERK, "/orders/new", size=size)
    for testid in ("action-submit", "basket-total"):
        box = order_form.get_by_test_id(testid).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= size[1]


def test_what_a_thumb_has_to_hit_is_large_enough(open_as: Open) -> None:
    phone = open_as(SUZHOU_CLERK, "/orders/new", size=PHONE)

    for testid in ("action-more-QH-500", "action-less-QH-500", "action-submit", "action-save-draft", "action-paste"):
        box = phone.get_by_test_id(testid).bounding_box()
        assert box is not None
        assert (round(box["width"]) >= 44, round(box["height"]) >= 44) == (True, True), testid


@pytest.mark.parametrize(("size", "mode"), [(DESKTOP, "light"), (PHONE, "dark")], ids=("desktop", "phone"))
def test_lines_read_from_pasted_text_have_no_violation(size: tuple[int, int], mode: str, open_as: Open) -> None:
    page = open_as(HUADONG_OWNER, "/orders/new", size=size, mode=mode)

    page.get_by_test_id("action-paste").click()
    page.get_by_test_id("field-pasted").fill("QH-500 12\nQH-501 5\n你好")
    page.get_by_test_id("action-read-pasted").click()
    expect(page.get_by_test_id("pasted-taken")).to_be_visible()

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong, with the elements concerned."""
    page.wait_for_timeout(300)  # colours fade in
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]
