"""What every page test needs: browsers, and an application that does not remember the routers of tests before."""

from collections.abc import Iterator

import pytest
from nicegui import app

from tests.pages.store_phones import patience, phone, stores_address, stores_browser, stores_folder
from tests.support.browsing import brand, browser

__all__ = ["brand", "browser", "lifespan", "patience", "phone", "stores_address", "stores_browser", "stores_folder"]


@pytest.fixture(autouse=True)
def lifespan() -> Iterator[None]:
    """Give back the application's lifespan: each router that is included wraps it once more, test after test."""
    before = app.router.lifespan_context
    yield
    app.router.lifespan_context = before
