"""Stores on a map: gathered within the viewer's scope, every one counted once, in the datum of the map."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.database.sessions import reading
from core.errors import NotFound, NotPermitted
from core.positions.points import distance_m
from services.stores.map_points import Box, bounds, clusters, neighbours, stores_in
from services.stores.registration import anonymous_actor
from tests.conftest import BEIFANG_CLERK, HUADONG_OWNER, LING, SUZHOU_CLERK, WEI
from tests.services.stores.support import away, save, shop, without_stores

CHINA = Box(3, 73, 54, 136)


def placed() -> None:
    save(
        WEI,
        shop("S1", partner="SZ"),
        shop("S2", partner="HD", **away(120)),
        shop("S3", partner="BF", latitude=39.9, longitude=116.4, region="110000"),
        shop("S4", **away(60_000), status="closed"),
        {"code": "S5", "name": "没有位置"},
    )


@pytest.mark.parametrize(
    ("actor", "codes"), [(LING, {"S1", "S2", "S3"}), (HUADONG_OWNER, {"S1", "S2"}), (BEIFANG_CLERK, {"S3"})]
)
def test_everyone_sees_the_stores_of_their_own_scope(database, actor, codes):
    placed()

    with reading(actor) as session:
        found = clusters(session, CHINA, 20)
        assert {one.code for one in found} == {one.code for one in stores_in(session, CHINA)} == codes
        assert sum(one.count for one in clusters(session, CHINA, 3)) == len(codes)


def test_near_stores_are_one_cluster_until_the_map_is_close(database):
    placed()

    with reading(LING) as session:
        far, near = clusters(session, CHINA, 4), clusters(session, CHINA, 19)
    assert [(one.count, one.code) for one in far] == [(2, None), (1, "S3")]
    assert [(one.count, one.code) for one in near] == [(1, "S1"), (1, "S2"), (1, "S3")]
    assert near[0].name == "青禾S1号店"
    assert near[0].status == "active"


def test_points_are_shown_in_the_datum_of_the_map(database):
    save(WEI, shop("S1", latitude=31.230525, longitude=121.473667))

    with reading(LING) as session:
        (shown,) = stores_in(session, CHINA)
        (plain,) = stores_in(session, CHINA, datum="wgs84")
        (cluster,) = clusters(session, CHINA, 12)
    assert distance_m(shown.latitude, shown.longitude, 31.228583, 121.478190) < 1
    assert (plain.latitude, plain.longitude) == (31.230525, 121.473667)
    assert (cluster.latitude, cluster.longitude) == pytest.approx((shown.latitude, shown.longitude))


def test_a_map_is_narrowed_by_status_and_by_branch(database):
    placed()

    with reading(LING) as session:
        assert [one.code for one in stores_in(session, CHINA, status="closed")] == ["S4"]
        assert [one.code for one in stores_in(session, CHINA, partner="HD")] == ["S1", "S2"]
        assert stores_in(session, CHINA, partner="NOPE") == []
        assert [one.code for one in stores_in(session, CHINA, limit=1)] == ["S1"]
    with reading(SUZHOU_CLERK) as session:
        assert stores_in(session, CHINA, partner="BF") == []


def test_the_map_begins_where_the_stores_are(database):
    with reading(LING) as session:
        assert bounds(session) is None
    placed()

    with reading(LING) as session:
        box = bounds(session)
        assert (
            len(stores_in(session, Box(box.south - 0.001, box.west - 0.001, box.north + 0.001, box.east + 0.001))) == 3
        )


def test_neighbours_come_nearest_first_and_only_those_one_may_see(database):
    placed()
    save(WEI, shop("S6", partner="BF", **away(-40)))

    with reading(LING) as session:
        assert [(one.code, round(one.distance_m)) for one in neighbours(session, "S1")] == [("S6", 40), ("S2", 120)]
        assert [one.code for one in neighbours(session, "S1", radius_m=100)] == ["S6"]
        assert neighbours(session, "S5") == []
    with reading(SUZHOU_CLERK) as session:
        assert neighbours(session, "S1") == []
        with pytest.raises(NotFound):
            neighbours(session, "S3")


def test_an_anonymous_actor_sees_no_map(database):
    placed()

    with reading(anonymous_actor("en")) as session:
        assert (clusters(session, CHINA, 5), stores_in(session, CHINA), bounds(session)) == ([], [], None)
    with reading(type(LING)("hr", "hr")) as session, pytest.raises(NotPermitted):
        clusters(session, CHINA, 5)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.floats(20, 50), st.floats(80, 130)), min_size=1, max_size=8),
    st.tuples(st.floats(20, 50), st.floats(80, 130)),
    st.sampled_from([0.02, 0.3, 5.0, 40.0]),
    st.integers(0, 22),
)
def test_clusters_of_any_box_and_zoom_count_each_store_inside_once(sqlite_database, points, corner, size, zoom):
    without_stores()  # the examples share one database
    save(LING, *(shop(f"S{number}", latitude=north, longitude=east, region=None)
                 for number, (north, east) in enumerate(points)))  # fmt: skip
    box = Box(corner[0], corner[1], corner[0] + size, corner[1] + size)

    with reading(LING) as session:
        gathered = clusters(session, box, zoom, datum="wgs84")
        inside = {one.code for one in stores_in(session, box, datum="wgs84")}

    names = {f"S{number}": (round(north, 8), round(east, 8)) for number, (north, east) in enumerate(points)}
    expected = {code for code, (north, east) in names.items()
                if box.south <= north <= box.north and box.west <= east <= box.east}  # fmt: skip
    assert inside == expected
    assert sum(one.count for one in gathered) == len(expected)
