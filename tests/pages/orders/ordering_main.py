"""Ordering and deciding behind the real door: for its tests, in this process."""

from pages.imports.upload import register_importing
from pages.ordering import register_ordering
from pages.staff import register_staff_pages
from tests.support.small_product import serve_small_product

serve_small_product(register_importing, lambda _app: register_ordering(), register_staff_pages)
