"""Parser of region names in a text, from the province down, with a trie of all current and former names.

浙江省杭州市西湖区, 杭州西湖, 浙江/杭州/西湖区 and 浙江省诸暨市 are one kind of text: names, each inside the one
before it, with levels left out. All possible parses are returned; the caller decides between them.
"""

import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from models.regions.table import Region, current_heirs, is_inside, open_reference, table

LENGTH_MAX = 200
"""Characters of a text that are parsed."""
BETWEEN = re.compile(r"(?:[\s,，、;；/／\\|>＞·.。_—－-]|市辖区|省直辖县级行政区划|(?<=重庆市)县)*")
"""Separators between two names."""
TAIL_OF_PROVINCE = re.compile("省|自治区|市")
"""Suffixes that people write after the short name of an autonomous region: 广西自治区, 新疆省."""
STREET = re.compile("[东西南北中新]{0,2}[一二三四五六七八九十]{0,2}(?:路|街|大街|大道|道|巷|弄|胡同|高速)")
"""Behind a short name: the name of a street, so it says nothing of where the street is (南京西路)."""
LANDMARK = re.compile(
    "[东西南北中]{0,2}(?:门|桥|站|寺|湖|山|河|江|岛|港|村|镇|乡|里|苑|园|大厦|大楼|广场|公园|花园|大酒店|商城|机场|码头)"
)
"""Behind the short name of a county: the name of something else again (西湖广场, 和平里)."""


class Spelling(NamedTuple):
    """A name as people write it, and the region it means.

    Attributes:
        is_full: Whether it is the name in full; 杭州 is not.
        is_former: Whether the region had the name once, under the same code.
        stands_alone: Whether it may begin a parse; 高新技术产业开发区 only makes sense behind its city.
    """

    region: Region
    name: str
    is_full: bool
    is_former: bool = False
    stands_alone: bool = True


@dataclass(frozen=True, slots=True)
class NameParse:
    """One way to parse the beginning of a text.

    Attributes:
        regions: The regions named, in the order of the text, each inside the one before it.
        end: Where in the text the names end, exclusive.
        is_full: Whether every name stands there in full.
        former: The former name by which the last region was read, or "".
    """

    regions: tuple[Region, ...]
    end: int
    is_full: bool
    former: str = ""

    @property
    def region(self) -> Region:
        """The last and smallest region."""
        return self.regions[-1]


@dataclass(slots=True)
class Node:
    """A node of the trie."""

    next: dict[str, "Node"]
    spellings: list[Spelling]


def longest_parses(text: str, start: int = 0) -> list[NameParse]:
    """Return the parses from ``start`` on that reach furthest, within the first ``LENGTH_MAX``."""
    found = further(text[:LENGTH_MAX], NameParse((), start, True))
    furthest = max((reading.end for reading in found), default=start)
    return [reading for reading in found if reading.end == furthest and reading.regions]


def further(text: str, reading: NameParse) -> list[NameParse]:
    """Return every extension of a parse; the parse itself if there is none."""
    start = past_separators(text, reading.end)
    for end, spellings in spellings_at(text, start):
        fitting = [spelling for spelling in spellings if fits(spelling, reading, text, end)]
        current = [spelling for spelling in fitting if spelling.region.status == "current"]
        if fitting:
            return [
                way
                for spelling in (current if reading.regions and current else fitting)
                for way in further(text, extended(reading, spelling, text, end))
            ]
    return [reading]


def extended(reading: NameParse, spelling: Spelling, text: str, end: int) -> NameParse:
    """Return the parse with one more name, which ends at ``end``."""
    if spelling.region.level == 1 and not spelling.is_full:
        tail = TAIL_OF_PROVINCE.match(text, end)
        end = tail.end() if tail else end
    known = reading.regions
    regions = known if known and known[-1].code == spelling.region.code else (*known, spelling.region)
    former = spelling.name if spelling.is_former else ""
    return NameParse(regions, end, reading.is_full and spelling.is_full, former)


def fits(spelling: Spelling, reading: NameParse, text: str, end: int) -> bool:
    """Whether a name that ends at ``end`` can follow the parse."""
    if not spelling.is_full and names_something_else(spelling, text, end):
        return False
    if not reading.regions:
        return spelling.stands_alone
    outer = reading.region
    inside = is_inside(spelling.region, outer) or any(is_inside(heir, outer) for heir in heirs_of(spelling.region.code))
    return inside and (spelling.region.code != outer.code or spelling.is_full)


def largest_regions(candidates: Iterable[Region]) -> list[Region]:
    """Leave out candidates that a larger candidate contains (长沙 is the city, not the county of that name in it).

    The short name of a province always means the province: 海南 is no district of Inner Mongolia.
    """
    regions = list(candidates)
    provinces = [one for one in regions if one.level == 1]
    if provinces:
        return provinces
    return [one for one in regions if not any(one is not other and is_inside(one, other) for other in regions)]


def past_separators(text: str, start: int) -> int:
    """Return where the next name can begin."""
    found = BETWEEN.match(text, start)
    return found.end() if found else start


def names_something_else(spelling: Spelling, text: str, end: int) -> bool:
    """Whether a short name only begins the name of a street or a landmark; 哈尔滨道里区 has no 哈尔滨道 in it."""
    if not (STREET.match(text, end) or (spelling.region.level == 3 and LANDMARK.match(text, end))):
        return False
    return not any(
        behind.is_full and is_inside(behind.region, spelling.region)
        for _, spellings in spellings_at(text, end)
        for behind in spellings
    )


@cache
def heirs_of(code: str) -> tuple[Region, ...]:
    """Return ``current_heirs`` of a code that is known."""
    return current_heirs(table().regions[code])


def spellings_at(text: str, start: int) -> list[tuple[int, list[Spelling]]]:
    """Return (end, spellings) of every name that begins at ``start``, the longest first."""
    found = []
    node = trie()
    for position in range(start, len(text)):
        following = node.next.get(text[position])
        if following is None:
            break
        node = following
        if node.spellings:
            found.append((position + 1, node.spellings))
    return found[::-1]


@cache
def trie() -> Node:
    """Build the trie over all spellings."""
    root = Node({}, [])
    for spelling in spellings():
        node = root
        for character in spelling.name:
            following = node.next.get(character)
            if following is None:
                following = node.next[character] = Node({}, [])
            node = following
        node.spellings.append(spelling)
    return root


def spellings() -> list[Spelling]:
    """Return every name of every region, full and short, current and former."""
    with closing(open_reference()) as reference:
        named = reference.execute(
            "SELECT code, name, short_name, 0 FROM regions WHERE status <> 'placeholder'"
            " UNION ALL SELECT code, name, short_name, 1 FROM region_names ORDER BY code"
        ).fetchall()
    regions = table().regions
    found = []
    for code, name, short, is_former in named:
        found.append(Spelling(regions[code], name, True, is_former == 1))
        if short != name:
            found.append(Spelling(regions[code], short, False, is_former == 1))
        if code[4] == "7":
            city = regions[code[:4] + "00"].name
            zone = name.removeprefix(city).removeprefix(city[:-1])
            found.append(Spelling(regions[code], zone, True, stands_alone=zone == name))
    return found
