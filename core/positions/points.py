"""Positions on the earth: their datums, how people write them, how far apart they are.

Phones give WGS-84; Gaode and Tencent maps show GCJ-02, Baidu BD-09, each some hundred metres beside the other. The
conversions are the public formulas (``core.positions.columns`` has them for whole columns; a property test holds the
two equal). Outside the box around China nothing is shifted. Degrees are decimal, north and east positive.

A distance is the geodesic on the WGS-84 ellipsoid, by geopy. The great circle on a sphere is faster and only narrows
down what is measured: it is at most ``LONGER_MAX`` and at least ``SHORTER_MIN`` times as long as the geodesic.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from core.i18n import N_
from core.kinds.kind import Kind, Refused
from core.positions.texts import ParsedPosition, read_angle, read_metres, read_pair
from core.process.late_imports import late_import

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
METRES_PER_DEGREE = 111_195.08  # of latitude on that sphere
LONGER_MAX, SHORTER_MIN = 1.0057, 0.9955  # that sphere's radius by the ellipsoid's least and greatest of curvature
BOX_SOUTH, BOX_WEST, BOX_NORTH, BOX_EAST = 3.86, 73.66, 53.55, 135.05
CELL_DEGREES = 0.005  # about 556 m from south to north
CELLS_ROUND = 72_001  # one more than the cells around the earth, so that a row of cells never runs into the next
ACCURACY_MAX_M = 100_000.0
LATITUDE_MAX, LONGITUDE_MAX = 90.0, 180.0

AXIS_M = 6_378_245.0  # of the Krasovsky 1940 ellipsoid that GCJ-02 is computed on
ECCENTRICITY2 = 0.00669342162296594323
BAIDU_PI = math.pi * 3000 / 180
INVERSE_STEPS = 10  # of the fixed-point iteration: the rest is far below a millimetre


class Datum(StrEnum):
    """What a pair of degrees is measured against."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


DATUM_LABELS: dict[StrEnum, tuple[str, str]] = {
    Datum.WGS84: (N_("WGS-84 (GPS, phones)"), ""),
    Datum.GCJ02: (N_("GCJ-02 (Gaode, Tencent)"), ""),
    Datum.BD09: (N_("BD-09 (Baidu)"), ""),
}


@dataclass(frozen=True, slots=True)
class Position:
    """A point and what it is measured against."""

    latitude: float
    longitude: float
    datum: Datum = Datum.WGS84


def convert(latitude: float, longitude: float, source: str, target: str) -> tuple[float, float]:
    """Return (latitude, longitude) of a point of datum ``source`` in datum ``target``; outside China unchanged.

    Raises:
        ValueError: There is no such datum.
    """
    given, wanted = Datum(source), Datum(target)
    if given is wanted or not is_in_china_box(latitude, longitude):
        return latitude, longitude
    if given is Datum.BD09:
        latitude, longitude = _from_baidu(latitude, longitude)
    if Datum.WGS84 in (given, wanted):
        if given is Datum.WGS84:
            north, east = _shift(latitude, longitude)
            latitude, longitude = latitude + north, longitude + east
        else:
            latitude, longitude = _unshifted(latitude, longitude)
    return _to_baidu(latitude, longitude) if wanted is Datum.BD09 else (latitude, longitude)


def to_wgs84(latitude: float, longitude: float, datum: str) -> tuple[float, float]:
    """Return (latitude, longitude) of a captured point in WGS-84, see ``convert``."""
    return convert(latitude, longitude, datum, Datum.WGS84)


def is_in_china_box(latitude: float, longitude: float) -> bool:
    """Return whether a point lies in the box in which GCJ-02 and BD-09 differ from WGS-84; it holds neighbours too."""
    return BOX_SOUTH <= latitude <= BOX_NORTH and BOX_WEST <= longitude <= BOX_EAST


