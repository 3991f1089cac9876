"""Positions by the column: what ``positions.points`` says of one point, for many at once. NaN stands for no position.

A property test holds the two forms equal.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.positions.points import (
    AXIS_M,
    BAIDU_PI,
    BOX_EAST,
    BOX_NORTH,
    BOX_SOUTH,
    BOX_WEST,
    CELL_DEGREES,
    CELLS_ROUND,
    EARTH_RADIUS_M,
    ECCENTRICITY2,
    INVERSE_STEPS,
    LONGER_MAX,
    Datum,
)

Floats = npt.NDArray[np.float64]
ROUNDING_M = 1.0  # more than a great-circle distance is wrong by because numbers have so many digits
Pair = tuple[Floats, Floats]


def convert_columns(latitudes: Floats, longitudes: Floats, source: str, target: str) -> Pair:
    """Return points of datum ``source`` in datum ``target``, see ``core.positions.points.convert``."""
    given, wanted = Datum(source), Datum(target)
    inside = are_in_china_box(latitudes, longitudes)
    if given is wanted or not inside.any():
        return latitudes, longitudes
    found = latitudes[inside], longitudes[inside]
    if given is Datum.BD09:
        found = _from_baidu(*found)
    if Datum.WGS84 in (given, wanted):
        found = _shifted(*found) if given is Datum.WGS84 else _unshifted(*found)
    if wanted is Datum.BD09:
        found = _to_baidu(*found)
    latitudes, longitudes = latitudes.copy(), longitudes.copy()
    latitudes[inside], longitudes[inside] = found
    return latitudes, longitudes


def are_in_china_box(latitudes: Floats, longitudes: Floats) -> npt.NDArray[np.bool_]:
    """Return which points lie in the box, see ``core.positions.points.is_in_china_box``."""
    north_south = (latitudes >= BOX_SOUTH) & (latitudes <= BOX_NORTH)
    return np.asarray(north_south & (longitudes >= BOX_WEST) & (longitudes <= BOX_EAST))


def great_circles_m(latitudes: Any, longitudes: Any, other_latitudes: Any, other_longitudes: Any) -> Floats:
    """Return the great-circle distance of each pair in metres; the arrays are spread over each other as numpy does.

    It narrows down what ``core.positions.points.distance_m`` measures, see there for how far the two are apart.
    """
    south, north = np.radians(latitudes), np.radians(other_latitudes)
    up = np.sin((north - south) / 2) ** 2
    across = np.sin(np.radians(np.subtract(other_longitudes, longitudes)) / 2) ** 2
    chord = np.sqrt(up + np.cos(south) * np.cos(north) * across)
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, chord)))


def may_be_within(
    radius_m: float, latitudes: Any, longitudes: Any, other_latitudes: Any, other_longitudes: Any
) -> npt.NDArray[np.intp]:
    """Return the positions of the pairs that may be at most ``radius_m`` apart; none that is so is missing."""
    metres = great_circles_m(latitudes, longitudes, other_latitudes, other_longitudes)
    return np.flatnonzero(metres <= LONGER_MAX * radius_m + ROUNDING_M)


def cells_of(latitudes: Floats, longitudes: Floats) -> npt.NDArray[np.int64]:
    """Return the key of each point's grid cell, see ``points.cell_of``; none of the points may be NaN."""
    rows = np.floor((latitudes + 90) / CELL_DEGREES + 0.5).astype(np.int64)
    columns = np.floor((longitudes + 180) / CELL_DEGREES + 0.5).astype(np.int64)
    return np.asarray(rows * CELLS_ROUND + columns)


def unit_vectors(latitudes: Floats, longitudes: Floats) -> Floats:
    """Return points as vectors of length one, a row each: the nearest have the largest inner product."""
    north, east = np.radians(latitudes), np.radians(longitudes)
    return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1)


def _shifted(latitudes: Floats, longitudes: Floats) -> Pair:
    north, east = _shift(latitudes, longitudes)
    return latitudes + north, longitudes + east


def _unshifted(latitudes: Floats, longitudes: Floats) -> Pair:
    found = latitudes, longitudes
    for _ in range(INVERSE_STEPS):
        north, east = _shift(*found)
        found = latitudes - north, longitudes - east
    return found


def _shift(latitudes: Floats, longitudes: Floats) -> Pair:
    x, y = longitudes - 105, latitudes - 35
    wave = 20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (wave + _waves(y, 20, 40, 1, 3) + _waves(y, 160, 320, 12, 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (wave + _waves(x, 20, 40, 1, 3) + _waves(x, 150, 300, 12, 30)) * 2 / 3
    radians = np.radians(latitudes)
    flat = 1 - ECCENTRICITY2 * np.sin(radians) ** 2
    north_m_per_radian = AXIS_M * (1 - ECCENTRICITY2) / (flat * np.sqrt(flat))
    east_m_per_radian = AXIS_M / np.sqrt(flat) * np.cos(radians)
    return np.degrees(north / north_m_per_radian), np.degrees(east / east_m_per_radian)


def _waves(at: Floats, first: float, second: float, short: float, long: float) -> Floats:
    return np.asarray(first * np.sin(at / short * np.pi) + second * np.sin(at / long * np.pi))


def _to_baidu(latitudes: Floats, longitudes: Floats) -> Pair:
    radius = np.hypot(longitudes, latitudes) + 0.00002 * np.sin(latitudes * BAIDU_PI)
    angle = np.arctan2(latitudes, longitudes) + 0.000003 * np.cos(longitudes * BAIDU_PI)
    return radius * np.sin(angle) + 0.006, radius * np.cos(angle) + 0.0065


def _from_baidu(latitudes: Floats, longitudes: Floats) -> Pair:
    y, x = latitudes - 0.006, longitudes - 0.0065
    radius = np.hypot(x, y) - 0.00002 * np.sin(y * BAIDU_PI)
    angle = np.arctan2(y, x) - 0.000003 * np.cos(x * BAIDU_PI)
    return radius * np.sin(angle), radius * np.cos(angle)
