"""Ordering over a line that goes dead: it is said at once, nothing tapped meanwhile is done later, no wrong total."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from core.database.sessions import reading
from models.orders import Order
from tests.conftest import ADMIN, SUZHOU_CLERK
from tests.pages.orders.ordering_rows import stock_range
from tests.support.browsing import Contexts
from tests.support.line import Line, line
from tests.support.looking import PHONE, faults, keep, sign_in
from tests.support.server import serving_copy

AT_ONCE_MS = 15_000  # what a person is shown within three seconds, on a machine that is busy with other tests


@pytest.fixture(scope="module")
def shaky(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    with (
        line() as made,
        serving_copy(sqlite_template, tmp_path_factory.mktemp("line"), public_url=made.address) as address,
    ):
        made.lead_to(address)
        stock_range()
        yield made


@pytest.fixture
def phone(contexts: Contexts, shaky: Line) -> Iterator[Page]:
    context = contexts.lend(viewport={"width": PHONE[0], "height": PHONE[1]})
    sign_in(context, shaky.address, SUZHOU_CLERK)
    keep(context, shaky.address, qudao_mode="light", qudao_language="zh_CN")
    page = context.new_page()
    page.goto(shaky.address + "/orders/new")
    page.wait_for_function("window.did_handshake === true")
    yield page
    shaky.come_back()


def orders_count() -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(Order)) or 0


def choose_one(page: Page) -> None:
    page.get_by_test_id("action-more-QH-501").click()
    expect(page.get_by_test_id("basket-total")).to_have_text("¥264.00")


def choose_again(page: Page) -> None:
    page.get_by_test_id("action-more-QH-501").click()
    expect(page.get_by_test_id("basket-total")).to_have_text("¥528.00")


def test_a_dead_line_is_said_and_what_was_tapped_meanwhile_is_never_done(phone: Page, shaky: Line):
    choose_one(phone)
    before = orders_count()
    phone.wait_for_timeout(1_500)  # the next tap asks whether the line is there

    shaky.die()
    phone.get_by_test_id("action-more-QH-501").click()
    expect(phone.get_by_test_id("offline")).to_be_visible(timeout=AT_ONCE_MS)
    for testid in ("action-more-QH-501", "action-more-QH-500", "action-submit"):
        phone.get_by_test_id(testid).click()
    assert faults(phone) == []
    phone.wait_for_timeout(4_500)
    shaky.come_back()

    expect(phone.get_by_test_id("offline")).to_be_hidden(timeout=AT_ONCE_MS)
    expect(phone.locator(".qd-toast")).to_contain_text("没有执行")
    expect(phone.get_by_test_id("basket-total")).to_have_text("¥264.00")
    assert orders_count() == before
    choose_again(phone)


def test_a_line_that_the_browser_knows_is_gone_is_said_at_once(phone: Page):
    choose_one(phone)

    phone.context.set_offline(True)
    expect(phone.get_by_test_id("offline")).to_be_visible()
    phone.get_by_test_id("action-submit").click()
    phone.context.set_offline(False)

    expect(phone.get_by_test_id("offline")).to_be_hidden(timeout=AT_ONCE_MS)
    expect(phone.get_by_test_id("basket-total")).to_have_text("¥264.00")
    assert phone.url.endswith("/orders/new")


def test_the_notice_covers_neither_sum_nor_buttons(phone: Page):
    phone.context.set_offline(True)
    notice = phone.get_by_test_id("offline")
    expect(notice).to_be_visible()

    box, bar = notice.bounding_box(), phone.locator(".qd-basket").bounding_box()

    assert box and bar
    assert box["y"] + box["height"] <= bar["y"]
    expect(phone.locator("#popup")).to_be_hidden()
    phone.context.set_offline(False)
