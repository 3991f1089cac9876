"""The rows of the region tables: one per code that any source knows, with validity and heir as far as they tell.

Four sources are laid over each other: the statistical list of 2023 (what is valid), the lists of GB/T 2260 from 2002
to 2014 (what was), a list of points, and the successors checked by hand. A retired code has a successor only where a
same-named heir took its place under the same parent, or where a decision says so; otherwise it is unknown.
"""

import csv
import gzip
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent
SOURCES = DATA / "sources"
LISTED_NOW = 2023
"""The year of the list of what is valid."""
POINTS_LISTED = 2020
"""The year of the list of points; its codes are older in part, so it tells of a code only what no other list does."""
PLACEHOLDERS = re.compile("市辖区|县|市|.*直辖(县级)?行政(区划|单位)")
"""Names that stand for "the rest of it" in the code, and for no place."""
UNITED = {"620201": "620200", "441900": "", "442000": "", "460400": ""}
"""Cities without counties, which the list of 2023 repeats as a county of their own: code to the city it repeats."""
DIVIDED = {("350200", "杏林区")}
"""Former names that are no clue: a large part of the region went elsewhere when it was renamed."""
SUFFIXES = (
    *("特别行政区", "自治区", "自治州", "自治县", "自治旗", "行政委员会", "地区", "特区", "新区"),
    *("省", "市", "区", "县", "州", "盟"),
)
PEOPLES = (
    *("维吾尔", "壮族", "回族", "土家族", "苗族", "侗族", "彝族", "藏族", "羌族", "白族", "傣族", "景颇族", "傈僳族"),
    *("哈尼族", "拉祜族", "佤族", "布朗族", "纳西族", "瑶族", "独龙族", "怒族", "普米族", "布依族", "仡佬族", "水族"),
    *("朝鲜族", "蒙古族", "蒙古", "满族", "达斡尔族", "鄂温克族", "哈萨克族", "哈萨克", "柯尔克孜", "塔吉克", "锡伯"),
    *("土族", "撒拉族", "保安族", "东乡族", "裕固族", "毛南族", "仫佬族", "黎族", "畲族", "各族"),
)


@dataclass
class Listing:
    """One code as the lists of GB/T 2260 and the list of 2023 have it; indexes count the lists, oldest first."""

    names: list[tuple[str, int, int]] = field(default_factory=list)
    """(name, first list, last list), in the order of time."""

    @property
    def name(self) -> str:
        """The name it has, or had last."""
        return max(self.names, key=lambda named: named[2])[0]

    @property
    def last(self) -> int:
        """The last list with this code."""
        return max(last for _, _, last in self.names)

    def first_as(self, stem: str) -> int:
        """Return the first list in which the code had a name with this stem."""
        return min(first for name, first, _ in self.names if short_name(name) == stem)


@dataclass(frozen=True)
class Succession:
    """What became of a region by an official decision."""

    heirs: tuple[str, ...]
    year: int
    source: str


@dataclass
class History:
    """All listings, and what the numbers of the lists mean."""

    listings: dict[str, Listing]
    years: list[int]
    points: dict[str, tuple[float, float]]
    decisions: dict[str, Succession]

    @property
    def now(self) -> int:
        """The number of the list of what is valid."""
        return len(self.years) - 1


def region_rows(history: History) -> list[dict[str, object]]:
    """Return the rows of ``regions``, by code."""
    successors = {code: successor_of(code, history) for code in history.listings}
    predecessors: dict[str, list[str]] = defaultdict(list)
    for code, (heir, _) in successors.items():
        if heir and not is_placeholder(code, history):
            predecessors[heir].append(code)
    rows = [region_row(code, history, successors[code], predecessors[code]) for code in sorted(history.listings)]
    parents = {row["parent"] for row in rows if row["status"] == "current"}
    names = {str(row["code"]): row for row in rows}
    for row in rows:
        row["is_leaf"] = int(row["status"] == "current" and row["code"] not in parents)
        row["full_name"] = full_name(row, names)
    return rows


