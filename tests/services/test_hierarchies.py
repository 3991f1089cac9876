"""Who stands above whom: never in a circle, whatever is stated, in any order."""

from hypothesis import given
from hypothesis import strategies as st

from services.hierarchies import circles, layers, refused_by_circles
from services.organisation.handover import shares

KEYS = st.sampled_from("abcdefg")


def is_tree(above: dict[str, str | None]) -> bool:
    """Return whether every way up ends."""
    for first in above:
        key, steps = first, 0
        while (upper := above.get(key)) is not None:
            key, steps = upper, steps + 1
            if steps > len(above):
                return False
    return True


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str | None]:
    keys = draw(st.permutations("abcdefg"))
    return {key: draw(st.sampled_from([None, *keys[:place]])) for place, key in enumerate(keys)}


def test_a_circle_is_told_from_each_of_its_members():
    found = circles({"a": "b", "b": "c", "c": "a", "d": "a", "e": None})

    assert found == {"a": ("a", "b", "c", "a"), "b": ("b", "c", "a", "b"), "c": ("c", "a", "b", "c")}


def test_who_leads_themselves_is_a_circle_of_one():
    assert circles({"a": "a"}) == {"a": ("a", "a")}


def test_a_refused_row_stays_where_it_was_and_may_refuse_another():
    stored = {"a": "b"}  # b above a; the sheet swaps them, and lets c lead itself
    stated = {"b": "a", "c": "c"}

    assert set(refused_by_circles(stated, stored)) == {"b", "c"}
    assert refused_by_circles({"b": "a", "a": None}, stored) == {}


@given(st.dictionaries(KEYS, st.none() | KEYS))
def test_circles_are_found_exactly_where_a_way_up_does_not_end(above):
    assert (circles(above) == {}) is is_tree(above)


@given(trees(), st.dictionaries(KEYS, st.none() | KEYS))
def test_whatever_is_stated_what_is_accepted_is_a_tree(stored, stated):
    refused = refused_by_circles(stated, stored)

    accepted = {key: upper for key, upper in stated.items() if key not in refused}
    assert is_tree({**stored, **accepted})
    assert set(refused) <= set(stated)


@given(trees(), st.sets(KEYS))
def test_a_new_row_comes_before_those_that_stand_below_it(stated, new):
    found = layers(stated, new)

    place = {key: number for number, layer in enumerate(found) for key in layer}
    assert sorted(place) == sorted(stated)
    assert all(place[upper] < place[key] for key, upper in stated.items() if upper in new)


@given(st.integers(0, 10_000), st.integers(1, 50))
def test_shares_add_up_and_nobody_gets_two_more_than_another(count, people):
    found = shares(count, people)

    assert (sum(found), len(found)) == (count, people)
    assert max(found) - min(found) <= 1
