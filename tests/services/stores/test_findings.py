"""What speaks against stores: found at once, about both of two, said in words, summed up; people's word stands."""

import random

import pytest
from sqlalchemy import select

from core.database.sessions import reading, unit_of_work
from core.i18n import use_language
from models.stores import Store, StoreFinding
from services.installation.checks import broken_invariants
from services.stores.findings import assess_ids
from services.stores.queries import store_findings
from services.stores.review import decide_store, dismiss_finding
from services.stores.rules import POINTS, PROPOSALS, SENTENCES, TITLES, finding_sentence, score_of
from tests.conftest import ADMIN, LING, SUZHOU_CLERK, WEI
from tests.services.stores.support import HUANGPU, METRE, away, events, found, save, shop, stored

ABROAD = {"region": None, "latitude": 48.8566, "longitude": 2.3522}


def broken() -> list[object]:
    with reading(ADMIN) as session:
        return broken_invariants(session)


@pytest.mark.parametrize(
    ("stated", "code", "points"),
    [
        ({"latitude": 0, "longitude": 0}, "position.zero", 60),
        ({"latitude": 87.6, "longitude": 43.8}, "position.swapped", 40),
        (ABROAD, "position.abroad", 40),
        ({"longitude": None}, "position.incomplete", 30),
        ({"region": "310112"}, None, 0),  # next to it
        ({"region": "310151"}, "position.far_from_region", 15),  # 崇明, another county of the same city
        ({"region": "310000"}, None, 0),
        ({"region": "320500"}, "position.far_from_region", 50),  # 苏州市, another province
        ({"region": "110000"}, "position.far_from_region", 50),
        ({"accuracy_m": 100}, None, 0),
        ({"accuracy_m": 101}, "position.inaccurate", 15),
        ({"accuracy_m": 501}, "position.inaccurate", 30),
        ({"phone": "12812345678"}, "phone.not_a_mobile", 10),
        ({"phone": "02163224567"}, None, 0),
        ({"phone": "12812345678"} | ABROAD, "position.abroad", 40),  # elsewhere numbers begin as they like
    ],
)
def test_what_speaks_against_a_store_by_itself_puts_it_under_review(sqlite_database, stated, code, points):
    saved = save(WEI, shop("S1") | stated)

    store = stored("S1")
    assert saved.problems == []
    assert list(found("S1")) == ([code] if code else [])
    assert (store.score, store.finding_count) == (100 - points, 1 if code else 0)
    assert store.status == ("under_review" if code else "active")


def test_another_city_of_the_same_province_is_distinguished_from_another_province(sqlite_database):
    save(WEI, shop("S1", region="320500", latitude=32.06, longitude=118.79))  # 苏州, stands in 南京

    finding = found("S1")["position.far_from_region"]
    with use_language("en"):
        sentence = finding_sentence(finding).text
    assert finding.points == 30
    assert finding.data["region"] == "320500"
    assert sentence.startswith("The position is ")
    assert "江苏省苏州市" in sentence
    assert " km from " in sentence


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (away(20, phone="13800138000"), "stores.duplicate"),
        (away(20, name="青禾 (南京东路) 超市"), "stores.duplicate"),
        (away(40, name="青禾 南京东路店"), "stores.near_duplicate"),
        (away(40, phone="13800138000"), "stores.near_duplicate"),
        (away(60, name="青禾南京东路店"), None),
        (away(5_000, phone="13800138000"), "stores.same_phone"),
        ({"latitude": None, "longitude": None, "phone": "13800138000"}, "stores.same_phone"),
        (away(20), None),
        (away(20, name="恒源 南京东路"), None),
    ],
)
def test_two_stores_that_may_be_one_are_a_finding_of_both(database, second, code):
    first = shop("S1", name="青禾南京东路店", phone="13800138000")
    other = shop("S2", name="德泰粮油") | second
    save(WEI, first)

    save(WEI, other)

    expected = [code] if code else []
    assert (list(found("S1")), list(found("S2"))) == (expected, expected)
    assert stored("S2").status == ("under_review" if code else "active")
    assert stored("S1").status == "active"  # it was there before: its score tells, people decide
    assert stored("S1").score == stored("S2").score
    assert broken() == []


