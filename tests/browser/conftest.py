"""What tests in a real browser need: the browser, the product with a brand in a process of its own, and phones."""

from tests.browser.store_phones import patience, phone, stores_address, stores_browser, stores_folder
from tests.support.browsing import brand, browser

__all__ = ["brand", "browser", "patience", "phone", "stores_address", "stores_browser", "stores_folder"]
