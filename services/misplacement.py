"""Whether a point lies in the region a store states, judged by one point inside each county.

Without boundaries a point is taken to lie in a region if one of the region's counties is among the nearest
``NEAREST`` to it. Of points drawn evenly inside 2,800 counties that holds for 99.7 %; shops stand in towns, near the
point, so for more of theirs. The polygons that would tell exactly come with a later pack. Counties are narrowed down on
the sphere; what is near, and how far, is said by the geodesic.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.positions.columns import ROUNDING_M, Floats, are_in_china_box, convert_columns, unit_vectors
from core.positions.points import (
    BOX_EAST,
    BOX_NORTH,
    BOX_SOUTH,
    BOX_WEST,
    EARTH_RADIUS_M,
    LONGER_MAX,
    SHORTER_MIN,
    Datum,
    distance_m,
)
from models.regions.table import Region, region, table

NEAREST = 9  # counties
ABROAD_M = 360_000  # nowhere in China is further from the nearest county's point
BLOCK = 1_000  # points compared at once: with 2,800 counties about 25 MB
MUNICIPALITIES = frozenset({"110000", "120000", "310000", "500000"})  # provinces that are one city
HALF_DIAGONAL_M = 80_000  # of a field of one degree, at most
Numbers = npt.NDArray[np.intp]


class Misplacement(NamedTuple):
    """A point outside its declared region.

    Attributes:
        is_abroad: Whether it is in no county of China.
        nearest: Adcode of the nearest county; "" far abroad.
        declared_m: Metres to the nearest point of the declared region; None without one that has points.
        fits: "city" or "province" if at least that much of the declared region is near, else "".
    """

    is_abroad: bool
    nearest: str
    declared_m: float | None
    fits: str


@dataclass(frozen=True, slots=True)
class CountyPoints:
    """One point inside each county, in WGS-84.

    Attributes:
        points: Latitude and longitude. vectors: the same as vectors of length one.
        reach: Nearness (inner product) from which on a point surely has the county among its nearest: a little less
            than half the distance to the ``NEAREST``-th neighbour.
        home: Field of one degree to whether every point in it is surely not abroad.
    """

    codes: list[str]
    position: dict[str, int]
    points: list[tuple[float, float]]
    vectors: Floats
    reach: Floats
    home: npt.NDArray[np.bool_]


def misplaced(latitudes: Floats, longitudes: Floats, regions: list[str | None]) -> dict[int, Misplacement]:
    """Return by position the WGS-84 points that lie abroad, or not in the region declared for them (adcode or None)."""
    inside = are_in_china_box(latitudes, longitudes)
    found = {int(row): Misplacement(True, "", None, "") for row in np.flatnonzero(~inside)}
    rows = np.flatnonzero(inside)
    vectors = unit_vectors(latitudes, longitudes)
    rows = rows[~_surely_right(latitudes, longitudes, vectors, regions, rows)]
    points = county_points()
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        great_circles = _great_circles_m(vectors[block] @ points.vectors.T)
        for far, row in zip(great_circles, block, strict=True):
            place = _place((float(latitudes[row]), float(longitudes[row])), far, regions[row])
            if place is not None:
                found[int(row)] = place
    return found


def nearest_county(latitude: float, longitude: float) -> tuple[str, float]:
    """Return the adcode of the county whose point is nearest to a WGS-84 point, and how far that is in metres."""
    points = county_points()
    vector = unit_vectors(np.array([latitude]), np.array([longitude]))[0]
    at, metres = _nearest((latitude, longitude), _great_circles_m(points.vectors @ vector), _everywhere())
    return points.codes[at], metres


def _surely_right(
    latitudes: Floats, longitudes: Floats, vectors: Floats, regions: list[str | None], rows: Numbers
) -> npt.NDArray[np.bool_]:
    """Return which of the points ``rows`` are surely right: near their county's point, or in China without a region."""
    points = county_points()
    declared = np.array([points.position.get(regions[row] or "", -1) for row in rows], dtype=np.intp)
    nearness = np.einsum("ij,ij->i", vectors[rows], points.vectors[declared])
    stated = np.array([regions[row] is not None for row in rows], dtype=np.bool_)
    fields = (latitudes[rows] - BOX_SOUTH).astype(np.intp), (longitudes[rows] - BOX_WEST).astype(np.intp)
    return np.where(stated, (declared >= 0) & (nearness >= points.reach[declared]), points.home[fields])


def _place(point: tuple[float, float], far: Floats, code: str | None) -> Misplacement | None:
    """Return where a point lies; None if it lies where it should. ``far``: great circles to all counties, in metres."""
    nearest, metres = _nearest(point, far, _everywhere())
    is_abroad = metres > ABROAD_M
    declared, fits = _fit(point, far, code)
    if not is_abroad and (declared is None or fits == "whole"):
        return None
    return Misplacement(is_abroad, county_points().codes[nearest], declared, "" if fits == "whole" else fits)


