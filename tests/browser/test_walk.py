"""Staff pages in a real browser: walked by keyboard alone, and never losing what was typed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, expect

from tests.conftest import LING
from tests.pages.staff_rows import row_of
from tests.support.browsing import Contexts
from tests.support.every_page import settle
from tests.support.keyboard import tab_to
from tests.support.looking import DESKTOP, PHONE, keep, note_errors, sign_in

READY = "qudao-grid[data-state=ready]"


@pytest.fixture
def context(contexts: Contexts, address: str) -> BrowserContext:
    """Give Ling's session on a large screen, in Chinese."""
    context = contexts.lend(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    sign_in(context, address, LING)
    keep(context, address, qudao_language="zh_CN")
    return context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Give a page that must not report any error of script or security policy."""
    page = context.new_page()
    errors = note_errors(page)
    yield page
    assert errors == []


def test_a_row_is_found_opened_and_changed_without_a_mouse(address: str, page: Page) -> None:
    page.goto(f"{address}/customers")
    settle(page)

    tab_to(page, "filter-search")
    page.keyboard.type("静安7号")
    expect(page.locator(f'{READY}[data-total="1"]')).to_be_visible()
    page.locator(".ag-cell[col-id=code]").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/C007")
    settle(page)
    tab_to(page, "action-edit-contact")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("field-contact")).to_be_visible()
    tab_to(page, "field-contact")
    page.keyboard.type("王磊")
    tab_to(page, "action-save")
    page.keyboard.press("Enter")

    expect(page.get_by_test_id("field-contact")).to_have_count(0)
    expect(page.locator(".qd-timeline")).to_contain_text("修改")
    assert row_of("customers", "C007")["contact"] == "王磊"


def test_what_was_typed_is_not_lost_without_being_asked(address: str, page: Page) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(f"{address}/customers/new")
    settle(page)
    page.get_by_test_id("field-name").fill("没有保存的店")
    page.wait_for_function("window.onbeforeunload !== null")

    page.get_by_test_id("nav-orders").click()
    page.wait_for_timeout(300)

    assert asked == ["beforeunload"]
    assert page.url.endswith("/customers/new")
    expect(page.get_by_test_id("field-name")).to_have_value("没有保存的店")


def test_a_saved_row_is_left_without_a_question(address: str, page: Page) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"{address}/customers/new")
    settle(page)
    page.get_by_test_id("field-code").fill("W001")
    page.get_by_test_id("field-name").fill("键盘店")

    page.get_by_test_id("action-save").click()
    page.wait_for_url("**/customers/W001")

    expect(page.locator("h1")).to_have_text("键盘店")
    assert asked == []


def test_the_export_has_the_filter_that_the_list_has_at_the_click(address: str, page: Page, tmp_path: Path) -> None:
    page.goto(f"{address}/customers")
    settle(page)
    page.get_by_test_id("view-won").click()
    page.wait_for_url("**stage=won**")

    with page.expect_download() as download:
        page.get_by_test_id("action-export").click()

    assert download.value.url.endswith("/export/customers.xlsx?stage=won&view=won")
    assert download.value.suggested_filename.startswith("客户-")


def test_customers_chosen_in_the_list_move_together(address: str, page: Page) -> None:
    page.goto(f"{address}/customers?sort=code")
    settle(page)
    for row in (0, 1):
        page.locator(".ag-row .ag-checkbox-input").nth(row).check()

    page.get_by_test_id("action-move").click()
    page.get_by_test_id("action-confirm").click()

    expect(page.locator(".qd-toast")).to_contain_text("已办 2 条")
    expect(page.locator(".ag-row .qd-chip").first).to_have_text("已联系")
    assert row_of("customers", "C002")["stage"] == "contacted"


def test_a_list_stands_as_close_to_its_filters_as_everything_else_does(address: str, page: Page) -> None:
    page.goto(f"{address}/customers")
    settle(page)

    filters, grid = page.locator("qudao-filters").bounding_box(), page.locator("qudao-grid").bounding_box()

    assert filters is not None
    assert grid is not None
    assert round(grid["y"] - filters["y"] - filters["height"]) == 14


def test_a_status_on_a_phone_is_as_wide_as_its_word(address: str, page: Page) -> None:
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.goto(f"{address}/customers")
    page.locator(".qd-card").first.wait_for()

    chip = page.locator(".qd-card .qd-chip").first

    assert chip.evaluate("chip => getComputedStyle(chip).justifySelf") == "end"


def test_the_navigation_folds_however_small_the_window(address: str, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 500})
    page.goto(f"{address}/customers")
    settle(page)

    box = page.get_by_test_id("nav-fold").bounding_box()

    assert box is not None
    assert box["y"] + box["height"] <= 500


def test_a_phone_number_reads_in_groups(address: str, page: Page) -> None:
    page.goto(f"{address}/customers?sort=code")
    settle(page)

    assert page.evaluate("window.qudao.formats.phone('13800138000')") == "138 0013 8000"
    assert page.evaluate("window.qudao.formats.phone('02162345678')") == "02162345678"
