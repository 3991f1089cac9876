"""W1: importing customers × 13 columns from xlsx, with every rule, right, event and the error workbook.

``python -m benchmarks.w1_import --rows 100000 --db sqlite,postgres --repeat 3``

Floor: the product's own reader, then one bare multi-row insert of what it read into the same table. Peers were
measured on the same work in the design: django-import-export 555 rows/s on SQLite and 255 on PostgreSQL, Odoo 490.

2026-11-22, 2 cores, 24 GiB, medians of 3, one run: SQLite floor 4.77 s, product 6.37 s, ratio 1.34 (goal 1.5);
PostgreSQL (fsync off) floor 4.81 s, product 10.08 s, ratio 2.09 (goal 2, first landing 2.5). The unchanged file again:
3.76 s and 7.12 s, nothing written. 28 and 39 times the recorded rate of django-import-export, which was not run beside
it.

Peak memory (``--memory --rows 500000 --db sqlite``) of the whole import with its error workbook, both processes added
up: 415 to 430 MiB, of which the reader's child 86 (goal 600). What becomes of each row costs an import of new rows
nothing that can be measured; keeping all rows of a check to be looked at costs 0.25 s of 3.1 s for 100,000 new rows.
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, func, select

from benchmarks.stage import fresh_database, peak_mib, say, seconds, side_by_side
from core.access import command_line
from core.clock import now
from core.database.bulk import insert_rows
from core.database.sessions import reading, unit_of_work
from core.drafts import Drafts
from core.kinds.uscc import check_character, organisation_check
from importers.commands import write_errors
from importers.reading.workbooks import read_sheet
from importers.runs.batches import import_file
from importers.runs.runner import Source
from importers.writing.xlsx import SheetColumn, write_xlsx
from models.customers import Customer
from resources.customers import CUSTOMERS
from resources.partners import PARTNERS
from services.saving.plans import SaveOptions

HEADINGS = (
    "code", "name", "contact", "phone", "uscc", "region", "address", "stage", "source", "tags", "partner", "owner",
    "remark",
)  # fmt: skip
FLOOR_COLUMNS = (*HEADINGS[:10], "path", "version", "created_at", "updated_at")
PEERS = {"sqlite": 555, "postgres": 255}  # rows/s of django-import-export


def made_up_customers(count: int) -> Iterator[list[str]]:
    """Yield made-up rows: 0.5 % bad phones, 0.5 % bad credit codes, 0.5 % unknown partners, 1 % repeats."""
    chance = random.Random(7)
    for number in range(count):
        organisation = f"{chance.randrange(10**8):08}"
        first = "91310106" + organisation + organisation_check(organisation)
        uscc = first + check_character(first)
        phone = f"138{number % 10**8:08}"
        fate = chance.random()
        if fate < 0.005:
            phone = "12"
        elif fate < 0.01:
            uscc = uscc[:5] + ("1" if uscc[5] == "2" else "2") + uscc[6:]
        code = number - 1 if fate >= 0.99 else number
        partner = "NONE" if 0.01 <= fate < 0.015 else f"P{number % 50:02}"
        stage = ("lead", "contacted", "won")[number % 3]
        yield [
            f"C{code:07}", f"上海客户{number}有限公司", f"联系人{number % 997}", phone, uscc, "310106",
            f"南京西路 {number} 号", stage, f"展会 {number % 7}", "连锁;重点", partner, "", f"备注 {number % 11}",
        ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="W1: import")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--db", default="sqlite,postgres")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="peak memory of one import instead of times")
    options = parser.parse_args()
    for kind in options.db.split(","):
        if options.memory:
            measure_memory(kind, options.rows)
        else:
            _measure(kind, options.rows, options.repeat)


def _measure(kind: str, count: int, repeat: int) -> None:
    with fresh_database(kind) as (engine, folder):
        source = worksheet(folder, count)
        file = source.path
        add_partners()

        def product() -> None:
            _clear(engine)
            report = import_file(CUSTOMERS, source, command_line(), sha256="0")
            write_errors(report, source, folder / "errors.xlsx")
            assert report.created + report.refused == count
            assert stored() == report.created

        def bare() -> None:
            _clear(engine)
            _floor(file)

        times = side_by_side(repeat, floor=bare, product=product)
        again = seconds(lambda: unchanged(source, count))
        ratio = times["product"] / times["floor"]
        rate = count / times["product"]
        say(
            f"W1 {kind:<9} {count:>8,} rows  floor {times['floor']:.2f} s  product {times['product']:.2f} s  "
            f"ratio {ratio:.2f}  {rate:,.0f} rows/s = {rate / PEERS[kind]:.0f} x django-import-export  "
            f"unchanged again {again:.2f} s"
        )


def measure_memory(kind: str, count: int) -> None:
    with fresh_database(kind) as (_engine, folder):
        source = worksheet(folder, count)
        add_partners()

        def product() -> None:
            report = import_file(CUSTOMERS, source, command_line(), sha256="0")
            write_errors(report, source, folder / "errors.xlsx")

        say(f"W1 {kind:<9} {count:>8,} rows  peak memory {peak_mib(product):.0f} MiB with the reader's child")


def worksheet(folder: Path, count: int) -> Source:
    file = folder / "customers.xlsx"
    with file.open("wb") as target:
        write_xlsx(target, "Customers", [SheetColumn(heading) for heading in HEADINGS], made_up_customers(count))
    return Source(path=file, name=file.name, kind="xlsx")


def _floor(file: Path) -> None:
    """Read and insert, nothing else."""
    instant = now()
    with read_sheet(file, file.name) as sheet, unit_of_work(command_line()) as session:
        seen: set[object] = set()
        for chunk in sheet:
            fresh = []
            for row in zip(*chunk.columns[:10], strict=True):
                if row[0] not in seen:
                    seen.add(row[0])
                    fresh.append((*row, "", 1, instant, instant))
            insert_rows(session, Customer, FLOOR_COLUMNS, fresh)


def unchanged(source: Source, count: int) -> None:
    report = import_file(CUSTOMERS, source, command_line(), sha256="0")
    assert (report.created, report.updated) == (0, 0)
    assert report.unchanged + report.refused == count


def add_partners() -> None:
    codes = [f"P{number:02}" for number in range(50)]
    columns = {"code": codes, "name": codes, "tier": ["master_agent"] * 50}
    with unit_of_work(command_line()) as session:
        assert PARTNERS.save is not None
        PARTNERS.save(session, Drafts(list(range(50)), columns), SaveOptions())


def _clear(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM customers")


def stored() -> int:
    with reading(command_line()) as session:
        return session.scalar(select(func.count()).select_from(Customer)) or 0


if __name__ == "__main__":
    main()
