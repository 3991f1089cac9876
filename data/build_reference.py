"""Build ``data/reference.db`` from ``data/sources/`` and ``data/successors.csv``: ``python -m data.build_reference``.

The same sources give the same rows, and with the same SQLite the same bytes. The database is opened read-only by the
product; to refresh it, replace a source, build, and commit both.
"""

import sys
from pathlib import Path

from sqlite_utils import Database

from data.phone_rows import phone_rows
from data.region_rows import DATA, SOURCES, former_name_rows, heir_rows, read_history, region_rows

FORMAT = 1
"""Kept as ``user_version``; a reader that expects another number refuses the file."""
ORIGINS = (
    ("divisions_2023_*.csv.gz", "china-division 2.7.0 (modood/Administrative-divisions-of-China)", "WTFPL / MIT"),
    ("gb2260_spans.csv.gz", "GB2260 0.4.1, 17 revisions of GB/T 2260 from 2002 to 2014", "BSD-2-Clause"),
    ("cpca_adcodes.csv.gz", "cpca 0.5.5 (DQinYuan/chinese_province_city_area_mapper)", "MIT"),
    ("libphonenumber_geocoding_zh_86.txt.gz", "google/libphonenumber f7e3e88c9", "Apache-2.0"),
    ("successors.csv", "decisions of the State Council and the Ministry of Civil Affairs, by hand", "Apache-2.0"),
)


def build(path: Path) -> None:
    """Write the reference database to ``path``, in place of what is there."""
    path.unlink(missing_ok=True)
    history = read_history()
    regions = region_rows(history)
    former = former_name_rows(history, regions)
    places, ranges = phone_rows(regions)
    database = Database(path)
    database.table("sources").insert_all(
        ({"file": file, "origin": origin, "licence": licence} for file, origin, licence in ORIGINS), pk="file"
    )
    add_regions(database, regions)
    database.table("region_names").insert_all(former, pk=("code", "name"), foreign_keys=[("code", "regions", "code")])
    database.table("region_heirs").insert_all(
        heir_rows(history),
        pk=("code", "heir"),
        foreign_keys=[("code", "regions", "code"), ("heir", "regions", "code")],
    )
    add_search(database, regions, former)
    database.table("phone_places").insert_all(places, pk="id", foreign_keys=[("region", "regions", "code")])
    database.table("phone_ranges").insert_all(ranges, pk="first", foreign_keys=[("place", "phone_places", "id")])
    database.execute(f"PRAGMA user_version = {FORMAT}")
    broken = list(database.query("PRAGMA foreign_key_check"))
    if broken:
        raise ValueError(f"{len(broken)} references lead nowhere, the first is {broken[0]}")
    database.vacuum()
    database.close()


def add_regions(database: Database, rows: list[dict[str, object]]) -> None:
    """Make and fill ``regions``."""
    whole = {"level", "is_leaf", "is_gb2260", "valid_from", "valid_to", "last_listed"}
    types = {name: int if name in whole else float if name.endswith("itude") else str for name in rows[0]}
    database.table("regions").create(
        types,
        pk="code",
        not_null={"name", "short_name", "full_name", "level", "status", "is_leaf", "is_gb2260", "last_listed"},
        foreign_keys=[("parent", "regions", "code"), ("successor", "regions", "code")],
    )
    database.table("regions").insert_all(rows)
    for column in ("parent", "successor", "name", "short_name"):
        database.table("regions").create_index([column])


def add_search(database: Database, regions: list[dict[str, object]], former: list[dict[str, object]]) -> None:
    """Make the full-text index over the names of regions that are valid.

    The index takes a run of Chinese characters for one word, so they are stored with spaces between: a phrase of
    characters then finds them in the middle of a name as well.
    """
    valid = [row for row in regions if row["status"] == "current"]
    also = {str(row["code"]): [r["name"] for r in former if r["code"] == row["code"]] for row in valid}
    letters = (
        {"code": row["code"], "letters": " ".join(" ".join([str(row["full_name"]), *map(str, also[str(row["code"])])]))}
        for row in valid
    )
    database.table("region_letters").insert_all(letters, pk="code", foreign_keys=[("code", "regions", "code")])
    database.table("region_letters").enable_fts(["letters"], tokenize="unicode61")


if __name__ == "__main__":
    build(DATA / "reference.db")
    size_kib = (DATA / "reference.db").stat().st_size // 1024
    sys.stdout.write(f"data/reference.db: {size_kib} KiB from {len(list(SOURCES.glob('*.gz')))} sources\n")
