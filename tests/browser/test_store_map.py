"""The map of stores, the inbox of those that wait, and what is shown of a measured position, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.store_phones import DESKTOP, PHONE, REGISTER, Phone, measure, store_named
from tests.conftest import BEIFANG_CLERK, LING
from tests.support.every_page import settle
from tests.support.looking import faults, keep

pytestmark = pytest.mark.usefixtures("patience")


def test_the_map_opens_clusters_by_keyboard_and_a_store_from_a_marker(phone: Phone, stores_address: str):
    page = phone(LING, viewport=DESKTOP)
    page.goto(f"{stores_address}/stores/map?partner=HD")
    chart = page.locator("qudao-map")
    expect(chart).to_have_attribute("data-state", "ready")
    shown = int(chart.get_attribute("data-count"))

    page.locator(".qd-map-cluster").first.focus()
    page.keyboard.press("Enter")
    for _ in range(8):
        page.get_by_test_id("map-closer").click()
    expect(page.locator(".qd-map-list")).to_contain_text("in view")
    page.get_by_test_id("map-all").click()
    expect(chart).to_have_attribute("data-count", str(shown))

    assert shown >= 15


def test_no_question_of_the_map_waits_for_an_answer_to_an_earlier_one(phone: Phone, stores_address: str):
    page = phone(LING, viewport=DESKTOP)
    page.goto(f"{stores_address}/stores/map")
    expect(page.locator("qudao-map")).to_have_attribute("data-state", "ready")
    page.wait_for_load_state("networkidle")
    asked, ended = [], []
    page.on("request", lambda request: asked.append(request))
    page.on("requestfinished", lambda request: ended.append(request))
    page.on("requestfailed", lambda request: ended.append(request))

    page.evaluate("() => { const chart = document.querySelector('qudao-map'); for (const _ of '123') chart.load(); }")
    for _half_second in range(30):  # a browser gives up waiting for the earlier answer after twenty
        page.wait_for_timeout(500)
        if len(ended) == 3:
            break

    assert (len(asked), len(ended)) == (3, 3)


def test_a_partner_sees_no_store_of_a_rival_on_the_map(phone: Phone, stores_address: str):
    page = phone(BEIFANG_CLERK, viewport=DESKTOP)
    page.goto(f"{stores_address}/stores/map")
    expect(page.locator("qudao-map")).to_have_attribute("data-count", "15")

    listed = page.locator(".qd-map-list b")
    expect(listed).to_have_count(15)
    names = listed.all_inner_texts()

    assert sorted(names) == sorted(f"青禾{number}号店" for number in range(2, 31, 2))


def test_a_doubtful_store_is_accepted_from_the_inbox_and_the_next_one_opens(phone: Phone, stores_address: str):
    page = phone(LING, viewport=DESKTOP)
    page.goto(f"{stores_address}/stores/review?store=FAR")
    expect(page.get_by_test_id("findings")).to_contain_text("上海市黄浦区")

    page.keyboard.press("a")

    expect(page.locator(".qd-toasts")).to_contain_text("远店 accepted")
    expect(page.get_by_test_id("item-FAR")).to_have_count(0)
    assert store_named("远店").status == "active"


@pytest.mark.parametrize("path", [REGISTER, "/stores/S01/position"], ids=["register", "move"])
@pytest.mark.parametrize(
    ("size", "mode", "language"), [(DESKTOP, "dark", "en"), (PHONE, "light", "zh_CN")], ids=("desktop", "phone")
)
def test_a_measured_position_with_the_field_for_coordinates_keeps_nobody_out(
    path: str, size: dict[str, int], mode: str, language: str, phone: Phone, stores_address: str
):
    page = phone(LING, viewport=size)
    keep(page.context, stores_address, qudao_mode=mode, qudao_language=language)

    page.goto(stores_address + path)
    page.locator("main h1").wait_for()
    measure(page)
    page.get_by_test_id("position-facts").wait_for()
    page.get_by_test_id("action-paste").click()
    settle(page)

    assert faults(page) == []
