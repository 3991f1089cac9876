"""The regions of China that ``data/reference.db`` holds, valid and retired, read once into memory.

They are public and change once a year, so they are no rows of the business database: no session, no row filter.
"""

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from functools import cache

from core.settings import ROOT

REFERENCE = ROOT / "data" / "reference.db"
FORMAT = 1  # of the file, its user_version


@dataclass(frozen=True, slots=True)
class Region:
    """One region under its GB/T 2260 code (adcode).

    Attributes:
        code: Six digits: two each for province, city and county.
        level: 1 province, 2 city, 3 county.
        parent: Code of the region it lies in. Codes that only fill a level are passed over: the parent of a district
            of Beijing is Beijing, of 仙桃市 (429004) it is 湖北省.
        status: "current", "retired", or "placeholder" for a code such as 110100 市辖区 that is no place of its own.
        successor: Code of the one region that took its place, for a placeholder that of the region it stands for;
            None if there is none, or none that is certain.
        latitude: Of a point inside, GCJ-02; None if no source has one.
        longitude: See latitude.
        full_name: Names from the province down with spaces between, e.g. "浙江省 杭州市 西湖区".
        is_leaf: Whether nothing valid lies below it, as with 东莞市, a city without counties.
    """

    code: str
    name: str
    level: int
    parent: str | None
    status: str
    successor: str | None
    latitude: float | None
    longitude: float | None
    full_name: str
    is_leaf: bool


@dataclass(frozen=True, slots=True)
class RegionTable:
    """The table of regions: by code, their children by parent code, their successors by former code."""

    regions: dict[str, Region]
    below: dict[str, tuple[Region, ...]]
    heirs: dict[str, tuple[str, ...]]


def region(code: str) -> Region | None:
    """Return the region with this code, whatever its status; None if no source ever had it."""
    return table().regions.get(code)


def regions_below(code: str) -> tuple[Region, ...]:
    """Return the valid regions directly below one, by code; "" for the provinces."""
    return table().below.get(code, ())


def code_range(code: str) -> tuple[str, str]:
    """Return (first, one past the last) of the codes inside a region, for scopes by prefix.

    Compares as text: ``first <= code < past``. Codes that a region has by its prefix and by nothing else are inside:
    all of 广东省 is 440000 to 450000, 东莞市 441900 to 442000, one county only itself. A placeholder city (110100,
    429000, 469000, 659000) has a range too, but its counties share no more than being run by their province.

    Raises:
        ValueError: It is not six digits.
    """
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        raise ValueError(f"{code!r} is not a region code")
    step = 10000 if code.endswith("0000") else 100 if code.endswith("00") else 1
    return code, f"{int(code) + step:06}"


def current_heirs(found: Region) -> tuple[Region, ...]:
    """Return the current regions of a code: itself, its successor, or all that got a part; () if unknown."""
    regions = table().regions
    while found.status != "current" and found.successor is not None:
        found = regions[found.successor]
    if found.status == "current":
        return (found,)
    heirs = [heir for code in table().heirs.get(found.code, ()) for heir in current_heirs(regions[code])]
    return tuple(dict.fromkeys(heirs))


def is_inside(inner: Region, outer: Region) -> bool:
    """Whether a region is another or lies in it."""
    at: Region | None = inner
    while at is not None and at.code != outer.code:
        at = region(at.parent) if at.parent else None
    return at is not None


@cache
def table() -> RegionTable:
    """Read the reference database."""
    with closing(open_reference()) as reference:
        (found,) = reference.execute("PRAGMA user_version").fetchone()
        if found != FORMAT:
            raise RuntimeError(f"{REFERENCE.name} has format {found}, not {FORMAT}: run python -m data.build_reference")
        rows = reference.execute(
            "SELECT code, name, level, parent, status, successor, latitude, longitude, full_name, is_leaf"
            " FROM regions ORDER BY code"
        )
        regions = {
            code: Region(code, name, level, parent, status, successor, latitude, longitude, full_name, leaf == 1)
            for code, name, level, parent, status, successor, latitude, longitude, full_name, leaf in rows
        }
        divided = reference.execute("SELECT code, heir FROM region_heirs ORDER BY code, heir").fetchall()
    below: dict[str, list[Region]] = defaultdict(list)
    for one in regions.values():
        if one.status == "current":
            below[one.parent or ""].append(one)
    heirs: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for code, heir in divided:
        heirs[code] += (heir,)
    return RegionTable(regions, {code: tuple(found) for code, found in below.items()}, dict(heirs))


def open_reference() -> sqlite3.Connection:
    """Open the reference database for reading; nothing ever writes to it, so it needs no locks."""
    return sqlite3.connect(f"{REFERENCE.as_uri()}?mode=ro&immutable=1", uri=True)