def test_two_rows_of_one_worksheet_are_compared_too(database):
    save(WEI, shop("S1", phone="13800138000"), shop("S2", phone="13800138000"))

    assert [stored(code).score for code in ("S1", "S2")] == [40, 40]
    assert [stored(code).status for code in ("S1", "S2")] == ["under_review", "under_review"]
    assert [event.subject_key for event in events("store.questioned")] == ["S1", "S2"]


def test_points_of_different_datums_are_compared_where_they_really_are(database):
    save(WEI, shop("S1", phone="13800138000", latitude=31.230525, longitude=121.473667, datum="wgs84"))

    save(WEI, shop("S2", phone="13800138000", latitude=31.234436, longitude=121.484748, datum="bd09"))

    assert list(found("S2")) == ["stores.duplicate"]


def test_a_wrong_datum_is_suspected_where_another_would_make_two_stores_one(database):
    save(WEI, shop("S1", phone="13800138000", latitude=31.230525, longitude=121.473667, datum="wgs84"))

    save(WEI, shop("S2", phone="13800138000", latitude=31.228583, longitude=121.478190, datum="wgs84"))

    assert set(found("S2")) == {"stores.same_phone", "position.datum_doubtful"}
    assert found("S2")["position.datum_doubtful"].data == {"datum": "gcj02"}


def test_a_service_number_of_many_shops_tells_nothing(database):
    save(WEI, *(shop(f"S{number}", phone="4008208820", **away(number * 2_000)) for number in range(4)))

    assert [stored(f"S{number}").score for number in range(4)] == [100] * 4


def test_a_phone_of_many_stores_is_a_finding_of_three_and_counted(database):
    rows = [shop(f"S{number:02}", phone="13800138000", **away(number * 2_000)) for number in range(12)]

    save(WEI, *rows[:10])
    save(WEI, *rows[10:])

    with reading(ADMIN) as session:
        stored_findings = [
            session.scalars(
                select(StoreFinding).join(Store, Store.id == StoreFinding.store_id).where(Store.code == code)
            ).all()
            for code in ("S00", "S09", "S11")
        ]
    assert [len(one) for one in stored_findings] == [3, 3, 3]
    assert stored_findings[2][0].data == {"count": 12}
    assert broken() == []


def test_hundreds_of_shops_on_one_point_with_one_number_are_saved_with_findings(sqlite_database):
    crowd_on_one_point(300)


