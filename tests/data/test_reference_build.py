"""What is in ``data/reference.db``, and that it is what the sources in the repository give."""

import sqlite3
from contextlib import closing

import pytest

from data.build_reference import build
from data.region_rows import DATA, read_decisions, short_name

SHIPPED = DATA / "reference.db"
SIZE_MAX_BYTES = 3 * 1024 * 1024


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("reference") / "reference.db"
    build(path)
    return path


def rows(path, statement):
    with closing(sqlite3.connect(f"file:{path.as_posix()}?mode=ro&immutable=1", uri=True)) as database:
        return database.execute(statement).fetchall()


def tables(path):
    return [name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]


def test_the_shipped_database_is_what_the_sources_give(built):
    different = [
        name for name in tables(built) if rows(built, f"SELECT * FROM {name}") != rows(SHIPPED, f"SELECT * FROM {name}")
    ]

    assert tables(SHIPPED) == tables(built)
    assert different == []


def test_the_same_sources_give_the_same_bytes(built, tmp_path):
    build(tmp_path / "again.db")

    assert (tmp_path / "again.db").read_bytes() == built.read_bytes()


def test_the_shipped_database_is_small_and_whole():
    assert SHIPPED.stat().st_size <= SIZE_MAX_BYTES
    assert rows(SHIPPED, "PRAGMA integrity_check") == [("ok",)]
    assert rows(SHIPPED, "PRAGMA foreign_key_check") == []


def test_every_source_is_named_with_its_licence():
    named = rows(SHIPPED, "SELECT licence FROM sources ORDER BY file")
    readme = (DATA / "README.md").read_text(encoding="utf-8")

    assert len(named) == 5
    assert [file.name for file in (DATA / "sources").iterdir() if file.name not in readme] == []


def test_every_decision_names_heirs_that_are_valid():
    valid = {code for (code,) in rows(SHIPPED, "SELECT code FROM regions WHERE status = 'current'")}
    retired = {code for (code,) in rows(SHIPPED, "SELECT code FROM regions WHERE status = 'retired'")}
    decisions = read_decisions(DATA / "successors.csv")

    assert len(decisions) == 145
    assert set(decisions) - retired == set()
    assert {heir for decision in decisions.values() for heir in decision.heirs} - valid == set()
    assert [code for code, decision in decisions.items() if not decision.source] == []


def test_a_namesake_that_was_there_all_the_time_is_no_heir():
    successors = dict(rows(SHIPPED, "SELECT code, successor FROM regions WHERE name IN ('桥东区', '矿区', '郊区')"))

    assert successors["130103"] is None
    assert (successors["140203"], successors["140411"]) == ("140214", "140403")


def test_validity_is_known_as_far_as_the_sources_say():
    names_before = rows(
        SHIPPED,
        "SELECT code, valid_from, valid_to FROM regions"
        " WHERE code IN ('110101', '110103', '120116', '320213', '330114', '110118') ORDER BY code",
    )

    assert names_before == [
        ("110101", None, None),
        ("110103", None, 2010),
        ("110118", None, None),
        ("120116", 2009, None),
        ("320213", 2015, None),
        ("330114", 2021, None),
    ]


def test_development_zones_are_marked_as_no_standard_codes():
    assert rows(SHIPPED, "SELECT count(*) FROM regions WHERE NOT is_gb2260 AND code LIKE '____7_'") == [(124,)]
    assert rows(SHIPPED, "SELECT is_gb2260 FROM regions WHERE code = '130102'") == [(1,)]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("恩施土家族苗族自治州", "恩施"),
        ("浦东新区", "浦东"),
        ("神农架林区", "神农架"),
        ("万柏林区", "万柏林"),
        ("和县", "和县"),
        ("东乡族自治县", "东乡"),
        ("阿拉善左旗", "阿拉善左旗"),
    ],
)
def test_a_short_name_is_what_people_say(name, short):
    assert short_name(name) == short


def test_the_short_name_of_a_province_keeps_its_people():
    assert [short_name(name, 1) for name in ("内蒙古自治区", "新疆维吾尔自治区", "广西壮族自治区")] == [
        "内蒙古",
        "新疆",
        "广西",
    ]
