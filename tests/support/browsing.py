"""Fixtures of tests that look at pages in a real browser; the conftest of their folder names them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.support.browser import launch_options
from tests.support.page_brand import Brand, demo_brand

KEPT_MAX = 3


class Contexts:
    """Contexts of a browser, lent to one test after another: in a used one a page opens in half the time.

    A context is lent with a blank page, and without cookies and stored values of the tests before.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._kept: list[tuple[str, BrowserContext]] = []
        self._lent: list[tuple[str, BrowserContext]] = []

    def lend(self, *, is_kept: bool = True, **options: Any) -> BrowserContext:
        """Return a context until the end of the test.

        Args:
            is_kept: False if the test changes what cannot be undone, such as the clock.
            options: As of ``Browser.new_context``.
        """
        key = repr(sorted(options.items())) if is_kept else ""
        found = next((one for one in self._kept if one[0] == key), None)
        if found is None:
            found = key, self._browser.new_context(**options)
            found[1].new_page()
        else:
            self._kept.remove(found)
        self._lent.append(found)
        return found[1]

    def take_back(self) -> None:
        """Empty the contexts that are lent; keep the latest."""
        for key, context in self._lent:
            if key:
                _empty(context)
                self._kept.append((key, context))
            else:
                context.close()
        self._lent.clear()
        while len(self._kept) > KEPT_MAX:
            self._kept.pop(0)[1].close()


def _empty(context: BrowserContext) -> None:
    blank, *pages = context.pages
    addresses = {urlsplit(page.url) for page in pages}
    for page in pages:
        page.close()
    context.set_offline(False)
    context.clear_cookies()
    session = context.new_cdp_session(blank)
    for address in addresses:
        origin = f"{address.scheme}://{address.netloc}"
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    session.detach()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Give one browser for all tests of a folder; not of more, as its event loop stands in the way of other tests'."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def every_context(browser: Browser) -> Contexts:
    """Give the contexts that the tests of a folder share."""
    return Contexts(browser)


@pytest.fixture
def contexts(every_context: Contexts) -> Iterator[Contexts]:
    """Give contexts for one test."""
    yield every_context
    every_context.take_back()


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    """Serve one demo brand to all tests of a file."""
    with demo_brand(tmp_path_factory.mktemp("brand")) as brand:
        yield brand
