"""Whole data sets of stores and positions: published pairs met, 25,600 shops of the world in, every count explained."""

import csv
import os
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.database.sessions import reading
from core.positions.points import convert, distance_m, is_in_china_box
from importers.runs.batches import import_file
from importers.runs.runner import ImportReport, Source
from models.regions.resolving import resolve
from models.stores import Store, StoreFinding, StorePosition
from resources.stores import STORES
from services.installation.checks import broken_invariants
from tests.conftest import ADMIN
from tests.services.stores.test_findings import crowd_on_one_point

pytestmark = pytest.mark.campaign
MAPPING = {
    "Store Number": "code", "Store Name": "name", "Phone Number": "phone", "Street Address": "address",
    "Latitude": "latitude", "Longitude": "longitude",
}  # fmt: skip


def dataset(*names: str) -> Path:
    return Path(os.environ["QUDAO_DATASETS"]).joinpath(*names)


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def shops(file: Path, *, mapping: dict[str, str] = MAPPING, **constants: str) -> ImportReport:
    source = Source(path=file, name=file.name, kind="csv", mapping=mapping, constants=constants)
    return import_file(STORES, source, ADMIN, sha256="0")


def tell(column):
    with reading(ADMIN) as session:
        return dict(session.execute(select(column, func.count()).group_by(column)).all())


@pytest.mark.parametrize(
    ("source", "target", "most_m"),
    [("wgs84", "gcj02", 1.0), ("gcj02", "wgs84", 1.0), ("gcj02", "bd09", 0.3), ("bd09", "gcj02", 0.3),
     ("wgs84", "bd09", 1.0), ("bd09", "wgs84", 1.0)],
)  # fmt: skip
def test_places_are_where_the_map_services_say(source, target, most_m):
    for row in rows_of(dataset("vectors-geo", "china_cities_wgs_gcj_bd.csv")):
        given, wanted = (
            (float(row[f"{datum}_lat"]), float(row[f"{datum}_lon"])) for datum in (source, target)
        )  # fmt: skip
        assert distance_m(*convert(*given, source, target), *wanted) <= most_m, row["name"]


def test_a_thousand_shops_on_one_point_with_one_number_are_saved_with_findings(sqlite_database):
    crowd_on_one_point(1_000)


def test_published_points_are_met():
    for row in rows_of(dataset("vectors-geo", "point_vectors.csv")):
        found = convert(float(row["lat_wgs84"]), float(row["lon_wgs84"]), "wgs84", "gcj02")
        assert distance_m(*found, float(row["lat_gcj02"]), float(row["lon_gcj02"])) < 0.001
    ways = {"gcj02_from_bd09": ("bd09", "gcj02"), "bd09_from_gcj02": ("gcj02", "bd09")}
    for row in rows_of(dataset("vectors-geo", "bd_gcj_vectors.csv")):
        if row["source"] == "coordtransform" and row["direction"] in ways:  # the others are measured, not computed
            found = convert(float(row["lat_in"]), float(row["lon_in"]), *ways[row["direction"]])
            assert distance_m(*found, float(row["lat_out"]), float(row["lon_out"])) <= 0.3


@pytest.mark.parametrize("datum", ["wgs84", "gcj02"])
def test_all_shops_of_the_world_come_in_and_every_count_is_explained(database, datum):
    file = dataset("starbucks-2017", "directory.csv")
    stated = rows_of(file)

    report = shops(file, datum=datum)

    codes = Counter(row["Store Number"] for row in stated if row["Store Number"])
    problems = Counter((problem.field, problem.problem.code) for problem in report.problems)
    assert [code for code, many in codes.items() if many > 1] == ["19773-160973"]
    assert report.rows == 25_600 == sum(codes.values())
    assert problems == {("code", "imports.repeated_key"): 1, ("phone", "phone.invalid"): 12}
    assert (report.created, report.updated, report.refused) == (25_587, 0, 13)
    with reading(ADMIN) as session:
        assert broken_invariants(session) == []
        placed = session.scalar(select(func.count()).select_from(StorePosition).where(StorePosition.valid_to.is_(None)))
        outside = session.execute(select(Store.latitude, Store.longitude).where(Store.latitude.is_not(None))).all()
        no_place = session.scalars(select(Store.code).where(Store.latitude.is_(None))).all()
        found = session.scalar(select(func.count(func.distinct(StoreFinding.store_id)))) or 0
        later = select(Store.id).where(Store.status == "active", Store.finding_count > 0)
        query = select(StoreFinding.store_id, StoreFinding.other_store_id).where(StoreFinding.store_id.in_(later))
        earlier = session.execute(query).all()  # found only when the other one came, in a later slice
    by_status, by_code = tell(Store.status), tell(StoreFinding.code)
    assert (placed, len(no_place)) == (25_586, 1)
    assert by_code["position.abroad"] >= sum(not is_in_china_box(*point) for point in outside) > 20_000
    active_before = len({one for one, _ in earlier})
    assert all(other is not None and other > one for one, other in earlier)
    assert by_status == {
        "active": 25_587 - found + active_before,
        "under_review": found - active_before,
    }
    assert set(by_code) <= {"position.abroad", "stores.duplicate", "stores.near_duplicate", "stores.same_phone",
                            "phone.not_a_mobile", "position.datum_doubtful"}  # fmt: skip


def test_the_same_file_again_writes_nothing(database):
    file = dataset("starbucks-2017", "directory.csv")
    shops(file, datum="wgs84")
    before = tell(StoreFinding.code)

    report = shops(file, datum="wgs84")

    assert (report.created, report.updated, report.unchanged) == (0, 0, 25_587)
    assert tell(StoreFinding.code) == before


def test_the_shops_of_china_lie_in_the_cities_they_name(database, tmp_path):
    chinese = [row for row in rows_of(dataset("starbucks-2017", "directory.csv")) if row["Country"] == "CN"]
    file = tmp_path / "china.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, fieldnames=list(chinese[0]))
        writer.writeheader()
        writer.writerows(chinese)

    report = shops(file, mapping=MAPPING | {"City": "region"}, datum="gcj02")

    problems = Counter((problem.field, problem.problem.code) for problem in report.problems)
    nowhere = sum(resolve(row["City"]).region is None for row in chinese)
    refused = {problem.row for problem in report.problems}
    assert len(chinese) == report.rows == 2_734
    assert sum(many for (field, _), many in problems.items() if field == "region") == nowhere == 208
    assert report.created == 2_734 - len(refused)
    with reading(ADMIN) as session:
        far = select(Store.code).join(StoreFinding, StoreFinding.store_id == Store.id)
        codes = session.scalars(far.where(StoreFinding.code == "position.far_from_region")).all()
        assert broken_invariants(session) == []
    assert len(codes) <= 5  # two shops of 廊坊 are listed under Beijing; one of 东莞 stands in 深圳
    assert tell(StoreFinding.code).get("position.abroad", 0) == 0
