"""The site as a whole: each resource has one screen."""

from dataclasses import replace

from pages.resources import screens
from pages.shell import navigation
from pages.site import PLACES, SCREENS
from resources import ALL
from resources.events import EVENTS
from resources.products import PRODUCTS


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


def test_a_resource_that_declares_nothing_has_its_pages_and_a_place_of_its_own():
    depots = replace(PRODUCTS, name="depots", label="Depots")

    *declared, screen = screens.with_defaults(SCREENS, [*ALL, depots])
    *present, place = navigation.places_with_defaults(PLACES, [*ALL, depots])

    assert (tuple(declared), tuple(present)) == (SCREENS, PLACES)
    assert (screen.resource, screen.empty_text, screen.own) == (depots, screens.EMPTY_TEXT, frozenset())
    assert (place.name, place.label, place.href, place.group) == ("depots", "Depots", "/depots", "data")
    assert place.permission is PRODUCTS.view
    assert place.rank > max(one.rank for one in PLACES)


def test_a_list_that_nobody_adds_to_invites_nobody_to_add():
    (*_declared, screen) = screens.with_defaults([], [EVENTS])

    assert screen.empty_text == ""