def distance_m(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the geodesic distance in metres of two points of one datum, on the WGS-84 ellipsoid."""
    if (latitude, longitude) == (other_latitude, other_longitude):
        return 0.0
    geodesic = late_import("geopy.distance").geodesic
    return float(geodesic((latitude, longitude), (other_latitude, other_longitude)).m)


def cell_of(latitude: float, longitude: float) -> int:
    """Return the key of the grid cell a WGS-84 point lies in: neighbours on a row have neighbouring keys."""
    return _row(latitude) * CELLS_ROUND + _column(longitude)


def cells_around(latitude: float, longitude: float, radius_m: float) -> set[int]:
    """Return the keys of all cells in which a point within ``radius_m`` of a WGS-84 point may lie."""
    up = LONGER_MAX * radius_m / METRES_PER_DEGREE
    spread = math.sin(math.radians(up)) / max(1e-12, math.cos(math.radians(latitude)))
    across = 180.0 if abs(latitude) + up >= LATITUDE_MAX else math.degrees(math.asin(min(1.0, spread))) + 1e-9
    rows = range(_row(max(-90.0, latitude - up)), _row(min(90.0, latitude + up)) + 1)
    around = CELLS_ROUND - 1
    columns = {number % around for number in range(_column(longitude - across), _column(longitude + across) + 1)}
    if 0 in columns:
        columns.add(around)  # half of a column lies west of the date line, half of it east
    return {row * CELLS_ROUND + column for row in rows for column in columns}


def parse_position(text: str, datum: str = Datum.WGS84) -> Position:
    """Return the position that pasted text means.

    Read are two decimal numbers, degrees with minutes and seconds, with or without hemispheres, full-width digits,
    and links of map services, whose datum is often known. Latitude comes first unless only the other order is
    possible.

    Args:
        text: As pasted.
        datum: Where the text names none, as numbers alone do.

    Raises:
        Refused: ``positions.unreadable``, ``positions.out_of_range``.
    """
    found = read_pair(text)
    if found is None:
        raise Refused(
            "positions.unreadable",
            N_("is no position: paste latitude and longitude like 31.230416, 121.473701, or a link from a map"),
        )
    latitude, longitude = _in_order(found)
    _require(LATITUDE_MAX, latitude)
    _require(LONGITUDE_MAX, longitude)
    return Position(latitude, longitude, Datum(found.datum or datum))


def position_text(latitude: float, longitude: float) -> str:
    """Return a point as people read and paste it: latitude, longitude, six decimals (a tenth of a metre)."""
    return f"{latitude:.6f}, {longitude:.6f}"


def is_swapped(latitude: float, longitude: float) -> bool:
    """Return whether a point lies in the box around China only if its two numbers are exchanged."""
    return not is_in_china_box(latitude, longitude) and is_in_china_box(longitude, latitude)


def _in_order(found: ParsedPosition) -> tuple[float, float]:
    latitude, longitude = found.latitude, found.longitude
    if not found.is_sure and (abs(latitude) > LATITUDE_MAX >= abs(longitude) or is_swapped(latitude, longitude)):
        return longitude, latitude
    return latitude, longitude


def _require(most: float, degrees: float) -> None:
    if not -most <= degrees <= most:
        raise Refused("positions.out_of_range", N_("is not on the earth: it must be between -{most} and {most}"),
                      most=round(most))  # fmt: skip


def _parse_latitude(stated: str) -> float:
    degrees = _angle(stated, "NS")
    if LATITUDE_MAX < abs(degrees) <= LONGITUDE_MAX:
        raise Refused("positions.out_of_range", N_("is not between -90 and 90: are latitude and longitude exchanged?"))
    _require(LATITUDE_MAX, degrees)
    return degrees


def _parse_longitude(stated: str) -> float:
    degrees = _angle(stated, "EW")
    _require(LONGITUDE_MAX, degrees)
    return degrees


def _angle(stated: str, hemispheres: str) -> float:
    degrees = read_angle(stated, hemispheres)
    if degrees is None:
        raise Refused("positions.unreadable", N_("is no angle: write it like 31.230416 or 31°13′49.5″"))
    return degrees


def _parse_accuracy(stated: str) -> float:
    metres = read_metres(stated)
    if metres is None:
        raise Refused("number.invalid", N_("is not a number: write it like 1234.56"))
    if metres > ACCURACY_MAX_M:
        raise Refused(
            "number.out_of_range", N_("is not between {least} and {most}"), least=0, most=round(ACCURACY_MAX_M)
        )
    return metres


LATITUDE = Kind(name="latitude", parse=_parse_latitude, style="decimal")
LONGITUDE = Kind(name="longitude", parse=_parse_longitude, style="decimal")
ACCURACY = Kind(name="accuracy", parse=_parse_accuracy, style="decimal")


def _row(latitude: float) -> int:
    """Return the row of cells: degrees that people round to lie in the middle of one, not on a border."""
    return math.floor((latitude + 90) / CELL_DEGREES + 0.5)


def _column(longitude: float) -> int:
    return math.floor((longitude + 180) / CELL_DEGREES + 0.5)


def _unshifted(latitude: float, longitude: float) -> tuple[float, float]:
    """Return the WGS-84 point whose GCJ-02 point this is: by iteration, the formula has no inverse of its own."""
    found_latitude, found_longitude = latitude, longitude
    for _ in range(INVERSE_STEPS):
        north, east = _shift(found_latitude, found_longitude)
        found_latitude, found_longitude = latitude - north, longitude - east
    return found_latitude, found_longitude


def _shift(latitude: float, longitude: float) -> tuple[float, float]:
    """Return how many degrees north and east GCJ-02 lies of a WGS-84 point."""
    x, y = longitude - 105, latitude - 35
    wave = 20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (wave + _waves(y, 20, 40, 1, 3) + _waves(y, 160, 320, 12, 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (wave + _waves(x, 20, 40, 1, 3) + _waves(x, 150, 300, 12, 30)) * 2 / 3
    radians = math.radians(latitude)
    flat = 1 - ECCENTRICITY2 * math.sin(radians) ** 2
    north_m_per_radian = AXIS_M * (1 - ECCENTRICITY2) / (flat * math.sqrt(flat))
    east_m_per_radian = AXIS_M / math.sqrt(flat) * math.cos(radians)
    return math.degrees(north / north_m_per_radian), math.degrees(east / east_m_per_radian)


def _waves(at: float, first: float, second: float, short: float, long: float) -> float:
    return first * math.sin(at / short * math.pi) + second * math.sin(at / long * math.pi)


def _to_baidu(latitude: float, longitude: float) -> tuple[float, float]:
    radius = math.hypot(longitude, latitude) + 0.00002 * math.sin(latitude * BAIDU_PI)
    angle = math.atan2(latitude, longitude) + 0.000003 * math.cos(longitude * BAIDU_PI)
    return radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065


def _from_baidu(latitude: float, longitude: float) -> tuple[float, float]:
    y, x = latitude - 0.006, longitude - 0.0065
    radius = math.hypot(x, y) - 0.00002 * math.sin(y * BAIDU_PI)
    angle = math.atan2(y, x) - 0.000003 * math.cos(x * BAIDU_PI)
    return radius * math.sin(angle), radius * math.cos(angle)
