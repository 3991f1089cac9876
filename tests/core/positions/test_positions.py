"""Positions: converted by the public formulas, read however people write them, never a crash."""

import math

import numpy as np
import pytest
from geopy.distance import geodesic, great_circle
from hypothesis import given
from hypothesis import strategies as st

from core.kinds.kind import Refused
from core.positions import columns
from core.positions.points import (
    ACCURACY,
    CELLS_ROUND,
    LATITUDE,
    LONGER_MAX,
    LONGITUDE,
    SHORTER_MIN,
    Datum,
    cell_of,
    cells_around,
    convert,
    distance_m,
    is_in_china_box,
    is_swapped,
    parse_position,
    position_text,
    to_wgs84,
)

# WGS-84, GCJ-02, BD-09 as (longitude, latitude): the table of the filing rules
PUBLISHED = (
    ((116.391349, 39.907375), (116.397590, 39.908776), (116.403963, 39.915120)),
    ((121.473667, 31.230525), (121.478190, 31.228583), (121.484748, 31.234436)),
    ((113.264385, 23.129112), (113.269715, 23.126435), (113.276136, 23.132723)),
    ((104.066541, 30.572269), (104.069046, 30.569815), (104.075522, 30.575825)),
    ((87.617733, 43.792818), (87.620582, 43.794043), (87.627015, 43.800164)),
    ((126.534967, 45.803775), (126.541007, 45.805757), (126.547626, 45.811371)),
    ((91.132212, 29.660361), (91.133755, 29.657641), (91.140355, 29.663387)),
)
chinese_points = st.tuples(st.floats(18.2, 53.0), st.floats(74.0, 134.5))
points = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
datums = st.sampled_from(list(Datum))


@pytest.mark.parametrize(("wgs84", "gcj02", "bd09"), PUBLISHED)
def test_published_points_are_met_within_a_metre(wgs84, gcj02, bd09):
    known = {"wgs84": wgs84[::-1], "gcj02": gcj02[::-1], "bd09": bd09[::-1]}

    for source, point in known.items():
        for target, expected in known.items():
            assert distance_m(*convert(*point, source, target), *expected) < 0.5, (source, target)


@pytest.mark.parametrize("abroad", [(48.8566, 2.3522), (-33.8688, 151.2093), (1.3521, 103.8198), (0.0, 0.0)])
def test_abroad_nothing_is_shifted(abroad):
    for source in Datum:
        for target in Datum:
            assert convert(*abroad, source, target) == abroad


@given(chinese_points, datums, datums)
def test_there_and_back_is_where_it_was(point, source, target):
    there = convert(*point, source, target)
    back = convert(*there, target, source)

    if is_in_china_box(*there):
        assert distance_m(*point, *back) < (0.5 if Datum.BD09 in (source, target) else 0.001)


@given(st.lists(points, min_size=1, max_size=20), datums, datums)
def test_a_column_of_points_is_converted_as_each_of_them(some, source, target):
    latitudes, longitudes = (np.array(column, dtype=np.float64) for column in zip(*some, strict=True))

    found = columns.convert_columns(latitudes, longitudes, source, target)

    expected = [convert(*point, source, target) for point in some]
    assert np.allclose(np.stack(found, axis=1), np.array(expected), rtol=0, atol=1e-11)


@given(st.lists(points, min_size=1, max_size=20))
def test_a_column_of_points_has_the_cells_of_each_of_them(some):
    latitudes, longitudes = (np.array(column, dtype=np.float64) for column in zip(*some, strict=True))

    assert columns.cells_of(latitudes, longitudes).tolist() == [cell_of(*point) for point in some]


everywhere = st.tuples(
    st.floats(-90, 90) | st.sampled_from([-90.0, -89.9999, 0.0, 89.9999, 90.0]),
    st.floats(-180, 180) | st.sampled_from([-180.0, -179.9999, 0.0, 179.9999, 180.0]),
)


