"""The order pages behind the real guards: for tests in this process."""

from pages.imports.upload import register_importing
from pages.partners.affiliations import register_affiliations
from pages.site import add_order_pages, add_staff_pages
from tests.support.small_product import serve_small_product

serve_small_product(
    register_importing,
    lambda _app: add_order_pages(),
    lambda _app: register_affiliations(),
    add_staff_pages,
)
