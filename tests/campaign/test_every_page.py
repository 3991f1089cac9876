"""Every page by every role in every look, scanned; pictures to be looked at lie in ``.pytest_cache/pages``."""

import re

import pytest
from playwright.sync_api import Browser, Page

from core.permissions import Role
from tests.support.every_page import EVERY_LOOK, Look, page_paths, walk
from tests.support.page_brand import Brand
from tests.support.source import ROOT

pytestmark = pytest.mark.campaign
PICTURES = ROOT / ".pytest_cache" / "pages"


@pytest.mark.parametrize("look", EVERY_LOOK, ids=lambda look: look.name)
@pytest.mark.parametrize("role", [*Role, None], ids=str)
def test_every_page_is_fit_to_be_seen(browser: Browser, brand: Brand, role: Role | None, look: Look):
    folder = PICTURES / look.name
    folder.mkdir(parents=True, exist_ok=True)

    def take(path: str, page: Page) -> None:
        name = re.sub(r"[^0-9A-Za-z]+", "-", path).strip("-") or "start"
        page.screenshot(path=folder / f"{role or 'nobody'}-{name}.png")

    assert walk(browser, brand, role, [look], page_paths(brand, role), take) == {}