@given(everywhere, everywhere)
def test_a_distance_is_the_geodesic_and_the_great_circle_is_as_near_to_it_as_is_said(one, other):
    metres = distance_m(*one, *other)
    great_circle_m = float(columns.great_circles_m(*one, *other))

    assert metres == pytest.approx(geodesic(one, other).m, abs=1e-6)
    assert metres * SHORTER_MIN - 1e-3 <= great_circle_m <= metres * LONGER_MAX + 1e-3


@given(everywhere, everywhere)
def test_the_great_circle_is_that_of_the_reference(one, other):
    assert columns.great_circles_m(*one, *other) == pytest.approx(great_circle(one, other).m, rel=1e-6, abs=0.1)


@given(everywhere, st.floats(0, 360), st.floats(0, 1), st.sampled_from([5.0, 50.0, 300.0, 5_000.0]))
def test_the_fast_form_loses_no_point_within_the_radius(point, bearing, share, radius_m):
    there = geodesic(meters=radius_m * share * 0.999999).destination(point, bearing)
    other = there.latitude, there.longitude

    assert columns.may_be_within(radius_m, *point, *other).size == 1
    if abs(point[0]) < 89.9:  # nearer to the poles a circle of 5 km touches every one of 72,000 cells in a row
        assert cell_of(*other) in cells_around(*point, radius_m)


@pytest.mark.parametrize("point", [(89.9995, 10.0), (-89.9995, -170.0), (0.0, 180.0), (31.0, -180.0)])
def test_points_at_the_poles_and_on_both_sides_of_the_date_line_are_near(point):
    for bearing in range(0, 360, 15):
        other = geodesic(meters=49.9).destination(point, bearing)

        assert cell_of(other.latitude, other.longitude) in cells_around(*point, 50.0)


def test_cells_do_not_run_from_one_row_into_the_next():
    assert cell_of(31.0, 180.0) % CELLS_ROUND == CELLS_ROUND - 1
    assert cell_of(31.0, -180.0) % CELLS_ROUND == 0
    assert len(cells_around(31.23, 121.47, 50)) == 1


@pytest.mark.parametrize(
    ("text", "latitude", "longitude", "datum"),
    [
        ("31.230416, 121.473701", 31.230416, 121.473701, "wgs84"),
        ("121.473701,31.230416", 31.230416, 121.473701, "wgs84"),
        ("３１．２３，１２１．４７", 31.23, 121.47, "wgs84"),
        ("31.23 121.47", 31.23, 121.47, "wgs84"),
        ("31°14′20″N 121°29′30″E", 31.23888889, 121.49166667, "wgs84"),
        ("N31°14'20\" E121°29'", 31.23888889, 121.48333333, "wgs84"),
        ("31°13.5'N, 121°28.4'E", 31.225, 121.47333333, "wgs84"),
        ("北纬31.23度 东经121.47度", 31.23, 121.47, "wgs84"),
        ("东经121度29分30秒，北纬31度14分20秒", 31.23888889, 121.49166667, "wgs84"),
        ("纬度：31.23，经度：121.47", 31.23, 121.47, "wgs84"),
        ("lng=121.47 lat=31.23", 31.23, 121.47, "wgs84"),
        ("33.87S 151.2E", -33.87, 151.2, "wgs84"),
        ("-33.87, 151.2", -33.87, 151.2, "wgs84"),
        ("87.61, 43.79", 43.79, 87.61, "wgs84"),
        ("https://uri.amap.com/marker?position=121.287689,31.234527&name=park", 31.234527, 121.287689, "gcj02"),
        ("https://apis.map.qq.com/uri/v1/marker?marker=coord:39.892326,116.342763;x", 39.892326, 116.342763, "gcj02"),
        ("https://map.baidu.com/?latlng=31.23,121.47", 31.23, 121.47, "bd09"),
        ("http://api.map.baidu.com/marker?location=31.23,121.47&coord_type=gcj02", 31.23, 121.47, "gcj02"),
        ("https://www.openstreetmap.org/#map=17/31.23/121.47", 31.23, 121.47, "wgs84"),
        ("https://www.google.com/maps/@31.23,121.47,15z", 31.23, 121.47, "wgs84"),
        ("geo:31.23,121.47", 31.23, 121.47, "wgs84"),
    ],
)
def test_positions_are_read_as_people_paste_them(text, latitude, longitude, datum):
    found = parse_position(text)

    assert (found.latitude, found.longitude, found.datum) == (latitude, longitude, datum)