def region_row(
    code: str, history: History, successor: tuple[str | None, str | None], predecessors: list[str]
) -> dict[str, object]:
    """Return the row of one code; ``is_leaf`` and ``full_name`` need the other rows and come later."""
    listing = history.listings[code]
    current = listing.last == history.now
    placeholder = is_placeholder(code, history)
    point_of = next((c for c in (code, *one_of(predecessors)) if c in history.points), None)
    longitude, latitude = history.points[point_of] if point_of and not placeholder else (None, None)
    return {
        "code": code,
        "name": listing.name,
        "short_name": listing.name if code[4] == "7" else short_name(listing.name, level_of(code)),
        "full_name": "",
        "level": level_of(code),
        "parent": parent_of(code, history),
        "status": "placeholder" if placeholder else "current" if current else "retired",
        "is_leaf": 0,
        "is_gb2260": int(not is_statistical(code)),
        "valid_from": valid_from(code, history),
        "valid_to": None if current else valid_to(code, history),
        "last_listed": history.years[listing.last],
        "successor": successor[0],
        "successor_source": successor[1],
        "latitude": latitude,
        "longitude": longitude,
        "datum": "gcj02" if latitude is not None else None,
        "point_of": point_of if latitude is not None else None,
    }


def successor_of(code: str, history: History) -> tuple[str | None, str | None]:
    """Return the one heir of a code and where that is known from, or (None, None)."""
    if code in UNITED:
        return UNITED[code] or None, "the city has no counties" if UNITED[code] else None
    if is_placeholder(code, history):
        stands_for = code[:2] + "0000" if code.endswith("00") else code[:4] + "00"
        return stands_for, "a code that stands for its parent"
    listing = history.listings[code]
    if listing.last == history.now:
        return None, None
    if code in history.decisions:
        decision = history.decisions[code]
        return (decision.heirs[0], decision.source) if len(decision.heirs) == 1 else (None, decision.source)
    heir = same_named_heir(code, history)
    return (heir, "same name and parent, listed after it") if heir else (None, None)


def same_named_heir(code: str, history: History) -> str | None:
    """Return the only region of the same stem and level that appears in the lists after this code has left them.

    Looked for under the same parent first, then in the province (a county can move to another city). One that was
    listed beside it all the time is another place of the same name (桥东区 of Shijiazhuang and of Zhangjiakou).
    """
    listing, level = history.listings[code], level_of(code)
    stem = short_name(listing.name, level)
    for prefix in (code[: 2 * level - 2], code[:2]):
        heirs = [
            other
            for other, candidate in history.listings.items()
            if other.startswith(prefix)
            and level_of(other) == level
            and candidate.last == history.now
            and short_name(candidate.name, level) == stem
            and candidate.first_as(stem) > listing.last
        ]
        if heirs:
            return heirs[0] if len(heirs) == 1 else None
    return None


def valid_from(code: str, history: History) -> int | None:
    """Return the year a code appeared in the lists, or in which a decision made it; None if before or unknown."""
    first = min(first for _, first, _ in history.listings[code].names)
    if 0 < first < history.now - 1:
        return history.years[first]
    decided = [decision.year for decision in history.decisions.values() if code in decision.heirs]
    return min(decided) if decided and first == history.now else None


def valid_to(code: str, history: History) -> int:
    """Return the year from which a code is no longer valid: that of the decision, or of the first list without it."""
    if code in history.decisions:
        return history.decisions[code].year
    return next(year for year in history.years[history.listings[code].last + 1 :] if year != POINTS_LISTED)


