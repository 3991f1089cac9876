"""Names as they are compared, and points in regions: the short ways answer as the long ones."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.positions.points import distance_m, to_wgs84
from models.regions.resolving import region
from services.misplacement import NEAREST, county_points, misplaced
from services.stores.names import name_key, similarity


def direction(latitude: float, longitude: float) -> tuple[float, float, float]:
    """Return the unit vector of a point of a sphere: the smaller their angle, the nearer two points."""
    north, east = math.radians(latitude), math.radians(longitude)
    return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)


CODES = sorted(county_points().codes)
POINTS = {code: to_wgs84(region(code).latitude, region(code).longitude, "gcj02") for code in CODES}
VECTORS = np.array([direction(*POINTS[code]) for code in CODES])
NEARBY = 100
"""Counties whose distances are measured: many more than could be among the nearest of a point."""


@pytest.mark.parametrize(
    ("name", "code", "key"),
    [
        ("上海市静安区恒源粮油店", "310106", "恒源"),
        ("静安区恒源粮油店", "310106", "恒源"),
        ("静安区恒源粮油店", None, "静安区恒源"),
        ("江苏省南京市苏果超市有限公司", None, "苏果"),
        ("恒源粮油（南京路店）", None, "恒源粮油 南京路"),
        ("ＡＢＣ　超市", None, "abc"),
        ("超市", None, "超市"),
        ("水果店", None, "水果店"),
        ("上海店", None, "上海"),
        ("中国石化", None, "中国石化"),
        ("Starbucks - Zhongshan_Park", None, "starbucks zhongshan park"),
        ("！！", None, ""),
    ],
)
def test_names_are_compared_without_what_says_nothing(name, code, key):
    assert name_key(name, code) == key


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ("恒源粮油店", "恒源（南京路）便利店", True),
        ("青禾南京东路店", "青禾 南京东路 超市", True),
        ("恒源粮油店", "德泰粮油店", False),
        ("超市", "便利店", False),
        ("", "", False),
    ],
)
def test_names_of_one_shop_are_alike_and_those_of_two_are_not(one, other, is_alike):
    assert (similarity(name_key(one), name_key(other)) >= 0.9) is is_alike


@given(st.text(max_size=40))
def test_any_name_has_a_key_that_fits_its_column(name):
    assert len(name_key(name * 20)) <= 200
    assert 0 <= similarity(name_key(name), name_key(name)) <= 1


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(CODES), st.floats(-1.5, 1.5), st.floats(-1.5, 1.5), st.sampled_from(CODES))
def test_a_point_is_in_its_county_if_that_is_among_the_nearest(near, north, east, other):
    point = POINTS[near][0] + north, POINTS[near][1] + east
    metres = metres_of_counties(*point, near, other)
    nearest = sorted(metres, key=lambda code: metres[code])[:NEAREST]

    for declared in (near, other):
        found = misplaced(np.array([point[0]]), np.array([point[1]]), [declared])

        assert (found == {} or found[0].is_abroad) is (declared in nearest)
        if found and not found[0].is_abroad:
            assert found[0].nearest == nearest[0]
            assert found[0].declared_m == pytest.approx(metres[declared], rel=1e-6, abs=1)


@settings(max_examples=25, deadline=None)
@given(st.floats(4, 53), st.floats(74, 135))
def test_what_is_abroad_is_far_from_every_county(latitude, longitude):
    found = misplaced(np.array([latitude]), np.array([longitude]), [None])

    assert bool(found) is (min(metres_of_counties(latitude, longitude).values()) > 360_000)


def metres_of_counties(latitude: float, longitude: float, *more: str) -> dict[str, float]:
    """Return the distance of a point from the ``NEARBY`` counties nearest to it, and from ``more``."""
    order = np.argsort(-(VECTORS @ np.array(direction(latitude, longitude))))
    codes = {*(CODES[at] for at in order[:NEARBY]), *more}
    return {code: distance_m(latitude, longitude, *POINTS[code]) for code in codes}


def test_many_points_are_judged_as_each_of_them():
    codes = [*CODES[::40], None]
    points = [POINTS[code] for code in CODES[::40]] + [(39.9, 116.4)]
    shifted = [(north + 0.4, east - 0.4) for north, east in points]

    together = misplaced(*(np.array(column) for column in zip(*shifted, strict=True)), codes)

    alone = {
        row: place
        for row, (point, code) in enumerate(zip(shifted, codes, strict=True))
        for place in misplaced(np.array([point[0]]), np.array([point[1]]), [code]).values()
    }
    assert together.keys() == alone.keys()
    assert [place.nearest for place in together.values()] == [place.nearest for place in alone.values()]
