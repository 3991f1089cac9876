"""Every page that a demo brand fills, opened in a real browser: no barrier, no error of script or policy, no overflow.

Pages are found by introspection. Looks that share nothing here; all eight by everybody, with pictures, in the campaign.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from core.access import Role
from tests.support.browser import launch_options
from tests.support.every_page import DESKTOP, PHONE, Brand, Look, demo_brand, walk

LOOKS = [
    (Role.ADMINISTRATOR, Look(DESKTOP, "light", "zh_CN")),
    (Role.PARTNER_OWNER, Look(PHONE, "dark", "en")),
    (None, Look(PHONE, "light", "zh_CN")),
]


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    with demo_brand(tmp_path_factory.mktemp("every_page")) as brand:
        yield brand


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


@pytest.mark.timeout(900)  # many pages, each scanned
@pytest.mark.parametrize(("role", "look"), LOOKS, ids=["administrator", "partner owner", "nobody"])
def test_no_page_keeps_anybody_out(browser, brand, role, look):
    assert walk(browser, brand, role, look) == {}
