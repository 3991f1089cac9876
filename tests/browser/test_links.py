"""Links to hand on, copied in a real browser that comes over plain http from the network, where no clipboard is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import HUADONG_OWNER
from tests.services.applications.support import invite
from tests.support.browser import OTHER_HOST
from tests.support.browsing import Contexts
from tests.support.looking import PHONE, keep, sign_in
from tests.support.server import serving_copy

REFUSES = "document.execCommand = () => false"


@pytest.fixture
def page(contexts: Contexts, sqlite_template: Path, tmp_path: Path) -> Iterator[Page]:
    """Give the page of an invite as its maker opens it on a phone at home in the same network."""
    with serving_copy(sqlite_template, tmp_path, host=OTHER_HOST) as address:
        code = invite().code
        context = contexts.lend(viewport={"width": PHONE[0], "height": PHONE[1]})
        sign_in(context, address, HUADONG_OWNER)
        keep(context, address, qudao_language="en")
        page = context.new_page()
        page.goto(f"{address}/invites/{code}")
        page.wait_for_function("window.did_handshake === true")
        yield page


def test_a_link_is_copied_without_a_clipboard_or_selected_for_the_person_to_copy(page: Page):
    assert page.evaluate("navigator.clipboard === undefined")
    said, button = page.locator(".qd-link [role=status]"), page.get_by_test_id("action-copy-link")

    button.click()
    expect(said).to_have_text("Copied")
    expect(button).to_be_focused()

    page.evaluate(REFUSES)
    button.click()
    expect(said).to_have_text("Selected. Now copy it yourself: Ctrl C, or hold it down on a phone.")
    link = page.get_by_test_id("field-link")
    expect(link).to_be_focused()
    assert link.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)") == link.input_value()
