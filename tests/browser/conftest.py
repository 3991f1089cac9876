"""What tests in a real browser need: the browser, the product with a brand in a process of its own, and phones.

Of a test that fails every open page is pictured, in ``build/pictures``.
"""

import re
from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, Error

from tests.browser.served_product import address, product_folder, product_server
from tests.browser.store_phones import patience, phone, stores_address, stores_folder, stores_server
from tests.support.browsing import brand, browser, contexts, every_context
from tests.support.source import ROOT

__all__ = [
    "address",
    "brand",
    "browser",
    "contexts",
    "every_context",
    "patience",
    "phone",
    "product_folder",
    "product_server",
    "stores_address",
    "stores_folder",
    "stores_server",
]

PICTURES = ROOT / "build" / "pictures"
BLANK = "about:blank"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Picture what a failed test saw, while its pages are still open."""
    report = yield
    if report.when == "call" and report.failed:
        keep_pictures(item.nodeid, [one for one in item.funcargs.values() if isinstance(one, Browser)])
    return report


def keep_pictures(name: str, browsers: list[Browser]) -> None:
    """Write a picture of each open page."""
    stem = re.sub(r"\W+", "-", name.split("/")[-1]).strip("-")[:120]
    pages = [page for one in browsers for context in one.contexts for page in context.pages if page.url != BLANK]
    for number, page in enumerate(pages, 1):
        try:
            page.screenshot(path=PICTURES / f"{stem}-{number}.png")
        except Error:
            continue  # a page that is gone, or stuck, is no reason for a second failure
