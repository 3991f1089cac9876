"""Which stores near each other are named: those that measuring every one of them would name."""

import random

import pytest

from core.positions.columns import great_circles_m
from core.positions.points import distance_m
from services.stores import _pairs
from services.stores._pairs import SHOWN, Candidate, nearest_pairs
from services.stores.rules import NEAR_M, Facts, pair_finding


def facts(number: int, phone: str, latitude: float, longitude: float) -> Facts:
    return Facts(
        number, f"S{number}", "", "active", "", phone, None, latitude, longitude, "wgs84", None, None, None,
        latitude, longitude, 0, "",
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("place", [(0.0, 30.0), (31.2, 121.4), (53.0, 180.0), (89.9999, 10.0)], ids=str)
def test_the_nearest_of_each_kind_are_those_that_measuring_all_would_name(seed, place, monkeypatch):
    chance = random.Random(seed)
    spread = chance.choice([1e-6, 2e-4, 6e-4])
    store = facts(0, "13800000000", *place)
    others, measured = [], []
    for number in range(1, 60):
        north = min(90.0, place[0] + chance.choice([0, chance.uniform(-spread, spread)]))
        east = (place[1] + chance.uniform(-spread, spread) + 180) % 360 - 180
        others.append(facts(number, chance.choice(["13800000000", f"139{number:08}"]), north, east))
    likeness = [chance.choice([0.0, 0.5, 0.85, 1.0]) for _ in others]
    candidates = [
        Candidate(float(great_circles_m(*place, one.latitude, one.longitude)), one, alike)
        for one, alike in zip(others, likeness, strict=True)
    ]
    near = [one for one in candidates if one.great_circle_m <= 1.0057 * NEAR_M]
    monkeypatch.setattr(_pairs, "distance_m", lambda *points: measured.append(points) or distance_m(*points))

    named = [(pair.finding.code, pair.metres, pair.other.id) for pair in nearest_pairs(store, near)]

    everything = []
    for one in candidates:
        metres = distance_m(*place, one.other.latitude, one.other.longitude)
        evidence = pair_finding(store, one.other, metres, one.likeness) if metres <= NEAR_M else None
        if evidence:
            everything.append((evidence[0], metres, one.other.id))
    for code in ("stores.duplicate", "stores.near_duplicate"):
        assert sorted(n for n in named if n[0] == code)[:SHOWN] == sorted(n for n in everything if n[0] == code)[:SHOWN]
    assert len(measured) <= len(everything) + 3
