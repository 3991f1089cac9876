"""The pages of staff behind the real door: for their tests, in this process."""

from pages.staff import register_staff_pages
from tests.support.small_product import serve_small_product

serve_small_product(register_staff_pages)
