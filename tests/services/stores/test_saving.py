"""Saving of stores: findings never refuse a row, other branches' rows stay untouched, earlier positions are kept."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.clock import freeze, now
from core.database.sessions import reading
from core.errors import Conflict, NotPermitted
from core.events.log import Event
from core.positions.points import distance_m, to_wgs84
from models.stores import Store, StoreFinding, StorePosition
from services.installation.checks import broken_invariants
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK, HUADONG_OWNER, LING, MEI, SUZHOU_CLERK, SUZHOU_PATH, WEI
from tests.services.stores.support import (
    HUANGPU,
    away,
    count,
    counts,
    events,
    found,
    positions,
    save,
    shop,
    stored,
    without_stores,
)


def broken() -> list[object]:
    with reading(ADMIN) as session:
        return broken_invariants(session)


def test_a_new_store_is_active_and_scores_hundred_if_nothing_speaks_against_it(database):
    saved = save(WEI, shop("S1", partner="SZ", accuracy_m=20))

    store = stored("S1")
    assert counts(saved) == (1, 0, 0)
    assert (store.status, store.score, store.finding_count, store.path) == ("active", 100, 0, SUZHOU_PATH)
    assert (store.latitude, store.longitude, store.datum, store.accuracy_m) == (31.2323, 121.4752, "wgs84", 20.0)
    assert (store.position_source, store.fixed_at) == ("form", None)
    assert broken() == []


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
def test_a_position_is_kept_as_captured_and_computed_with_in_wgs84(database, datum):
    save(WEI, shop("S1", datum=datum), batch=None)

    store = stored("S1")
    assert (store.latitude, store.longitude, store.datum) == (31.2323, 121.4752, datum)
    point = store.wgs84_latitude, store.wgs84_longitude
    assert distance_m(*point, *to_wgs84(31.2323, 121.4752, datum)) < 0.01
    assert broken() == []


def test_the_same_rows_again_write_nothing(database):
    rows = [shop("S1"), shop("S2", latitude=0, longitude=0), shop("S3", latitude=31.5)]
    save(WEI, *rows)
    before = count(Event), count(StoreFinding), count(StorePosition)

    saved = save(WEI, *rows)

    assert counts(saved) == (0, 0, 3)
    assert (count(Event), count(StoreFinding), count(StorePosition)) == before


def test_a_store_that_is_moved_keeps_where_it_was_with_the_days(database):
    began = now()
    save(LING, shop("S1", accuracy_m=20))
    with freeze(began.replace(year=began.year + 1)):
        saved = save(LING, {"code": "S1", **away(400)})

    first, second = positions("S1")
    assert counts(saved) == (0, 1, 0)
    assert (first.latitude, first.accuracy_m, first.valid_to) == (31.2323, 20.0, second.valid_from)
    assert (second.valid_to, second.accuracy_m, second.person) == (None, None, "ling@example.com")
    assert stored("S1").status == "active"  # who moved it may decide about it
    assert broken() == []


def test_who_may_not_decide_about_stores_moves_one_into_review(database):
    save(WEI, shop("S1"))

    save(WEI, {"code": "S1", **away(400)})

    assert (stored("S1").status, stored("S1").score) == ("under_review", 75)
    assert found("S1")["position.moved"].data == {"distance_m": 400}
    assert events("store.questioned")[0].changes == {"status": ["active", "under_review"]}


def test_a_move_of_some_metres_is_a_better_measurement_and_no_move(database):
    save(WEI, shop("S1"))

    save(WEI, {"code": "S1", **away(30)})

    assert stored("S1").status == "active"
    assert len(positions("S1")) == 2


def test_a_change_that_bears_on_nothing_looks_at_nothing(database):
    save(WEI, shop("S1", **away(40_000)))
    save(LING, {"code": "S1", "status": "active"})

    save(WEI, {"code": "S1", "address": "南京东路 300 号"})

    assert stored("S1").status == "active"
    assert len(positions("S1")) == 1


def test_a_corrected_position_takes_its_findings_away(database):
    save(WEI, shop("S1", latitude=0, longitude=0))
    assert stored("S1").score == 40

    save(LING, {"code": "S1", **HUANGPU})

    assert (stored("S1").score, stored("S1").finding_count, found("S1")) == (100, 0, {})
    assert len(positions("S1")) == 2


def test_a_status_that_is_stated_stays_if_the_person_may_decide(database):
    save(LING, shop("S1", latitude=0, longitude=0, status="active"))
    save(WEI, shop("S2", latitude=0, longitude=0, status="active"))

    assert stored("S1").status == "active"
    assert stored("S2").status == "under_review"


def test_a_decision_by_worksheet_needs_who_may_decide_and_a_status_that_can_follow(database):
    save(WEI, shop("S1", latitude=0, longitude=0), shop("S2", status="closed"))

    sold = save(WEI, {"code": "S1", "status": "active"})
    wrong = save(LING, {"code": "S2", "status": "applied"})
    done = save(LING, {"code": "S1", "status": "active"})

    assert [p.problem.code for p in sold.problems] == ["stores.status_not_permitted"]
    assert [p.problem.code for p in wrong.problems] == ["stores.wrong_status"]
    assert counts(done) == (0, 1, 0)
    assert (stored("S1").status, stored("S2").status) == ("active", "closed")


def test_only_unreadable_or_impossible_degrees_and_a_taken_code_refuse_a_row(database):
    saved = save(
        WEI,
        shop("S1", latitude="NaN"),
        shop("S2", latitude=121.4752, longitude=31.2323),
        shop("S3", longitude="200"),
        shop("S4", latitude="３１°１３′５６″N"),
        shop("S5", latitude=None),
        shop("S6", phone="12345678901", **away(5_000)),
    )

    problems = [(p.row, p.field, p.problem.code) for p in saved.problems]
    assert problems == [
        (2, "latitude", "positions.unreadable"),
        (3, "latitude", "positions.out_of_range"),
        (4, "longitude", "positions.out_of_range"),
    ]
    assert "exchanged" in saved.problems[1].problem.message
    assert counts(saved) == (3, 0, 0)
    assert stored("S4").latitude == 31.23222222
    assert {code: list(found(code)) for code in ("S4", "S5", "S6")} == {
        "S4": [],
        "S5": ["position.incomplete"],
        "S6": ["phone.not_a_mobile"],
    }


def test_stores_without_any_position_are_stores_too(database):
    save(WEI, {"code": "S1", "name": "青禾一号店"})

    store = stored("S1")
    assert (store.status, store.score, store.latitude, store.cell) == ("active", 100, None, None)
    assert positions("S1") == []
    assert broken() == []


def test_a_partner_sees_the_stores_of_its_branch_and_states_none_itself(database):
    save(WEI, shop("S1", partner="SZ"), shop("S2", partner="BF", **away(9_000)), shop("S3", **away(20_000)))

    for actor, seen in (
        (SUZHOU_CLERK, {"S1"}),
        (HUADONG_OWNER, {"S1"}),
        (BEIFANG_CLERK, {"S2"}),
        (MEI, {"S1", "S2", "S3"}),
    ):
        with reading(actor) as session:
            assert set(session.scalars(select(Store.code))) == seen
    with pytest.raises(NotPermitted):
        save(HUADONG_CLERK, shop("S4"))
    assert count() == 3


def test_unknown_partners_are_named_and_the_other_rows_are_saved(database):
    saved = save(WEI, shop("S1", partner="NOPE"), shop("S2", partner="HD"))

    assert [(p.row, p.field, p.problem.code) for p in saved.problems] == [(2, "partner", "partners.not_found")]
    assert counts(saved) == (1, 0, 0)


def test_a_new_upstream_takes_along_what_is_kept_about_a_store(database):
    save(WEI, shop("S1", partner="SZ", latitude=0, longitude=0))

    save(WEI, {"code": "S1", "partner": "BF"})

    with reading(BEIFANG_CLERK) as session:
        assert session.scalar(select(Store.code)) == "S1"
        assert len(session.scalars(select(StoreFinding)).all()) == 1
        assert len(session.scalars(select(StorePosition)).all()) == 1
    with reading(SUZHOU_CLERK) as session:
        assert session.scalars(select(StoreFinding)).all() == []
    assert broken() == []


def test_a_form_with_an_older_version_is_refused(database):
    save(WEI, shop("S1"))
    save(WEI, {"code": "S1", "address": "新"})

    with pytest.raises(Conflict) as refused:
        save(WEI, {"code": "S1", "address": "旧"}, version=1)

    assert refused.value.code == "rows.changed_meanwhile"
    assert stored("S1").address == "新"


def test_who_may_not_edit_changes_nothing(database):
    for actor in (MEI, HUADONG_OWNER):
        with pytest.raises(NotPermitted):
            save(actor, shop("S1"))

    assert (count(), count(Event)) == (0, 0)


degrees = st.one_of(
    st.none(), st.floats(-90, 90).map(lambda number: round(number, 8)), st.sampled_from([0, 31.2323, 121.4, 87.6])
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(1, 6), degrees, degrees, st.sampled_from(["wgs84", "gcj02", "bd09", None]),
            st.sampled_from(["13800138000", "12345678901", None, "4008208820"]),
            st.sampled_from(["310101", "110000", None]), st.sampled_from(["HD", "SZ", "BF", None]),
        ),
        min_size=1, max_size=6, unique_by=lambda row: row[0],
    )
)  # fmt: skip
def test_whatever_is_stated_every_invariant_holds_and_again_changes_nothing(database, rows):
    without_stores()  # the examples share one database
    names = ("code", "latitude", "longitude", "datum", "phone", "region", "partner")
    stated = [dict(zip(names, (f"S{row[0]}", *row[1:]), strict=True)) | {"name": f"青禾{row[0]}"} for row in rows]

    saved = save(LING, *stated)
    again = save(LING, *stated)

    refused = {problem.row for problem in saved.problems}
    assert counts(again) == (0, 0, len(stated) - len(refused))
    assert broken() == []
