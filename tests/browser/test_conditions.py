"""A condition typed in the filters of a list, in a real browser: refused beneath its field, shown as a chip."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import LING
from tests.support.browsing import Contexts
from tests.support.looking import DESKTOP, keep, note_errors, sign_in

READY = 'qudao-grid[data-state="ready"]'


@pytest.fixture
def page(contexts: Contexts, address: str) -> Iterator[Page]:
    """Give the list of customers as Ling sees it in English; no error of script or security policy may occur."""
    context = contexts.lend(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    sign_in(context, address, LING)
    keep(context, address, qudao_language="en")
    page = context.new_page()
    errors = note_errors(page)
    page.goto(f"{address}/customers")
    page.locator(READY).wait_for()
    yield page
    assert [one for one in errors if "422" not in one] == []


def test_a_condition_is_refused_beneath_its_field_then_shown_as_a_chip_and_dropped(page: Page) -> None:
    everybody = page.locator(READY).get_attribute("data-total")
    page.get_by_test_id("filter-where").click()
    page.get_by_test_id("condition").fill("阶段 = 潜在客户 and colour = red")
    page.get_by_test_id("apply-where").click()

    expect(page.get_by_test_id("condition-problem")).to_contain_text("There is no field “colour” here.")
    expect(page.get_by_test_id("condition")).to_have_attribute("aria-invalid", "true")
    assert "where" not in page.url

    page.get_by_test_id("condition").fill('code in ("C001", "C002")')
    page.get_by_test_id("apply-where").click()

    expect(page.locator(f'{READY}[data-total="2"]')).to_be_visible()
    expect(page.get_by_test_id("filter-where")).to_have_text('Condition: Customer code in ("C001", "C002")')

    page.reload()
    expect(page.locator(f'{READY}[data-total="2"]')).to_be_visible()
    expect(page.get_by_test_id("filter-where")).to_have_text('Condition: Customer code in ("C001", "C002")')
    page.get_by_label("Drop “Condition”").click()

    expect(page.locator(f'{READY}[data-total="{everybody}"]')).to_be_visible()
    assert "where" not in page.url
