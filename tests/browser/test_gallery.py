"""The house components in a real browser: under the product's security policy, scanned by axe, and used."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.browsing import Contexts
from tests.support.looking import DESKTOP, PHONE, RULES, keep, note_errors
from tests.support.server import serving

READY = "qudao-grid[data-state=ready]"
EVERY_RULE = {name: value for name, value in RULES.items() if name != "runOnly"}
"""Of axe, those beyond A and AA too."""
PAGES = ("list", "approvals", "record", "parts", "plain/error")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the gallery, which needs no database, and give its address."""
    with serving(
        "", tmp_path_factory.mktemp("gallery"), command=("-m", "tests.pages.components.gallery_main")
    ) as found:
        yield f"{found}/gallery"


@pytest.fixture
def context(contexts: Contexts) -> BrowserContext:
    """Give a session on a large screen."""
    return contexts.lend(viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, locale="zh-CN")


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Give a page that must not report any error of script or security policy."""
    page = context.new_page()
    errors = note_errors(page)
    yield page
    assert [error for error in errors if "422 (Unprocessable" not in error] == []


@pytest.mark.parametrize(("size", "mode"), [(DESKTOP, "light"), (PHONE, "dark")], ids=("desktop-light", "phone-dark"))
@pytest.mark.parametrize("name", PAGES)
def test_no_part_has_a_violation_in_light_or_dark_large_or_small(
    name: str, size: tuple[int, int], mode: str, address: str, context: BrowserContext, page: Page
) -> None:
    keep(context, address, qudao_mode=mode)
    page.set_viewport_size({"width": size[0], "height": size[1]})

    page.goto(f"{address}/{name}")
    settle(page)

    assert violations(page, EVERY_RULE) == []
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("opener", ("account", "filter-status", "columns"))
def test_what_opens_above_a_list_has_no_violation(opener: str, address: str, page: Page) -> None:
    page.goto(f"{address}/list")
    settle(page)

    page.get_by_test_id(opener).click()
    expect(page.locator(":popover-open")).to_be_visible()

    assert violations(page, RULES, within=":popover-open") == []


def test_the_folded_navigation_has_no_violation(address: str, page: Page) -> None:
    page.goto(f"{address}/record")
    settle(page)

    page.get_by_test_id("nav-fold").click()
    expect(page.locator("html")).to_have_attribute("data-nav", "folded")

    assert violations(page, EVERY_RULE) == []


def test_the_list_of_a_choice_has_no_violation(address: str, page: Page) -> None:
    page.goto(f"{address}/parts")
    settle(page)

    page.get_by_test_id("field-partner").click()
    page.keyboard.type("dl")
    expect(page.get_by_role("option")).to_have_count(6)

    assert violations(page, RULES) == []


def test_a_filter_changes_rows_foot_and_address_and_back_returns_from_a_view(address: str, page: Page) -> None:
    page.goto(f"{address}/list")
    settle(page)

    page.get_by_test_id("filter-status").click()
    page.get_by_label("待审批", exact=True).check()
    page.get_by_test_id("apply-status").click()
    expect(page.locator(f'{READY}[data-total="25000"]')).to_be_visible()
    expect(page.locator(".qd-foot")).to_contain_text("共 25,000 单")
    assert page.url.endswith("/list?status=submitted")
    page.get_by_test_id("view-all").click()
    expect(page.locator(f'{READY}[data-total="100000"]')).to_be_visible()
    page.go_back()

    expect(page.locator(f'{READY}[data-total="25000"]')).to_be_visible()
    expect(page.get_by_test_id("filter-status")).to_have_text("状态: 待审批")


def test_a_list_opens_again_where_it_was_left(address: str, page: Page) -> None:
    page.goto(f"{address}/list")
    settle(page)

    page.evaluate("document.querySelector('qudao-grid').api.ensureIndexVisible(5000, 'top')")
    page.wait_for_url("**/list?row=5000")
    page.goto(f"{address}/record")
    page.go_back()

    expect(page.get_by_role("link", name="SO-202611-095000")).to_be_visible()


def test_sorting_by_a_heading_is_kept_in_the_address(address: str, page: Page) -> None:
    page.goto(f"{address}/list")
    settle(page)

    page.get_by_role("columnheader", name="订单号").click()
    page.wait_for_url("**/list?sort=number")

    expect(page.get_by_role("link", name="SO-202611-000001")).to_be_visible()


def test_the_bar_tells_count_and_sum_and_an_action_gets_the_rows(address: str, page: Page) -> None:
    page.goto(f"{address}/list")
    settle(page)

    for row in (1, 2):
        page.locator(f'.ag-pinned-left-cols-container [row-index="{row}"] input').check()
    expect(page.locator(".qd-bulk-text")).to_contain_text("金额 ¥237.57")
    page.get_by_test_id("action-approve").click()
    expect(page.locator(".qd-toasts")).to_contain_text("2: SO-202611-099999+SO-202611-099998 False")
    page.get_by_test_id("select-all").click()
    expect(page.locator(".qd-bulk-text")).to_contain_text("已选 100,000 行")
    page.get_by_test_id("action-approve").click()

    expect(page.locator(".qd-toasts")).to_contain_text("100000: True")


def test_no_result_says_which_filter_to_drop_and_an_error_what_to_do(address: str, page: Page) -> None:
    page.goto(f"{address}/list?status=submitted&q=没有")
    expect(page.locator(".qd-note")).to_contain_text("没有符合条件的行")

    page.get_by_role("button", name="去掉“搜索”").click()
    expect(page.locator(f'{READY}[data-total="25000"]')).to_be_visible()
    page.get_by_test_id("filter-search").fill("broken")

    expect(page.get_by_role("alert")).to_contain_text("这个筛选条件无法读取，请换一个。")


def test_a_column_can_be_shown_and_moved_without_dragging(address: str, page: Page) -> None:
    page.goto(f"{address}/list")
    settle(page)

    page.get_by_test_id("columns").click()
    page.get_by_label("标签", exact=True).check()
    page.get_by_role("button", name="上移“标签”").click()

    expect(page.get_by_role("columnheader", name="标签")).to_be_visible()
    assert page.url.endswith("/list?cols=buyer,region,status,total,tags,placed_at")


def test_a_phone_gets_cards_from_the_same_rows(address: str, page: Page) -> None:
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.goto(f"{address}/list")
    settle(page)

    expect(page.locator(".qd-card")).to_have_count(50)
    expect(page.locator(".qd-card").nth(1)).to_contain_text("SO-202611-099999")
    expect(page.locator(".nicegui-aggrid")).to_be_hidden()
    page.get_by_role("button", name="显示更多").click()

    expect(page.locator(".qd-card")).to_have_count(100)


def test_the_drawer_of_a_phone_takes_the_focus_and_gives_it_back(address: str, page: Page) -> None:
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.goto(f"{address}/record")

    page.get_by_test_id("nav-open").click()
    expect(page.get_by_test_id("nav-approvals")).to_be_focused()
    page.keyboard.press("Escape")

    expect(page.get_by_test_id("nav-open")).to_be_focused()
    expect(page.get_by_test_id("nav-approvals")).to_be_hidden()


def test_the_inbox_is_worked_with_single_keys_unless_they_are_switched_off(address: str, page: Page) -> None:
    page.goto(f"{address}/approvals")
    expect(page.get_by_text("特价订单 SO-202611-A0")).to_be_visible()

    page.keyboard.press("j")
    expect(page.get_by_text("特价订单 SO-202611-A1")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("已同意 1 单")).to_be_visible()
    page.keyboard.press("?")
    page.get_by_label("使用单键").uncheck()
    page.get_by_role("button", name="关闭").last.click()
    page.keyboard.press("k")

    expect(page.get_by_text("特价订单 SO-202611-A1")).to_be_visible()


def test_the_actions_of_the_inbox_are_in_view_on_a_low_screen(address: str, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 768})
    page.goto(f"{address}/approvals")

    button = page.get_by_test_id("action-approve")
    expect(button).to_be_visible()
    box = button.bounding_box()

    assert box is not None
    assert box["y"] + box["height"] <= 768


def test_dark_mode_and_row_height_are_chosen_at_once_and_kept(address: str, page: Page) -> None:
    page.goto(f"{address}/list")
    settle(page)

    page.get_by_test_id("account").click()
    page.get_by_test_id("mode-dark").click()
    page.get_by_test_id("density-compact").click()
    settle(page)
    page.reload()
    settle(page)

    expect(page.locator("body.body--dark")).to_be_visible()
    assert page.locator('.ag-center-cols-container [row-index="1"]').evaluate("row => row.offsetHeight") == 28


def test_the_language_is_switched_with_one_click(address: str, page: Page) -> None:
    page.goto(f"{address}/list")
    settle(page)

    page.get_by_test_id("account").click()
    page.get_by_test_id("language-en").click()

    expect(page.locator("html")).to_have_attribute("lang", "en-US")
    expect(page.get_by_test_id("columns")).to_have_text("Columns")


def test_a_file_is_sent_by_http_and_a_wrong_one_is_refused_in_place(address: str, page: Page) -> None:
    page.goto(f"{address}/parts")

    file = page.get_by_test_id("import-file")
    file.set_input_files({"name": "照片.pdf", "mimeType": "application/pdf", "buffer": b"x"})
    expect(page.get_by_text("无法读取这种文件")).to_be_visible()
    file.set_input_files({"name": "空.xlsx", "mimeType": "application/x", "buffer": b""})
    expect(page.get_by_text("文件是空的。")).to_be_visible()
    file.set_input_files({"name": "客户.xlsx", "mimeType": "application/x", "buffer": b"abc"})

    expect(page.locator(".qd-toasts")).to_contain_text("收到 3 字节")


def test_an_inline_handler_and_a_script_address_do_not_run(address: str, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{address}/record")

    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')")
    page.evaluate("location.href = 'javascript:window.ran = 1'")
    page.wait_for_timeout(200)

    assert page.evaluate("window.ran ?? 0") == 0


def settle(page: Page) -> None:
    """Wait until what the page draws by itself is there."""
    expect(page.locator("h1")).to_be_visible(timeout=15_000)
    if page.locator("qudao-grid").count():
        expect(page.locator(READY)).to_be_visible(timeout=15_000)


def violations(page: Page, options: dict[str, object], *, within: str | None = None) -> list[str]:
    """Return what axe finds, in the whole page or below a selector: rule and first place."""
    found = Axe().run(page, context=within, options=options).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
