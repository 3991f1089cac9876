"""Resolution of codes and names to regions.

A code or name that is no longer valid leads to the region that took its place, with a notice; where more than one
region matches, or none is known to have taken the place, the result is a problem that lists the choices. Nothing
is guessed.
"""

import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import cache

from core.errors import Problem
from core.i18n import N_
from core.kinds.kind import shown_value
from core.kinds.plain_texts import normal_form, without_invisible
from core.limits import SEARCH_LENGTH_MAX
from models.regions._addresses import Certainty, find_in_address
from models.regions.names import LENGTH_MAX, largest_regions, longest_parses, past_separators
from models.regions.table import (
    Region,
    code_range,
    current_heirs,
    open_reference,
    region,
    regions_below,
    table,
)

__all__ = [
    "Certainty",
    "Region",
    "Resolution",
    "code_range",
    "find_in_address",
    "region",
    "regions_below",
    "resolve",
    "search",
]

CODE = re.compile(r"(\d{6})(?:\d{3}|\d{6})?")
"""A code of a region, or of a town or village in it."""
CHOICES_SHOWN = 3
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Resolution:
    """The region of a text; if there is none, ``problem`` says why; ``notice`` informs the person."""

    region: Region | None
    problem: Problem | None = None
    notice: Problem | None = None


def resolve(text: str) -> Resolution:
    """Return the valid region of a code or a name.

    Read are codes of six digits (also of nine or twelve, cut), full names from any level down with or without
    separators (浙江省杭州市西湖区, 浙江/杭州/西湖区), short names (杭州西湖), former names, and one name alone if no
    two regions have or had it.

    Problems: ``regions.unknown``, ``regions.ambiguous``, ``regions.retired_unknown``.
    Notices: ``regions.replaced``, ``regions.renamed``, ``regions.placeholder``.
    """
    return by_code().get(text) or resolve_spelling(text)


def search(text: str, limit: int = 20) -> list[Region]:
    """Return valid regions with these words in their names or former names, for a picker; large ones first.

    A word is found anywhere in the path (杭州 西湖); regions whose own name begins with the last word come first.
    """
    stated = clean(text[:SEARCH_LENGTH_MAX])
    if stated.isdigit():
        codes = [one for code, one in table().regions.items() if code.startswith(stated) and one.status == "current"]
        return sorted(codes, key=lambda one: (one.level, one.code))[:limit]
    words = WORD.findall(stated)
    if not words:
        return []
    phrases = " AND ".join('"' + " ".join(word) + '"' for word in words)
    with closing(open_reference()) as reference:
        found = reference.execute(
            "SELECT code FROM region_letters WHERE rowid IN"
            " (SELECT rowid FROM region_letters_fts WHERE region_letters_fts MATCH ?)",
            (phrases,),
        )
        regions = [table().regions[code] for (code,) in found]
    regions.sort(key=lambda one: (not one.name.startswith(words[-1]), words[-1] not in one.name, one.level, one.code))
    return regions[:limit]


def resolve_spelling(text: str) -> Resolution:
    """Resolve a text that is not a known code."""
    stated = clean(text)
    if len(stated) > LENGTH_MAX:
        return unknown(text)
    code = CODE.fullmatch(stated)
    if code:
        return by_code().get(code[1]) or unknown(text)
    whole = [one for one in longest_parses(stated) if past_separators(stated, one.end) == len(stated)]
    candidates = largest_regions(dict.fromkeys(one.region for one in whole))
    if not candidates:
        return unknown(text)
    if len(candidates) == 1:
        former = next(one.former for one in whole if one.region == candidates[0])
        if former and candidates[0].status == "current":
            return renamed(candidates[0], former)
        return resolution_of(candidates[0])
    choices = list(dict.fromkeys(heir for one in candidates for heir in current_heirs(one) or (one,)))
    if len(choices) == 1:
        return resolution_of(candidates[0] if candidates[0].status == "current" else choices[0])
    return Resolution(
        None,
        Problem(
            "regions.ambiguous",
            N_("{value} can be {choices}: name its city or province too, or give the code."),
            {"value": shown_value(text.strip()), "choices": listed(choices)},
        ),
    )


def resolution_of(found: Region) -> Resolution:
    """Return the resolution of one region that is known, whatever its status."""
    if found.status == "current":
        return Resolution(found)
    heirs = current_heirs(found)
    if found.status == "placeholder":
        message = N_("{region} is no place of its own: {successor} was taken.")
        return Resolution(heirs[0], notice=Problem("regions.placeholder", message, values_of(found, heirs[0])))
    if len(heirs) == 1:
        message = N_("{region} is no longer valid: {successor} took its place.")
        return Resolution(heirs[0], notice=Problem("regions.replaced", message, values_of(found, heirs[0])))
    values: dict[str, object] = {"region": code_and_name(found)}
    if not heirs:
        message = N_("{region} is no longer valid, and what took its place is not known: choose a region.")
        return Resolution(None, Problem("regions.retired_unknown", message, values))
    message = N_("{region} is no longer valid and was divided: choose among {choices}.")
    return Resolution(None, Problem("regions.retired_unknown", message, values | {"choices": listed(heirs)}))


def renamed(found: Region, former: str) -> Resolution:
    """Return the resolution of a region by a name it no longer has."""
    message = N_("{former} is the former name of {successor}.")
    values = {"former": former, "successor": code_and_name(found)}
    return Resolution(found, notice=Problem("regions.renamed", message, values))


def unknown(text: str) -> Resolution:
    """Return the resolution of a text that means no region."""
    message = N_("{value} is no known region: give a six-digit code or a name such as 浙江省杭州市西湖区.")
    return Resolution(None, Problem("regions.unknown", message, {"value": shown_value(text.strip())}))


@cache
def by_code() -> dict[str, Resolution]:
    """Return the resolution of every code that is known, so that whole columns of codes cost a look-up each."""
    return {code: resolution_of(one) for code, one in table().regions.items()}


def values_of(found: Region, heir: Region) -> dict[str, object]:
    """Return the values of a notice about a region and its successor."""
    return {"region": code_and_name(found), "successor": code_and_name(heir)}


def listed(regions: Iterable[Region]) -> str:
    """Return the first few regions as text."""
    named = [code_and_name(one) for one in regions]
    return "、".join(named[:CHOICES_SHOWN]) + (" …" if len(named) > CHOICES_SHOWN else "")


def code_and_name(one: Region) -> str:
    """Return code and full name for a sentence."""
    return f"{one.code} {one.full_name.replace(' ', '')}"


def clean(text: str) -> str:
    """Return a text without outer spaces and invisible signs, full-width letters and digits made plain.

    A text of more than ``LENGTH_MAX`` characters is no region, and returned as it is.
    """
    trimmed = without_invisible(text).strip()
    return normal_form("NFKC", trimmed).strip() if len(trimmed) <= LENGTH_MAX else trimmed
