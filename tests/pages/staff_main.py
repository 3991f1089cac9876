"""The pages of staff behind the real door: for their tests, in this process."""

from pages.site import add_staff_pages
from tests.support.small_product import serve_small_product

serve_small_product(add_staff_pages)
