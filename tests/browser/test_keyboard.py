"""The main flows walked without a mouse: every stop is seen, none holds the focus, and it goes where the work goes on.

Finding and editing a row, deciding by keys and the sign-in are walked in the tests of those pages.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook
from playwright.sync_api import Page, expect

from core.access import Actor
from models.partners.applications import ApplicationStatus
from tests.browser.store_phones import shop_front, store_named
from tests.conftest import HUADONG_CLERK, SUZHOU_CLERK, WEI
from tests.pages.orders.ordering_rows import newest_order
from tests.pages.staff_rows import row_of
from tests.services.applications.support import COMPANY, licence_bytes, number_of, stored
from tests.support.browsing import Contexts
from tests.support.keyboard import arrive, press, stops, tab_to, write
from tests.support.looking import DESKTOP, PHONE, keep, note_errors, sign_in

PATIENCE_MS = 30_000  # the first search of a server reads all regions
Come = Callable[..., Page]


PLAIN = ("/apply",)
"""Pages that open no socket."""


@pytest.fixture
def come(contexts: Contexts, address: str, patience: None) -> Iterator[Come]:
    """Give a function that opens a page for somebody, or for nobody; it must not report any error."""
    errors: list[str] = []

    def open_page(actor: Actor | None, path: str, size: tuple[int, int] = DESKTOP) -> Page:
        context = contexts.lend(viewport={"width": size[0], "height": size[1]}, permissions=[])
        keep(context, address, qudao_language="en")
        if actor is not None:
            sign_in(context, address, actor)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        note_errors(page, errors)
        page.on("filechooser", lambda _chooser: None)  # from now on none opens on the screen
        page.goto(address + path)
        if path not in PLAIN:
            page.wait_for_function("window.did_handshake === true")
        return page

    yield open_page
    assert errors == []


def choose_first(page: Page, testid: str, text: str = "") -> None:
    """Open a list of choices, narrow it down by typing, and take the first."""
    tab_to(page, testid)
    if text:
        page.keyboard.type(text)
    else:
        page.keyboard.press("Enter")
    expect(page.get_by_role("option", name=text).first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("option")).to_have_count(0)


def hand_over(page: Page, testid: str, file: object) -> None:
    """Open the system's choice of files with the Enter key and choose one."""
    tab_to(page, testid)
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file)


def everything_is_seen(page: Page) -> None:
    """Fail unless each stop of the page shows that it has the focus, and none holds it."""
    found = stops(page)
    assert [stop for stop in found if not (stop["isMarked"] and stop["isClear"])] == []


