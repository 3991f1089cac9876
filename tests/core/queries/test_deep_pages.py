"""Deep pages: whole from wherever they start, in both directions of an order, however the way there was found."""

import random

import pytest

from core.access import Actor
from core.database.sessions import reading, unit_of_work
from core.queries import _pages, _plans, _positions, finding
from core.queries._building import compile_query
from core.queries._positions import Positions, Seen
from core.queries.finding import find_page
from models.customers import Customer
from resources.customers import CUSTOMERS
from tests.conftest import ADMIN, HUADONG_CLERK, WEI
from tests.core.queries.test_paging import SORTS, add, everything, expected

OFFSETS = [50, 20, 27, 13, 58, 55, 6, 41, 0, 60, 99]


@pytest.fixture
def short_is_long(monkeypatch):
    """Have sixty rows treated as if they were a million."""
    for module, name, rows in (
        (_pages, "DEEP", 5),
        (_pages, "FAR", 6),
        (_pages, "FAR_IN_ALL", 9),
        (_pages, "STEP", 4),
        (_positions, "AHEAD", 2),
        (_positions, "POSITIONS_MAX", 12),
        (_positions, "COUNT_MAX", 10),
        (finding, "COUNT_MAX", 10),
        (_plans, "SMALL", 0),
    ):
        monkeypatch.setattr(module, name, rows)


def page_of(actor: Actor, offset: int, *pairs: tuple[str, str]) -> list[str]:
    with reading(actor) as session:
        query = everything(actor, ("limit", "7"), ("offset", str(offset)), ("fields", "code"), *pairs)
        return [row["_key"] for row in find_page(session, query).rows]


@pytest.mark.parametrize("walks", [False, True])
@pytest.mark.parametrize("actor", [WEI, HUADONG_CLERK], ids=["brand", "partner"])
def test_deep_pages_are_whole_from_wherever_they_start(database, short_is_long, monkeypatch, actor, walks):
    monkeypatch.setattr(_plans, "_walks_better", lambda *_: walks)
    add(60)

    for sort in SORTS:
        promised = expected(actor, sort)
        for offset in OFFSETS:
            assert page_of(actor, offset, ("sort", sort)) == promised[offset : offset + 7], (sort, offset)


def test_deep_pages_of_a_filter_are_whole(database, short_is_long):
    add(60)
    with reading(WEI) as session:
        cache = {row.code for row in session.query(Customer) if row.stage != "won"}

    for sort in SORTS:
        promised = [code for code in expected(WEI, sort) if code in cache]
        for offset in OFFSETS:
            found = page_of(WEI, offset, ("sort", sort), ("stage", "lead,lost"))
            assert found == promised[offset : offset + 7], (sort, offset)


def test_after_the_first_jump_no_page_is_far_in_either_direction(database, short_is_long, monkeypatch):
    add(60)
    page_of(WEI, 30, ("sort", "code"))
    skipped = []
    read = _pages._read
    monkeypatch.setattr(_pages, "_read", lambda *a, **k: skipped.append(a[4]) or read(*a, **k))

    for offset in (20, 45, 10, 33):
        for sort in ("code", "-code"):
            page_of(WEI, offset, ("sort", sort))

    assert len(skipped) == 8
    assert max(skipped) <= _pages.STEP * 2 + _positions.AHEAD  # every second was forgotten, of too many


def test_a_list_that_would_have_to_be_sorted_for_each_step_is_not_surveyed(database, short_is_long):
    add(60)

    with reading(WEI) as session:
        for sort, surveyed in (("code", True), ("name", False), ("contact", False), ("partner", False)):
            compiled = compile_query(session, everything(WEI, ("sort", sort)))
            is_surveyed = bool(_pages._surveyed(session, compiled))
            assert is_surveyed == surveyed, sort


def test_rows_that_come_at_the_end_of_an_order_shift_no_page_of_its_mirror_image(database, short_is_long, monkeypatch):
    add(60)
    page_of(WEI, 30, ("sort", "-code"))
    with unit_of_work(ADMIN) as session:
        session.add_all([Customer(code=f"Z{n}", name="new") for n in range(3)])
    monkeypatch.setattr(_positions, "KEPT_S", -1.0)  # the number of rows is counted anew, the positions are kept

    promised = expected(WEI, "-code")
    for offset in (33, 20, 50):
        assert page_of(WEI, offset, ("sort", "-code")) == promised[offset : offset + 7]


def test_the_nearest_known_position_is_where_a_deep_page_starts_from(monkeypatch):
    monkeypatch.setattr(_positions, "AHEAD", 0)
    known = Positions()

    assert Seen(known, 2_000).nearest(500, 10) == (None, 500, False)
    assert Seen(known, 600).nearest(500, 10) == (None, 90, True)
    Seen(known, 600).remember({480: ("x",)})
    assert Seen(known, 600).nearest(500, 10) == (("x",), 19, False)
    Seen(known, 600).remember({520: ("y",)})
    assert Seen(known, 600).nearest(500, 10) == (("y",), 11, True)
    assert Seen(known, 600, mirrored=True).nearest(110, 10) == (("x",), 0, True)
    assert Seen(known, 600, mirrored=True).nearest(81, 10) == (("y",), 1, False)


def test_what_is_nearest_is_right_for_any_positions_and_in_either_direction():
    for seed in range(300):
        chance = random.Random(seed)
        rows = [(number,) for number in range(chance.randint(20, 90))]
        mirrored = chance.random() < 0.5
        order = rows[::-1] if mirrored else rows
        seen = Seen(Positions(), len(rows), mirrored=mirrored)
        seen.remember({at: order[at] for at in chance.sample(range(len(rows)), chance.randint(0, 9))})
        offset = chance.randrange(len(rows))
        count = chance.randint(1, len(rows) - offset)

        place, skipped, backward = seen.nearest(offset, count)

        way = order[::-1] if backward else order
        first = 0 if place is None else way.index(place) + (not backward)
        found = way[first + skipped : first + skipped + count]
        assert (found[::-1] if backward else found) == order[offset : offset + count], seed


def test_of_too_many_positions_every_second_one_is_kept():
    seen = Seen(Positions(), 10**6)

    seen.remember({number: (number,) for number in range(_positions.POSITIONS_MAX * 3)})

    assert len(seen.positions.places) <= _positions.POSITIONS_MAX
    assert list(seen.positions.places)[:3] == [0, 4, 8]


def test_positions_are_forgotten_after_a_while(sqlite_database, monkeypatch):
    with reading(WEI) as session:
        walked = _positions.totals(session, WEI, CUSTOMERS.name).positions("code")

        assert _positions.totals(session, WEI, CUSTOMERS.name).positions("code") is walked
        monkeypatch.setattr(_positions, "POSITIONS_KEPT_S", -1.0)
        assert _positions.totals(session, WEI, CUSTOMERS.name).positions("code") is not walked