def former_name_rows(history: History, regions: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the rows of ``region_names``: names a code had before, if no other region of the parent has them."""
    borne = {(row["parent"], row["name"]) for row in regions if row["status"] != "placeholder"}
    rows: list[dict[str, object]] = []
    for code, listing in sorted(history.listings.items()):
        for name, first, last in listing.names:
            if (parent_of(code, history), name) in borne | DIVIDED or is_placeholder(code, history) or "市辖区" in name:
                continue
            rows.append(
                {
                    "code": code,
                    "name": name,
                    "short_name": short_name(name, level_of(code)),
                    "first_listed": history.years[first],
                    "last_listed": history.years[last],
                }
            )
    return rows


def heir_rows(history: History) -> list[dict[str, object]]:
    """Return the rows of ``region_heirs``: who got a part of a region that was divided."""
    return [
        {"code": code, "heir": heir, "source": decision.source}
        for code, decision in sorted(history.decisions.items())
        if len(decision.heirs) > 1
        for heir in decision.heirs
    ]


def read_history(sources: Path = SOURCES, decided: Path = DATA / "successors.csv") -> History:
    """Read all sources."""
    spans = read_csv(sources / "gb2260_spans.csv.gz")
    revisions = sorted({row[end] for row in spans for end in ("first_revision", "last_revision")}, key=when)
    years = [int(revision[:4]) for revision in revisions] + [POINTS_LISTED, LISTED_NOW]
    number = {revision: index for index, revision in enumerate(revisions)}
    listings: dict[str, Listing] = defaultdict(Listing)
    for row in spans:
        span = (row["name"], number[row["first_revision"]], number[row["last_revision"]])
        listings[row["code"]].names.append(span)
    now = len(years) - 1
    for code, name in listed_now(sources):
        if not any(known == name for known, _, _ in listings[code].names):
            listings[code].names.append((name, now, now))
        listings[code].names = [(n, first, now if n == name else last) for n, first, last in listings[code].names]
    points = {}
    for row in read_csv(sources / "cpca_adcodes.csv.gz"):
        code = row["adcode"][:6]
        if row["longitude"]:
            points[code] = (float(row["longitude"]), float(row["latitude"]))
        if code not in listings:
            listings[code].names.append((row["name"], now - 1, now - 1))
    return History(dict(listings), years, points, read_decisions(decided))


def listed_now(sources: Path) -> list[tuple[str, str]]:
    """Return code and name of what the list of 2023 has, and the three regions it leaves out."""
    listed = [(row["code"] + "0000", row["name"]) for row in read_csv(sources / "divisions_2023_provinces.csv.gz")]
    listed += [("710000", "台湾省"), ("810000", "香港特别行政区"), ("820000", "澳门特别行政区")]
    listed += [(row["code"] + "00", row["name"]) for row in read_csv(sources / "divisions_2023_cities.csv.gz")]
    areas = read_csv(sources / "divisions_2023_areas.csv.gz")
    return listed + [(row["code"], row["name"]) for row in areas if UNITED.get(row["code"]) != ""]


def read_decisions(path: Path) -> dict[str, Succession]:
    """Read the successors checked by hand."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Succession(tuple(row["heirs"].split()), int(row["decided_on"][:4]), row["source"])
            for row in csv.DictReader(file)
        }


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a packed file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def when(revision: str) -> str:
    """Return a key that puts revisions in the order of time: a month stands before the year's own list."""
    return revision.ljust(6, "9")


def level_of(code: str) -> int:
    """Return 1 for a province, 2 for a city, 3 for a county."""
    return 1 if code.endswith("0000") else 2 if code.endswith("00") else 3


def is_statistical(code: str) -> bool:
    """Whether the statistical list made the code up: zones (fifth digit 7) and districts without a standing in law."""
    return code[4] == "7" or code in {"232761", "232762", "232763", "232764", "632857"}


def is_placeholder(code: str, history: History) -> bool:
    """Whether the code stands for a part of its parent that is no place of its own."""
    return UNITED.get(code, "") != "" or bool(PLACEHOLDERS.fullmatch(history.listings[code].name))


def parent_of(code: str, history: History) -> str | None:
    """Return the region a region lies in; placeholders between a county and its province are passed over."""
    if level_of(code) == 1:
        return None
    city = code[:4] + "00"
    if level_of(code) == 3 and city in history.listings and not is_placeholder(city, history):
        return city
    return code[:2] + "0000"


@cache
def short_name(name: str, level: int = 3) -> str:
    """Return a name as people say it: 恩施 for 恩施土家族苗族自治州, 浦东 for 浦东新区; two characters at least."""
    if name.endswith(("前旗", "后旗", "中旗", "左旗", "右旗")):
        return name
    if name == "神农架林区":
        return "神农架"
    stem = next((name[: -len(s)] for s in SUFFIXES if name.endswith(s) and len(name) >= len(s) + 2), name)
    while level > 1 or stem.endswith(("维吾尔", "壮族", "回族")):
        shorter = next((stem[: -len(p)] for p in PEOPLES if stem.endswith(p) and len(stem) >= len(p) + 2), None)
        if shorter is None:
            break
        stem = shorter
    return stem.removesuffix("族") if len(stem) > 2 else stem


def full_name(row: dict[str, object], rows: dict[str, dict[str, object]]) -> str:
    """Return the names from the province down, with spaces between."""
    if row["status"] == "placeholder":
        return str(row["name"])
    above = rows.get(str(row["parent"]))
    return f"{full_name(above, rows)} {row['name']}" if above else str(row["name"])


def one_of(codes: list[str]) -> list[str]:
    """Return the codes if there is just one."""
    return codes if len(codes) == 1 else []
