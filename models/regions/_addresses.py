"""Candidate regions of a free-text address, for a person to confirm.

朝阳区建国路88号 has two candidates, in 北京市 and in 长春市, and both are returned. Streets are not known here.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from core.kinds.plain_texts import normal_form, without_invisible
from models.regions.names import (
    LENGTH_MAX,
    NameParse,
    Spelling,
    largest_regions,
    longest_parses,
    past_separators,
    spellings_at,
)
from models.regions.table import Region, current_heirs, is_inside

BEFORE = re.compile("中国|中华人民共和国|地址:")
NAME_LENGTH_MIN = 3
"""Shorter names are found inside a text by accident (新县, 城区)."""


class Certainty(StrEnum):
    """Certainty of a candidate.

    SURE: every name stands there in full, and no other region matches.
    LIKELY: the only candidate, but by a short name, without its province and city, or not at the beginning.
    POSSIBLE: one of several, or a guess from half a name: a person must choose.
    """

    SURE = "sure"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class RegionCandidate:
    """A valid region that an address may lie in, and the matched part of the address."""

    region: Region
    certainty: Certainty
    matched: str


def find_in_address(address: str) -> list[RegionCandidate]:
    """Return the regions an address can lie in, the smallest first; [] if it names none."""
    stated = without_invisible(address.strip()[:LENGTH_MAX])
    text = normal_form("NFKC", stated).strip()[:LENGTH_MAX]
    before = BEFORE.match(text)
    start = before.end() if before else 0
    found, at_start = longest_parses(text, start), True
    if not found:
        start, found = first_full_name(text, start)
        at_start = False
    kept = largest_regions(reading.region for reading in found)
    found = [way for reading in found if reading.region in kept for way in completed(text, reading)]
    candidates: dict[str, RegionCandidate] = {}
    for reading in found:
        heirs = current_heirs(reading.region)
        sure = certainty(reading, at_start) if len(heirs) == 1 else Certainty.POSSIBLE
        for heir in heirs:
            candidates.setdefault(heir.code, RegionCandidate(heir, sure, text[start : reading.end]))
    if len(candidates) > 1:
        several = [RegionCandidate(one.region, Certainty.POSSIBLE, one.matched) for one in candidates.values()]
        return sorted(several, key=lambda one: (-one.region.level, one.region.code))
    return list(candidates.values())


def certainty(reading: NameParse, at_start: bool) -> Certainty:
    """Return the certainty of the only parse of an address."""
    alone = len(reading.regions) == 1 and reading.region.level == 3
    if alone and not (reading.is_full and at_start):
        return Certainty.POSSIBLE
    return Certainty.SURE if at_start and reading.is_full and not alone else Certainty.LIKELY


def first_full_name(text: str, start: int) -> tuple[int, list[NameParse]]:
    """Return where the first name in full stands behind ``start``, and the parses from there on."""
    for position in range(start + 1, len(text)):
        if any(is_clear(spelling) for _, spellings in spellings_at(text, position) for spelling in spellings):
            return position, [reading for reading in longest_parses(text, position) if reading.is_full]
    return start, []


def completed(text: str, reading: NameParse) -> list[NameParse]:
    """Return a parse that stopped above the counties with the county that is named further on.

    A county of another city right behind it contradicts it (上海市朝阳区): then both are returned.
    """
    at = reading.region
    if at.level == 3 or at.is_leaf or at.status != "current":
        return [reading]
    start = past_separators(text, reading.end)
    for position in range(start, len(text)):
        for end, spellings in spellings_at(text, position):
            clear = [spelling.region for spelling in spellings if is_clear(spelling) and spelling.region.level == 3]
            inside = [one for one in clear if is_inside(one, at)]
            if inside:
                return [NameParse((*reading.regions, one), end, False) for one in inside]
            if clear and position == start:
                return [reading, *(NameParse((one,), end, False) for one in clear)]
    return [reading]


def is_clear(spelling: Spelling) -> bool:
    """Whether a name is long enough, and whole, to mean its region wherever it stands."""
    return spelling.is_full and spelling.stands_alone and len(spelling.name) >= NAME_LENGTH_MIN
