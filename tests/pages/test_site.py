"""The site as a whole: each resource has one screen."""

from pages.site import SCREENS
from resources import ALL


def test_each_resource_has_one_screen():
    assert sorted(screen.resource.name for screen in SCREENS) == sorted(resource.name for resource in ALL)


def test_first_steps_end_with_the_first_order():
    assert [screen.resource.name for screen in SCREENS if screen.first_step] == [
        "partners",
        "customers",
        "products",
        "prices",
        "orders",
    ]