def _fit(point: tuple[float, float], far: Floats, code: str | None) -> tuple[float | None, str]:
    """Return how far the declared region is, in metres, and how much of it is near: "whole", "city", "province"."""
    declared = None
    for level, members in _circles(code):
        _, metres = _nearest(point, far, members)
        if declared is None:
            declared = metres
        if _is_among_nearest(point, far, metres):
            return declared, level
    return declared, ""


def _nearest(point: tuple[float, float], far: Floats, members: Numbers) -> tuple[int, float]:
    """Return which of the counties ``members`` is nearest to a point, and its distance in metres."""
    least = float(far[members].min())
    near = members[far[members] <= (least + ROUNDING_M) * LONGER_MAX / SHORTER_MIN + ROUNDING_M].tolist()
    metres = [distance_m(*point, *county_points().points[at]) for at in near]
    best = int(np.argmin(metres))
    return near[best], metres[best]


def _is_among_nearest(point: tuple[float, float], far: Floats, metres: float) -> bool:
    """Return whether fewer than ``NEAREST`` counties are nearer to a point than the one that is so many metres away."""
    surely = far < SHORTER_MIN * metres - ROUNDING_M
    maybe = np.flatnonzero((far <= LONGER_MAX * metres + ROUNDING_M) & ~surely)  # that one among them
    count = int(surely.sum())
    if count >= NEAREST or count + len(maybe) <= NEAREST:
        return count < NEAREST
    points = county_points().points
    return count + sum(distance_m(*point, *points[at]) < metres for at in maybe.tolist()) < NEAREST


@cache
def county_points() -> CountyPoints:
    """Return the points of all counties that have one, cities without counties among them."""
    leaves = [one for one in table().regions.values() if _is_leaf(one) and one.latitude is not None]
    latitudes = np.array([one.latitude for one in leaves], dtype=np.float64)
    longitudes = np.array([one.longitude for one in leaves], dtype=np.float64)
    codes = [one.code for one in leaves]
    north, east = convert_columns(latitudes, longitudes, Datum.GCJ02, Datum.WGS84)
    vectors = unit_vectors(north, east)
    ninth = -np.partition(-(vectors @ vectors.T), NEAREST, axis=1)[:, NEAREST]
    reach = np.cos(np.arccos(np.clip(ninth, -1, 1)) / 2 * SHORTER_MIN / LONGER_MAX)
    points = list(zip(north.tolist(), east.tolist(), strict=True))
    return CountyPoints(codes, {code: at for at, code in enumerate(codes)}, points, vectors, reach, _home(vectors))


@cache
def _everywhere() -> Numbers:
    return np.arange(len(county_points().codes), dtype=np.intp)


def _home(vectors: Floats) -> npt.NDArray[np.bool_]:
    south, west = np.arange(BOX_SOUTH, BOX_NORTH + 1), np.arange(BOX_WEST, BOX_EAST + 1)
    latitudes, longitudes = np.meshgrid(south + 0.5, west + 0.5, indexing="ij")
    nearness = (unit_vectors(latitudes.ravel(), longitudes.ravel()) @ vectors.T).max(axis=1)
    near = _great_circles_m(nearness) < SHORTER_MIN * (ABROAD_M - HALF_DIAGONAL_M)
    return np.asarray(near.reshape(latitudes.shape))


def _is_leaf(one: Region) -> bool:
    return one.status == "current" and (one.level == 3 or one.is_leaf)


@cache
def _circles(code: str | None) -> tuple[tuple[str, Numbers], ...]:
    """Return the declared region, its city and its province, as far as they have points, each with those points."""
    found: list[tuple[str, Numbers]] = []
    at = region(code) if code else None
    while at is not None:
        members = _members(at.code)
        if len(members):
            is_city = at.level == 2 or at.code in MUNICIPALITIES
            found.append(("whole" if not found else "city" if is_city else "province", members))
        at = region(at.parent) if at.parent else None
    return tuple(found)


@cache
def _members(code: str) -> Numbers:
    inside = [position for one, position in county_points().position.items() if _lies_in(one, code)]
    return np.array(inside, dtype=np.intp)


def _lies_in(code: str | None, outer: str) -> bool:
    while code is not None and code != outer:
        found = region(code)
        code = found.parent if found else None
    return code is not None


def _great_circles_m(nearness: Floats) -> Floats:
    return np.asarray(EARTH_RADIUS_M * np.arccos(np.clip(nearness, -1, 1)))
