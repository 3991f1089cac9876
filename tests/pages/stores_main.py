"""The pages of stores behind the real door: for their tests, in this process or in one of its own."""

from pages.picture_responses import register_pictures
from pages.staff import register_staff_pages
from pages.store_map import register_store_map
from pages.store_moving import register_store_moving
from pages.store_registration import register_store_registration
from pages.store_review import register_store_review
from tests.support.small_product import serve_small_product

serve_small_product(
    register_pictures,
    lambda _app: register_store_registration(),
    register_store_review,
    lambda _app: register_store_moving(),
    register_store_map,
    register_staff_pages,
)