def test_numbers_alone_are_of_the_datum_that_was_chosen_and_links_of_their_own():
    assert parse_position("31.23, 121.47", "bd09").datum == Datum.BD09
    assert parse_position("https://www.google.com/maps/@31.23,121.47,15z", "gcj02").datum == Datum.GCJ02
    assert parse_position("https://uri.amap.com/marker?position=121.28,31.23", "bd09").datum == Datum.GCJ02


@pytest.mark.parametrize(
    "text",
    ["", " ", "abc", "31.23", "nan, nan", "NaN,121", "inf 121", "31°70'N 121°E", "31.5°30'N 121°E", "N31 N121",
     "31.230416121.473701", "1e5,3", "-31.2S, 121E", "٣١.٢, ١٢١.٤", "https://example.com/shop/1", "x" * 5_000],
)  # fmt: skip
def test_what_is_no_position_is_refused_in_words(text):
    with pytest.raises(Refused) as refused:
        parse_position(text)

    assert refused.value.problem.code == "positions.unreadable"


@pytest.mark.parametrize("text", ["200, 300", "91.5, 200.1", "-95, 190"])
def test_what_is_not_on_the_earth_is_refused_in_words(text):
    with pytest.raises(Refused) as refused:
        parse_position(text)

    assert refused.value.problem.code == "positions.out_of_range"


@given(st.text(max_size=80))
def test_no_text_whatever_breaks_the_reader(text):
    for read in (parse_position, LATITUDE.parse_cell, LONGITUDE.parse_cell, ACCURACY.parse_cell):
        try:
            found = read(text)
        except Refused as refused:
            assert refused.problem.text
        else:
            assert found is None or isinstance(found, float) is (read is not parse_position)


@given(chinese_points)
def test_what_is_shown_can_be_pasted_back(point):
    found = parse_position(position_text(*point))

    assert distance_m(*point, found.latitude, found.longitude) < 0.2


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (LATITUDE, 31.230416, 31.230416),
        (LATITUDE, "３１．２３", 31.23),
        (LATITUDE, "31°14′20″N", 31.23888889),
        (LATITUDE, "-90", -90.0),
        (LONGITUDE, "东经121.47", 121.47),
        (LONGITUDE, 180, 180.0),
        (ACCURACY, "20 米", 20.0),
        (ACCURACY, 12.34, 12.3),
        (ACCURACY, 0, 0.0),
    ],
)
def test_cells_are_read_as_numbers_or_angles(kind, cell, value):
    assert kind.parse_cell(cell) == value


@pytest.mark.parametrize(
    ("kind", "cell", "code"),
    [
        (LATITUDE, 121.47, "positions.out_of_range"),
        (LATITUDE, "90.001", "positions.out_of_range"),
        (LATITUDE, "31.2E", "positions.unreadable"),
        (LATITUDE, "NaN", "positions.unreadable"),
        (LATITUDE, True, "positions.unreadable"),
        (LONGITUDE, 181, "positions.out_of_range"),
        (LONGITUDE, "1,234", "positions.unreadable"),
        (ACCURACY, -1, "number.invalid"),
        (ACCURACY, "1e99", "number.invalid"),
        (ACCURACY, 100_001, "number.out_of_range"),
    ],
)
def test_cells_that_are_none_are_refused_in_words(kind, cell, code):
    with pytest.raises(Refused) as refused:
        kind.parse_cell(cell)

    assert refused.value.problem.code == code


def test_exchanged_numbers_are_detected_only_where_the_exchange_makes_sense():
    assert is_swapped(87.6, 43.8)
    assert not is_swapped(31.2, 121.5)
    assert not is_swapped(48.9, 2.4)


def test_a_datum_nobody_knows_is_an_error_of_the_program():
    with pytest.raises(ValueError, match="mars"):
        to_wgs84(31.0, 121.0, "mars")
    assert not math.isnan(to_wgs84(31.0, 121.0, "gcj02")[0])
