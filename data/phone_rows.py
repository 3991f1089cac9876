"""The rows of the telephone tables: which place a mobile number was given out in."""

import gzip
import re
from collections.abc import Iterable
from itertools import pairwise

from data.region_rows import SOURCES

PREFIX_DIGITS = 7


def phone_rows(regions: list[dict[str, object]]) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Return the rows of ``phone_places`` and of ``phone_ranges``.

    A range is a run of seven-digit prefixes given out in one place: the first of them, and how many they are.
    """
    places = dict(prefix_regions(by_spelling(regions)))
    numbers = {region: number for number, region in enumerate(sorted(set(places.values())), start=1)}
    ranges: list[dict[str, object]] = []
    for start, end in runs_of_neighbours(places):
        ranges.append({"first": start, "count": end - start, "place": numbers[places[start]]})
    return [{"id": number, "region": region} for region, number in numbers.items()], ranges


def runs_of_neighbours(places: dict[int, str]) -> Iterable[tuple[int, int]]:
    """Yield (first, one past the last) of every run of neighbours in one place."""
    prefixes = sorted(places)
    breaks = [b for a, b in pairwise(prefixes) if b != a + 1 or places[a] != places[b]]
    starts = [prefixes[0], *breaks]
    last_of_run = [a for a, b in pairwise(prefixes) if b != a + 1 or places[a] != places[b]] + [prefixes[-1]]
    return ((start, last + 1) for start, last in zip(starts, last_of_run, strict=True))


def prefix_regions(regions: dict[str, str]) -> Iterable[tuple[int, str]]:
    """Yield (seven-digit prefix, region code), the longer of two prefixes last."""
    with gzip.open(SOURCES / "libphonenumber_geocoding_zh_86.txt.gz", "rt", encoding="utf-8") as file:
        lines = [line.strip().split("|") for line in file if "|" in line and not line.startswith("#")]
    for prefix, place in sorted(lines, key=lambda line: len(line[0])):
        region = regions.get(place) or regions.get(re.sub("(省|自治区).*", r"\1", place))
        digits = prefix.removeprefix("86")
        if region is None or len(digits) > PREFIX_DIGITS:
            continue
        span = 10 ** (PREFIX_DIGITS - len(digits))
        for number in range(int(digits) * span, (int(digits) + 1) * span):
            yield number, region


def by_spelling(regions: list[dict[str, object]]) -> dict[str, str]:
    """Return the codes by the spellings of the prefix list (江苏省苏州市, 内蒙古赤峰市), heirs for what is gone."""
    rows = {str(row["code"]): row for row in regions}
    spellings: dict[str, str] = {}
    for status in ("current", "retired"):
        for code, row in rows.items():
            province = rows[code[:2] + "0000"]
            heir = code if status == "current" else row["successor"]
            if row["status"] != status or heir is None or (row["level"] == 1 and status == "retired"):
                continue
            tail = "" if row["level"] == 1 else str(row["name"])
            for head in (province["name"], province["short_name"]):
                spellings.setdefault(f"{head}{tail}", str(heir))
    return spellings
