"""Fixtures of tests that look at pages in a real browser; the conftest of their folder names them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.browser import launch_options
from tests.support.page_brand import Brand, demo_brand


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give one browser for all tests of a file; not of more, as its event loop stands in the way of other tests'."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    """Serve one demo brand to all tests of a file."""
    with demo_brand(tmp_path_factory.mktemp("brand")) as brand:
        yield brand
