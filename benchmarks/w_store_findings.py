"""Cost of store findings during an import: the same import with and without them.

``python -m benchmarks.w_store_findings --rows 25600 --db sqlite,postgres --repeat 3``

Rows are made up: shops around the points of all counties, three in four with a region, one in twenty a second shop
within 30 m with the same telephone or name, some abroad, at 0, 0, exchanged, or far from their region. With
``--csv FILE`` a file is taken instead, its columns mapped as in ``MAP``.

2026-11-22, 2 cores shared with other work (load 6), medians of 3, one run: made-up rows, 2,910 findings: SQLite without
4.55 s, product 6.76 s, ratio 1.49; PostgreSQL (fsync off) 8.40 s, 13.79 s, 1.64. The 25,587 shops of the world in
starbucks-2017, nearly all of them abroad, 25,147 findings: SQLite 4.77 s, 8.49 s, 1.78; PostgreSQL 9.93 s, 16.37 s,
1.65. Goal 2.
"""

import argparse
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, func, select

from benchmarks.stage import fresh_database, say, side_by_side
from core.access import command_line
from core.database.sessions import reading
from importers.runs.batches import import_file
from importers.runs.runner import Source
from importers.writing.xlsx import SheetColumn, write_xlsx
from models.regions.table import table
from models.stores import StoreFinding
from resources.stores import STORES
from services.stores.findings import Assessment

HEADINGS = ("code", "name", "phone", "region", "address", "latitude", "longitude", "datum", "accuracy_m")
MAP = {
    "Store Number": "code", "Store Name": "name", "Phone Number": "phone", "Street Address": "address",
    "Latitude": "latitude", "Longitude": "longitude",
}  # fmt: skip
GOAL = 2.0


def _rows(count: int) -> Iterator[list[str]]:
    chance = random.Random(7)
    counties = [one for one in table().regions.values() if one.level == 3 and one.latitude and one.status == "current"]
    words = "恒鼎瑞嘉德鑫盛泰锦裕兴隆润丰禾佳惠汇万合源达祥和通康诚信昌荣顺茂"
    before: list[str] = []
    for number in range(count):
        county, fate = chance.choice(counties), chance.random()
        name = "".join(chance.sample(words, 3)) + chance.choice(("便利店", "超市", "粮油店"))
        north = (county.latitude or 0) + chance.uniform(-0.03, 0.03)
        east = (county.longitude or 0) + chance.uniform(-0.03, 0.03)
        row = [
            f"S{number:07}", name, f"138{number:08}", county.code if fate < 0.75 else "", f"建设路 {number} 号",
            f"{north:.6f}", f"{east:.6f}", ("wgs84", "gcj02", "bd09")[number % 3], str(number % 60),
        ]  # fmt: skip
        if fate >= 0.95 and before:
            row[5:7], row[7] = before[5:7], before[7]
            row[1 + number % 2] = before[1 + number % 2]
        elif fate >= 0.93:
            row[5:7] = chance.choice((["0", "0"], ["48.85", "2.35"], [row[6], row[5]][:2], ["39.9", "116.4"]))
            row[5] = row[5] if abs(float(row[5])) <= 90 else "87.6"
        yield row
        before = row


def main() -> None:
    parser = argparse.ArgumentParser(description="findings while importing stores")
    parser.add_argument("--rows", type=int, default=25_600)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--db", default="sqlite,postgres")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    for kind in options.db.split(","):
        _measure(kind, options)


def _measure(kind: str, options: argparse.Namespace) -> None:
    with fresh_database(kind) as (engine, folder):
        if options.csv:
            source = Source(
                path=options.csv, name=options.csv.name, kind="csv", mapping=MAP, constants={"datum": "wgs84"}
            )
        else:
            file = folder / "stores.xlsx"
            with file.open("wb") as target:
                write_xlsx(target, "Stores", [SheetColumn(heading) for heading in HEADINGS], _rows(options.rows))
            source = Source(path=file, name=file.name, kind="xlsx")
        found = {"count": 0, "rows": 0}

        def product() -> None:
            _clear(engine)
            report = import_file(STORES, source, command_line(), sha256="0")
            found["count"], found["rows"] = finding_count(), report.created
            assert found["count"] > 0

        def without() -> None:
            _clear(engine)
            with_examine(_nothing, lambda: import_file(STORES, source, command_line(), sha256="0"))
            assert finding_count() == 0

        times = side_by_side(options.repeat, without=without, product=product)
        ratio = times["product"] / times["without"]
        say(
            f"findings {kind:<9} {found['rows']:>8,} rows  without {times['without']:.2f} s  "
            f"product {times['product']:.2f} s  ratio {ratio:.2f} (goal {GOAL})  {found['count']:,} findings"
        )


def with_examine(other: Callable[..., Any], work: Callable[[], Any]) -> None:
    with patch("services.stores.saving.examine", other):
        work()


def _nothing(_session: Any, some: Any, **_more: Any) -> dict[int, Assessment]:
    return {store.id: Assessment(100, []) for store in some}


def _clear(engine: Engine) -> None:
    with engine.begin() as connection:
        for name in ("store_findings", "store_positions", "stores"):
            connection.exec_driver_sql(f"DELETE FROM {name}")  # noqa: S608  (names of our own tables)


def finding_count() -> int:
    with reading(command_line()) as session:
        return session.scalar(select(func.count()).select_from(StoreFinding)) or 0


if __name__ == "__main__":
    main()