@pytest.mark.parametrize("size", (DESKTOP, PHONE), ids=("desktop", "phone"))
def test_an_agent_applies_from_the_first_field_to_the_last_button(size: tuple[int, int], come: Come):
    page, email = come(None, "/apply", size), f"keys-{size[0]}@example.com"
    everything_is_seen(page)
    write(page, "field-contact", "王磊")
    write(page, "field-phone", "13800138000")
    press(page, "action-start")
    page.wait_for_function("window.did_handshake === true")
    everything_is_seen(page)

    press(page, "action-continue-1")
    arrive(page, "field-tier")
    page.keyboard.press("Shift+Tab")
    choose_first(page, "field-tier")
    choose_first(page, "field-region", "姑苏")
    press(page, "action-continue-1")
    expect(page.get_by_test_id("step-2").locator("h2")).to_be_focused()

    write(page, "field-name", COMPANY["name"])
    write(page, "field-uscc", "91350100M000100Y4Z")
    press(page, "action-continue-2")
    arrive(page, "field-uscc")
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type(COMPANY["uscc"])
    hand_over(page, "field-licence", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": licence_bytes()})
    arrive(page, "action-remove-licence-0")
    expect(page.locator(".qd-photo img")).to_be_visible()
    everything_is_seen(page)
    press(page, "action-continue-2")
    expect(page.get_by_test_id("step-3").locator("h2")).to_be_focused()

    expect(page.get_by_test_id("field-phone")).to_have_value("13800138000")
    write(page, "field-email", email)
    press(page, "action-continue-3")
    expect(page.get_by_test_id("step-4").locator("h2")).to_be_focused()
    press(page, "action-submit")
    arrive(page, "field-consent")
    page.keyboard.press("Space")
    press(page, "action-submit")

    expect(page.get_by_test_id("awaited")).to_be_visible()
    everything_is_seen(page)
    assert stored(number_of(email)).status in (ApplicationStatus.SUBMITTED, ApplicationStatus.UNDER_REVIEW)


@pytest.mark.parametrize("size", (DESKTOP, PHONE), ids=("desktop", "phone"))
def test_a_store_is_registered_by_pasted_coordinates_and_a_pin_moved_with_the_arrow_keys(
    size: tuple[int, int], come: Come
):
    page, name = come(HUADONG_CLERK, "/stores/register", size), f"键盘店{size[0]}"
    facts = page.get_by_test_id("position-facts")

    press(page, "action-paste")
    arrive(page, "field-coordinates")
    page.keyboard.type("here")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("is no position")
    arrive(page, "field-coordinates")
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("31.236900, 121.490200")
    page.keyboard.press("Enter")
    expect(facts).to_contain_text("31.236900, 121.490200")
    tab_to(page, "map-pin")
    page.keyboard.press("ArrowUp")
    expect(facts).to_contain_text("Set on the map")
    expect(facts).to_contain_text(", 121.490200")
    page.keyboard.press("ArrowRight")
    expect(facts).not_to_contain_text(", 121.490200")
    arrive(page, "map-pin")
    press(page, "action-next-where")
    expect(page.get_by_role("heading", name="What is it?")).to_be_focused()

    press(page, "action-next-what")
    arrive(page, "field-name")
    page.keyboard.type(name)
    write(page, "field-phone", "13800138000")
    everything_is_seen(page)
    press(page, "action-next-what")
    expect(page.get_by_role("heading", name="Show it")).to_be_focused()
    hand_over(page, "field-photos", shop_front())
    expect(page.locator("qudao-photos img")).to_be_visible()
    everything_is_seen(page)
    press(page, "action-register")

    expect(page.get_by_role("heading", name=f"{name} is registered")).to_be_focused()
    store = store_named(name)
    assert store is not None
    assert (store.position_source, store.datum) == ("pin", "gcj02")
    assert (store.latitude > 31.2369, store.longitude > 121.4902) == (True, True)


def test_a_pin_is_set_without_a_mouse_where_nothing_was_measured(come: Come):
    page = come(HUADONG_CLERK, "/stores/register")
    facts = page.get_by_test_id("position-facts")

    press(page, "action-pin")
    choose_first(page, "field-region", "黄浦区")
    press(page, "pin-north")
    expect(facts).to_contain_text("Set on the map")
    first = facts.inner_text()
    page.keyboard.press("Enter")

    expect(facts).not_to_have_text(first)
    everything_is_seen(page)


def test_no_step_of_a_pin_is_lost_and_the_view_stays_however_fast_the_keys_come(come: Come):
    page = come(HUADONG_CLERK, "/stores/register")
    facts = page.get_by_test_id("position-facts")
    press(page, "action-paste")
    arrive(page, "field-coordinates")
    page.keyboard.type("31.236900, 121.490200")
    page.keyboard.press("Enter")
    expect(facts).to_contain_text("31.236900, 121.490200")
    page.get_by_test_id("map-closer").click(click_count=2)
    step = page.locator("qudao-map .qd-map-pad .qd-map-step").last
    expect(step).not_to_have_text("0 m")
    metres = int(step.inner_text().removesuffix(" m"))

    tab_to(page, "map-pin", back=True)
    for _step in range(24):
        page.keyboard.press("ArrowUp")
        page.wait_for_timeout(25)  # about as long as an answer takes: some meet the next press

    north = 31.2369 + 24 * metres / 111_195
    expect(facts).to_contain_text(f"{north:.6f}, 121.490200")
    assert step.inner_text() == f"{metres} m"


def test_an_answer_that_comes_late_takes_no_step_of_a_pin_back(come: Come):
    page = come(HUADONG_CLERK, "/stores/register")
    press(page, "action-paste")
    arrive(page, "field-coordinates")
    page.keyboard.type("31.236900, 121.490200")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("map-pin")).to_be_visible()

    told, shown = page.evaluate(
        """() => {
          const map = document.querySelector("qudao-map");
          map.nudge(0, 1); map.tell();
          const first = { ...map.pin() };
          map.nudge(0, 1); map.tell();
          const second = map.pin().latitude;
          map.setAttribute("points", JSON.stringify([first]));
          return [second, map.pin().latitude];
        }"""
    )

    assert shown == told
    expect(page.get_by_test_id("position-facts")).to_contain_text(f"{told:.6f}, 121.490200")


