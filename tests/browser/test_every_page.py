"""Every page that there is, opened in a real browser: no barrier, no error of script or policy, no overflow.

Pages are found by introspection. Looks that share nothing here; all eight by everybody, with pictures, in the campaign.
"""

import pytest

from core.permissions import Role
from tests.support.every_page import FURTHER, NO_PAGE, Look, page_paths, routes_without_page, walk
from tests.support.looking import DESKTOP, PHONE

pytestmark = pytest.mark.timeout(900)  # many pages, each scanned
PARTS = 3  # so that no part alone is what everything else waits for
LOOKS = [
    *((Role.ADMINISTRATOR, part, Look(DESKTOP, "light", "zh_CN")) for part in range(PARTS)),
    *((Role.PARTNER_OWNER, part, Look(PHONE, "dark", "en")) for part in range(PARTS)),
]
NAMES = [f"{role}, part {part + 1} of {PARTS}" for role, part, _ in LOOKS]


@pytest.mark.parametrize(("role", "part", "look"), LOOKS, ids=NAMES)
def test_no_page_keeps_anybody_out(browser, brand, role, part, look):
    assert walk(browser, brand, role, look, page_paths(brand, role, part=part, parts=PARTS)) == {}


def test_no_page_keeps_out_who_is_not_signed_in(browser, brand):
    look = Look(PHONE, "light", "zh_CN")

    assert walk(browser, brand, None, look, page_paths(brand, None)) == {}


@pytest.mark.parametrize("role", FURTHER, ids=str)
def test_what_other_roles_see_otherwise_keeps_nobody_out(browser, brand, role):
    paths = page_paths(brand, role)

    assert len(paths) == len(FURTHER[role])
    assert walk(browser, brand, role, Look(DESKTOP, "light", "zh_CN"), paths) == {}


def test_every_route_shows_a_page_or_says_why_it_shows_none(brand):
    assert routes_without_page(brand) == set(NO_PAGE)
