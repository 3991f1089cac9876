"""W2: exporting customers to xlsx, 11 columns, as the actor may see them.

``python -m benchmarks.w2_export --rows 100000 --db sqlite,postgres --repeat 3 [--peer]``

Floor: the bare query, each row as plain XML, deflate level 1. Peer (``--peer``): openpyxl write-only.

2026-11-22, 2 cores, 24 GiB, medians of 2, one run: SQLite floor 1.44 s, product 2.85 s, ratio 1.99, 6.3 x openpyxl;
PostgreSQL floor 1.50 s, product 2.01 s, ratio 1.34, 7.3 x openpyxl. The goals are 1.5 and 8.
Since instants of SQLite are read and written in one step each, the ratio of processor times on SQLite is 1.85 where it
was 2.00 (20,000 rows, medians of six, in turn, busy machine). Customers of one import share one instant, and so do
these: the file's number for it is made once.
"""

import argparse
import io
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from openpyxl import Workbook
from python_calamine import CalamineWorkbook
from sqlalchemy import Engine

from benchmarks.stage import fresh_database, say, side_by_side
from benchmarks.w1_import import FLOOR_COLUMNS, made_up_customers
from core.access import command_line
from core.clock import now
from core.database.bulk import insert_rows
from core.database.sessions import reading, unit_of_work
from core.queries.finding import read_query, stream_rows
from importers.exporting import write_rows
from models.customers import Customer
from resources.customers import CUSTOMERS

COLUMNS = ("code", "name", "stage", "contact", "phone", "uscc", "region", "address", "source", "tags", "created_at")


def main() -> None:
    parser = argparse.ArgumentParser(description="W2: export")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--db", default="sqlite,postgres")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--peer", action="store_true")
    options = parser.parse_args()
    for kind in options.db.split(","):
        _measure(kind, options.rows, options.repeat, peer=options.peer)


def _measure(kind: str, count: int, repeat: int, *, peer: bool) -> None:
    with fresh_database(kind) as (engine, _folder):
        fill_customers(count)
        written = io.BytesIO()

        def product() -> None:
            written.seek(0)
            written.truncate()
            with reading(command_line()) as session:
                query = read_query(CUSTOMERS, command_line(), [("fields", ",".join(COLUMNS)), ("sort", "code")])
                fields = [CUSTOMERS.field(name) for name in query.fields]
                found = (row for some in stream_rows(session, query) for row in some)
                assert write_rows(written, "xlsx", CUSTOMERS, fields, found) == count

        works = {"floor": lambda: _floor(engine), "product": product}
        if peer:
            works["openpyxl"] = lambda: openpyxl(engine)
        times = side_by_side(repeat, **works)
        back = CalamineWorkbook.from_filelike(io.BytesIO(written.getvalue())).get_sheet_by_index(0)
        assert len(back.to_python()) == count + 1
        beside = f"  {times['openpyxl'] / times['product']:.1f} x openpyxl write-only" if peer else ""
        ratio = times["product"] / times["floor"]
        say(
            f"W2 {kind:<9} {count:>8,} rows  floor {times['floor']:.2f} s  product {times['product']:.2f} s  "
            f"ratio {ratio:.2f}{beside}"
        )


def fill_customers(count: int) -> None:
    instant = now()
    with unit_of_work(command_line()) as session:
        made = [(f"K{i:07}", *row[1:10], "", 1, instant, instant) for i, row in enumerate(made_up_customers(count))]
        insert_rows(session, Customer, FLOOR_COLUMNS, made)


def _stored_rows(engine: Engine) -> Iterator[Any]:
    with engine.connect() as connection:
        statement = f"SELECT {', '.join(COLUMNS)} FROM customers ORDER BY code"  # noqa: S608  (our own names)
        yield from connection.execution_options(stream_results=True).exec_driver_sql(statement)


def _floor(engine: Engine) -> None:
    with (
        zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("s", "w") as part,
    ):
        batch: list[str] = []
        for row in _stored_rows(engine):
            cells = "".join(f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>' for value in row)
            batch.append(f"<row>{cells}</row>")
            if len(batch) == 2_000:
                part.write("".join(batch).encode())
                batch = []
        part.write("".join(batch).encode())


def openpyxl(engine: Engine) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in _stored_rows(engine):
        sheet.append([str(value) for value in row])
    book.save(io.BytesIO())


if __name__ == "__main__":
    main()