def crowd_on_one_point(count: int) -> None:
    """Save so many stores that may all be one, and look at the first, the middle and the last."""
    rows = [shop(f"S{number}", phone="13800138000", name="同名店") for number in range(count)]

    saved = save(WEI, *rows)

    assert saved.created == count
    assert {stored(f"S{number}").score for number in (0, count // 2, count - 1)} == {40}
    assert broken() == []


def test_a_pair_that_parts_is_one_no_more_for_either(database):
    save(WEI, shop("S1", phone="13800138000"), shop("S2", phone="13800138000"))

    save(LING, {"code": "S2", "phone": "13900139000", **away(4_000)})

    assert (found("S1"), found("S2")) == ({}, {})
    assert (stored("S1").score, stored("S2").score) == (100, 100)
    assert broken() == []


def test_what_people_dismissed_is_not_found_again_until_its_facts_change(database):
    save(WEI, shop("S1", region="110000"))
    with unit_of_work(LING) as session:
        dismiss_finding(session, found("S1")["position.far_from_region"].id, "注册地在北京")
    assert (stored("S1").score, stored("S1").finding_count) == (100, 0)

    save(WEI, {"code": "S1", "phone": "02163224567"})
    assert stored("S1").score == 100

    save(WEI, {"code": "S1", "region": "440000"})
    assert stored("S1").score == 50
    assert broken() == []


def test_an_accepted_finding_counts_in_the_score_and_is_not_raised_again(database):
    save(WEI, shop("S1", region="110000"))
    with unit_of_work(LING) as session:
        decide_store(session, "S1", "知道")

    save(WEI, {"code": "S1", "phone": "02163224567"})

    store = stored("S1")
    assert (store.status, store.score, store.finding_count) == ("active", 50, 0)


def test_looking_twice_finds_the_same(database):
    save(WEI, shop("S1", phone="13800138000"), shop("S2", phone="13800138000"), shop("S3", latitude=0, longitude=0))
    before = {code: set(found(code)) for code in ("S1", "S2", "S3")}

    with unit_of_work(LING) as session:
        assessments = assess_ids(session, [stored(code).id for code in ("S1", "S2", "S3")])

    assert {code: set(found(code)) for code in before} == before
    assert sorted(assessment.score for assessment in assessments.values()) == [40, 40, 40]
    assert broken() == []


def test_stores_of_branches_that_do_not_see_each_other_are_compared_and_nothing_else_is_shown(database):
    save(WEI, shop("S1", phone="13800138000", partner="BF"))

    save(WEI, shop("S2", phone="13800138000", partner="SZ"))

    with reading(SUZHOU_CLERK) as session:
        (finding,) = store_findings(session, session.scalars(select(Store.id)).one())
        assert session.get(Store, finding.other_store_id) is None
        text = finding_sentence(finding).text + str(finding.data)
    assert not {"S1", "13800138000", "青禾"} & set(text.split())


def test_every_kind_of_finding_has_points_a_title_and_a_sentence():
    assert POINTS.keys() == TITLES.keys() == SENTENCES.keys()
    assert {code for code, points in POINTS.items() if points == 0} == set(PROPOSALS)  # nothing against the store
    assert all(0 <= points <= 100 for points in POINTS.values())


def test_each_kind_takes_off_the_score_once_by_its_worst_and_never_below_zero():
    assert score_of([]) == 100
    assert score_of([("a", 10), ("a", 25), ("b", 5)]) == 70
    assert score_of([("a", 60), ("b", 60)]) == 0


def test_of_a_thousand_stores_the_sixty_fakes_are_found_with_few_false_alarms(sqlite_database):
    chance = random.Random(7)
    words = "恒鼎瑞嘉德鑫盛泰锦裕兴隆润丰禾佳惠汇万合源达祥和通康诚信昌荣顺茂"
    rows = []
    for number in range(940):
        name = "".join(chance.sample(words, 4)) + chance.choice(["粮油店", "便利店", "超市", "食品店"])
        place = {"latitude": HUANGPU["latitude"] + chance.uniform(-900, 900) * METRE,
                 "longitude": HUANGPU["longitude"] + chance.uniform(-900, 900) * METRE}  # fmt: skip
        rows.append({"code": f"R{number}", "name": name, "phone": f"139{number:08}", "region": "310101", **place})
    for number in range(60):
        model = rows[number * 15]
        near = {"latitude": model["latitude"] + chance.uniform(-15, 15) * METRE, "longitude": model["longitude"]}
        same_phone = {"name": "新" + "".join(chance.sample(words, 4)), "phone": model["phone"], **near}
        same_name = {"name": f"上海市{model['name'][:4]}（新）商店", "phone": f"137{number:08}", **near}
        elsewhere = {
            "name": f"远{number}店",
            "phone": f"136{number:08}",
            "latitude": 39.9,
            "longitude": 116.4 + number / 100,
        }
        rows.append({"code": f"F{number}", "region": "310101", **(same_phone, same_name, elsewhere)[number % 3]})

    save(WEI, *rows)

    with reading(ADMIN) as session:
        review = set(session.scalars(select(Store.code).where(Store.status == "under_review")))
    models = {f"R{number * 15}" for number in range(60) if number % 3 < 2}
    fakes = {code for code in review if code[0] == "F"}
    false_alarms = {code for code in review if code[0] == "R"} - models
    assert len(fakes) >= 57
    assert len(false_alarms) <= 28
