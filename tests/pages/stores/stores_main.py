"""The pages of stores behind the real door: for their tests, in this process or in one of its own."""

from pages.site import add_staff_pages
from pages.stores.map_page import register_store_map
from pages.stores.moving import register_store_moving
from pages.stores.registration import register_store_registration
from pages.stores.review import register_store_review
from pages.web.pictures import register_pictures
from tests.support.small_product import serve_small_product

serve_small_product(
    register_pictures,
    lambda _app: register_store_registration(),
    register_store_review,
    lambda _app: register_store_moving(),
    register_store_map,
    add_staff_pages,
)
