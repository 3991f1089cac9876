"""Candidate pairs of duplicate stores: within 50 m of each other, or with the same telephone.

Candidates are found by grid cell and by telephone among all stores, compared by column. A store is compared with at
most ``CROWD`` others in a cell and gets at most ``SHOWN`` findings of a kind: more would not help a reviewer.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Select, func, not_, select, true
from sqlalchemy.orm import Session

from core.database.chunks import in_chunks
from core.positions.columns import cells_of, great_circles_m
from core.positions.points import (
    LONGER_MAX,
    LONGITUDE_MAX,
    METRES_PER_DEGREE,
    SHORTER_MIN,
    cells_around,
    distance_m,
)
from models.stores import Store
from services.stores.names import similarities, similarity
from services.stores.positions import FACTS
from services.stores.rules import (
    NEAR_M,
    POINTS,
    Facts,
    NewFinding,
    doubtful_datum,
    is_hotline,
    new_finding,
    pair_finding,
)

CROWD = 200
SHOWN = 3
POLAR_DEGREES = 85.0
BLOCK = 200_000  # pairs compared at once
REASON = {"see_all": "two stores may be one although their branches do not see each other"}


class Pair(NamedTuple):
    """A pair of possible duplicates, from the view of the first."""

    store: Facts
    other: Facts
    metres: float | None
    finding: NewFinding


class Candidate(NamedTuple):
    """A store that may be near another one; ``likeness`` of their names, 0 to 1."""

    great_circle_m: float
    other: Facts
    likeness: float


def find_pairs(session: Session, stores: Sequence[Facts]) -> list[Pair]:
    """Return the pairs of each of ``stores``, the weightiest first, at most ``SHOWN`` of a code."""
    kept: dict[tuple[int, str], int] = defaultdict(int)
    seen: set[tuple[int, int]] = set()
    pairs = []
    for pair in sorted([*_near(session, stores), *_same_phone(session, stores)], key=_weight):
        key, two = (pair.store.id, pair.finding.code), (pair.store.id, pair.other.id)
        if kept[key] < SHOWN and two not in seen:
            kept[key] += 1
            seen.add(two)
            pairs.append(pair)
    return pairs


def reversed_pair(pair: Pair, likeness: float | None = None) -> Pair:
    """Return a pair from the view of the second store, as a finding about two stores counts for both."""
    reversed_finding = pair.finding._replace(store_id=pair.other.id, other_store_id=pair.store.id)
    return Pair(pair.other, pair.store, pair.metres, reversed_finding)


def datum_findings(pairs: Iterable[Pair]) -> Iterator[NewFinding]:
    """Yield one finding for each store whose degrees, in another datum, are where a store with its telephone is."""
    reported: set[int] = set()
    for pair in pairs:
        if pair.finding.code == "stores.same_phone" and pair.store.id not in reported:
            datum = doubtful_datum(pair.store, pair.other, pair.metres)
            if datum:
                reported.add(pair.store.id)
                yield new_finding(pair.store, "position.datum_doubtful", {"datum": datum}, pair.other.id)


def _weight(pair: Pair) -> tuple[int, int, float, int]:
    return pair.store.id, -pair.finding.points, pair.metres or 0.0, pair.other.id


def _near(session: Session, stores: Sequence[Facts]) -> Iterator[Pair]:
    """Yield pairs within ``NEAR_M`` that have a telephone or most of their names in common."""
    touched = _cells(stores)
    by_cell = _by_cell(session, {cell for cells in touched.values() for cell in cells}, stores)
    block: list[tuple[Facts, Facts]] = []
    for store in stores:
        for cell in touched.get(store.id, ()):
            others = by_cell[cell]
            if len(others) > 1 or (others and others[0].id != store.id):
                block += [(store, other) for other in others[: CROWD + 1] if other.id != store.id]
        if len(block) >= BLOCK:
            yield from _compare(block)
            block = []
    yield from _compare(block)


def _cells(stores: Sequence[Facts]) -> dict[int, set[int]]:
    """Return for each store with a position the cells that others within ``NEAR_M`` may lie in."""
    placed = [store for store in stores if store.cell is not None]
    latitudes = np.array([store.wgs84_latitude for store in placed], dtype=np.float64)
    longitudes = np.array([store.wgs84_longitude for store in placed], dtype=np.float64)
    up = LONGER_MAX * NEAR_M / METRES_PER_DEGREE
    across = up / np.cos(np.radians(np.minimum(np.abs(latitudes) + up, POLAR_DEGREES)))
    corners = [cells_of(latitudes + north, longitudes + east) for north in (-up, up) for east in (-across, across)]
    touched = [set(four) for four in np.stack(corners, axis=1).tolist()] if placed else []
    inside = (np.abs(latitudes) < POLAR_DEGREES - 1) & (np.abs(longitudes) + across < LONGITUDE_MAX)
    for row in np.flatnonzero(~inside).tolist():  # at the poles and at the date line it is not so simple
        touched[row] = cells_around(latitudes[row], longitudes[row], NEAR_M)
    return {store.id: cells for store, cells in zip(placed, touched, strict=True)}


def _by_cell(session: Session, cells: set[int], known: Sequence[Facts]) -> dict[int | None, list[Facts]]:
    """Return the first stores of each cell; those that are known already are not read again."""
    ids = {store.id for store in known}
    first, last = min(ids), max(ids)
    is_run = last - first + 1 == len(ids)  # as the rows of an import are
    others = not_(Store.id.between(first, last)) if is_run else true()
    wanted = sorted(cells)
    found_in: dict[int | None, list[Facts]] = defaultdict(list)
    for store in known:
        if is_run and store.cell in cells:
            found_in[store.cell].append(store)
    for chunk in in_chunks(wanted):
        query = select(*FACTS).where(Store.cell.in_(chunk), others)
        for row in session.execute(query.order_by(Store.id), execution_options=REASON):
            other = Facts(*row)
            found_in[other.cell].append(other)
    return found_in


def _compare(block: list[tuple[Facts, Facts]]) -> Iterator[Pair]:
    points = np.array(
        [(a.wgs84_latitude, a.wgs84_longitude, b.wgs84_latitude, b.wgs84_longitude) for a, b in block],
        dtype=np.float64,
    ).reshape(-1, 4)
    great_circles = great_circles_m(*points.T)
    rows = np.flatnonzero(great_circles <= LONGER_MAX * NEAR_M).tolist()
    near = [block[row] for row in rows]
    alike = similarities([a.name_key for a, _ in near], [b.name_key for _, b in near])
    of_store: dict[int, list[Candidate]] = defaultdict(list)
    stores = {store.id: store for store, _ in near}
    for (store, other), row, likeness in zip(near, rows, alike, strict=True):
        of_store[store.id].append(Candidate(float(great_circles[row]), other, likeness))
    for store_id, candidates in of_store.items():
        yield from nearest_pairs(stores[store_id], candidates)


def nearest_pairs(store: Facts, candidates: Sequence[Candidate]) -> Iterator[Pair]:
    """Yield the pairs of a store with those near it: of each code at least the ``SHOWN`` nearest.

    Only these are measured, and those that may be among them by their great circle.
    """
    nearest: dict[str, list[float]] = defaultdict(list)
    for candidate in sorted(candidates, key=lambda one: one.great_circle_m):
        least, most = candidate.great_circle_m / LONGER_MAX, candidate.great_circle_m / SHORTER_MIN
        ends = [
            pair_finding(store, candidate.other, metres, candidate.likeness) for metres in (least, min(most, NEAR_M))
        ]
        known = [nearest[end[0]] for end in ends if end]
        if all(len(metres) >= SHOWN and metres[SHOWN - 1] < least for metres in known):
            continue
        metres = _apart(store, candidate.other)
        evidence = pair_finding(store, candidate.other, metres, candidate.likeness)
        if evidence and metres is not None and metres <= NEAR_M:
            insort(nearest[evidence[0]], metres)
            yield _pair(store, candidate.other, metres, *evidence)


def _same_phone(session: Session, stores: Sequence[Facts]) -> Iterator[Pair]:
    """Yield pairs with one telephone, the longest known stores of each number first."""
    numbers = sorted({store.phone for store in stores if store.phone and not is_hotline(store.phone)})
    first, counts = _first_with(session, numbers)
    for store in stores:
        others = [other for other in first.get(store.phone or "", ()) if other.id != store.id][:SHOWN]
        for other in others:
            metres = _apart(store, other)
            evidence = pair_finding(store, other, metres, similarity(store.name_key, other.name_key))
            if evidence:
                code, data = evidence
                count = {"count": counts[store.phone or ""]} if code == "stores.same_phone" else {}
                yield _pair(store, other, metres, code, data | count)


def _first_with(session: Session, numbers: Sequence[str]) -> tuple[dict[str, list[Facts]], dict[str, int]]:
    """Return for each number that several stores have the first of them, one more than are shown, and how many."""
    counts: dict[str, int] = {}
    for chunk in in_chunks(numbers):
        of = Store.phone.in_(chunk)
        shared = select(Store.phone, func.count()).where(of).group_by(Store.phone).having(func.count() > 1)
        counts.update((phone, count) for phone, count in session.execute(shared, execution_options=REASON) if phone)
    several = sorted(counts)
    first: dict[str, list[Facts]] = defaultdict(list)
    for chunk in in_chunks(several):
        of = Store.phone.in_(chunk)
        turn = func.row_number().over(partition_by=Store.phone, order_by=Store.id).label("turn")
        turns = select(Store.id, turn).where(of).subquery()
        query: Select[Any] = (
            select(*FACTS).join(turns, turns.c.id == Store.id).where(turns.c.turn <= SHOWN + 1).order_by(Store.id)
        )
        for row in session.execute(query, execution_options=REASON):
            other = Facts(*row)
            first[other.phone or ""].append(other)
    return first, counts


def _apart(store: Facts, other: Facts) -> float | None:
    points = (store.wgs84_latitude, store.wgs84_longitude, other.wgs84_latitude, other.wgs84_longitude)
    return None if None in points else distance_m(*(point or 0.0 for point in points))


def _pair(store: Facts, other: Facts, metres: float | None, code: str, data: dict[str, Any]) -> Pair:
    return Pair(store, other, metres, NewFinding(store.id, code, POINTS[code], data, other.id))
