"""What every page test needs: a browser, and an application that does not remember the routers of tests before."""

from collections.abc import Iterator

import pytest
from nicegui import app
from playwright.sync_api import Browser, sync_playwright

from tests.pages.store_phones import patience, phone, stores_address, stores_browser, stores_folder
from tests.support.browser import launch_options

__all__ = ["browser", "lifespan", "patience", "phone", "stores_address", "stores_browser", "stores_folder"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give one browser for all tests of a file; not of more, as its event loop stands in the way of other tests'."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def lifespan() -> Iterator[None]:
    """Give back the application's lifespan: each router that is included wraps it once more, test after test."""
    before = app.router.lifespan_context
    yield
    app.router.lifespan_context = before
