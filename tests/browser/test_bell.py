"""The bell in the header, as its reader uses it: it counts, tells, leads to the record and forgets on demand."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from core.database.sessions import engine_in_use, unit_of_work
from models.approvals import Decision
from services.orders.approval import decide_order
from tests.conftest import HUADONG_CLERK, LING
from tests.pages.orders.ordering_rows import order
from tests.support.browsing import Contexts
from tests.support.keyboard import tab_to
from tests.support.looking import DESKTOP, PHONE, faults, keep, note_errors, sign_in

DECISIONS = (
    (Decision.RETURNED, "红茶请改成两箱，本月库存不足。"),
    (Decision.REJECTED, "价格已经调整，请按新的价格手册重新下单。"),
    (Decision.APPROVED, ""),
)


@pytest.fixture
def numbers(address: str) -> list[str]:
    """Give the numbers of three orders of the clerk that were decided, the last decided first."""
    decided = []
    for decision, reason in DECISIONS:
        decided.insert(0, order(HUADONG_CLERK))
        with unit_of_work(LING) as session:
            decide_order(session, decided[0], decision, reason)
    wait_until_delivered()
    return decided


def wait_until_delivered() -> None:
    """Wait until the server has delivered every event: one that comes later is unread again."""
    pending = 1
    while pending:
        time.sleep(0.05)
        with engine_in_use().connect() as connection:
            pending = connection.scalar(text("SELECT count(*) FROM outbox WHERE delivered_at IS NULL")) or 0


@pytest.fixture(params=(DESKTOP, PHONE), ids=("desktop", "phone"))
def page(request: pytest.FixtureRequest, contexts: Contexts, address: str, patience: None) -> Iterator[Page]:
    """Give the start page of the clerk on a large screen and on a phone; it must not report any error."""
    width, height = request.param
    context = contexts.lend(viewport={"width": width, "height": height})
    keep(context, address, qudao_language="zh_CN", qudao_mode="dark" if request.param is PHONE else "light")
    sign_in(context, address, HUADONG_CLERK)
    page = context.new_page()
    errors = note_errors(page)
    page.goto(address)
    page.wait_for_function("window.did_handshake === true")
    yield page
    assert errors == []


def test_the_bell_counts_tells_leads_on_and_is_marked_as_read(numbers: list[str], page: Page, address: str) -> None:
    bell, panel = page.get_by_test_id("bell"), page.get_by_role("dialog", name="通知")
    unread = int(bell.locator(".qd-count").inner_text())

    tab_to(page, "bell")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("link").first).to_contain_text(f"已通过订单 {numbers[0]}")
    expect(panel.get_by_text(DECISIONS[1][1]).first).to_be_visible()
    expect(bell).to_have_attribute("aria-expanded", "true")
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(bell).to_be_focused()

    page.keyboard.press("Enter")
    panel.get_by_role("link").first.click()
    page.wait_for_url(f"{address}/orders/{numbers[0]}")
    expect(bell).to_have_accessible_name(f"通知，{unread - 1} 条未读")

    bell.click()
    panel.get_by_test_id("action-mark-all-read").click()
    expect(panel.get_by_role("status")).to_have_text("已全部标为已读。")
    expect(bell).to_have_accessible_name("通知")
    panel.get_by_test_id("all-notifications").click()
    page.wait_for_url(f"{address}/notifications")
    expect(page.get_by_role("main").get_by_role("link").filter(has_text=numbers[2])).to_contain_text(DECISIONS[0][1])
    assert faults(page) == []