def test_a_workbook_is_imported_from_the_choice_of_the_file_to_the_last_row(come: Come, tmp_path: Path):
    book = Workbook()
    for cells in (["客户编码", "客户名称", "联络"], ["K01", "键盘一店", "王磊"], ["K02", "键盘二店", "李敏"]):
        book.active.append(cells)
    book.save(tmp_path / "keys.xlsx")
    page = come(WEI, "/customers/import")
    everything_is_seen(page)

    hand_over(page, "import-file", tmp_path / "keys.xlsx")
    page.wait_for_url("**/customers/import/*")
    expect(page.locator("h1")).to_be_focused()
    everything_is_seen(page)
    choose(page, "field-column-2", "Contact")
    everything_is_seen(page)
    press(page, "action-next")
    page.wait_for_url("**step=check")
    expect(page.get_by_test_id("import-apply")).to_be_visible()
    expect(page.locator("h1")).to_be_focused()
    press(page, "import-apply")

    expect(page.get_by_test_id("import-outcome")).to_have_text("Done: 2 rows were imported.")
    expect(page.locator("h1")).to_be_focused()
    everything_is_seen(page)
    assert row_of("customers", "K02")["contact"] == "李敏"


@pytest.mark.parametrize("size", (DESKTOP, PHONE), ids=("desktop", "phone"))
def test_a_clerk_places_an_order(size: tuple[int, int], come: Come):
    page = come(SUZHOU_CLERK, "/orders/new", size)
    everything_is_seen(page)

    press(page, "action-submit")
    arrive(page, "problem")
    press(page, "action-more-QH-500", back=True)
    press(page, "action-less-QH-500", back=True)
    expect(page.get_by_test_id("field-quantity-QH-500")).to_have_value("0")
    arrive(page, "action-less-QH-500")
    press(page, "action-more-QH-500")
    expect(page.get_by_test_id("basket-total")).to_have_text("¥660.00")  # only what is shown can be submitted
    write(page, "field-quantity-QH-501", "7")
    press(page, "action-submit")
    arrive(page, "field-quantity-QH-501")
    page.keyboard.type("12")
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("basket-total")).to_have_text("¥924.00")
    press(page, "action-submit")

    page.wait_for_url("**/orders/SO-*")
    expect(page.locator(".qd-chip").first).to_have_text("Submitted")
    everything_is_seen(page)
    assert (newest_order().total_cents, newest_order().status) == (924_00, "submitted")


def choose(page: Page, testid: str, label: str) -> None:
    """Open a list of choices and go down to the one with a label."""
    tab_to(page, testid)
    page.keyboard.press("Enter")
    wanted = page.get_by_role("option", name=label, exact=True)
    expect(wanted).to_be_visible()
    while "q-manual-focusable--focused" not in (wanted.get_attribute("class") or ""):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("option")).to_have_count(0)
