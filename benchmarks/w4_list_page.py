"""W4: a page of a list, from the address to JSON, whatever the filter, the order and the depth.

``python -m benchmarks.w4_list_page --rows 1000000 --db sqlite,postgres [--requests 200]``

Orders of one brand, 50 rows to a page: five filters, four orders, depth from the first page to the last, by offset as
the grid asks. Floor: 50 rows by their numbers, bare driver and JSON. Peer: what an administration page generated from
models does: an exact count, then OFFSET through the ORM. Every page is compared with the peer's before anything is
measured.

Measured 2026-11-22, 2 cores, shared machine, 1,000,000 rows on SQLite, processor time p50 / p95: before statements were
kept, with them, and since filters by a reference are kept too and long lists are walked through once (200 requests,
load 6; the steps were 2,000 rows then):

            first page              last pages              any depth
before      6.1 / 14.6 ms           7.2 / 18.0 ms           18.3 / 521 ms
kept        3.8 / 19.2 ms           6.0 / 19.3 ms           19.1 / 650 ms
walked      3.0 / 10.6 ms           2.1 / 12.3 ms           3.1 / 21.9 ms

The first jump far into a filtered list walks through it: 130 to 200 ms of processor time in that run, once a minute for
each list and order. PostgreSQL, 1,000,000 rows, load 6, 100 requests, waiting included, floor 1.8 ms: first page 4.9 /
10.7 ms, last pages 3.2 / 21.7 ms, any depth 6.2 / 62 ms (orders by number were not walked yet in that run). Under load
each step of the walk waits for the server.
"""

import argparse
import random
import statistics
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import joinedload

from benchmarks.stage import fresh_database, say, seconds
from core.access import Actor, command_line
from core.clock import now
from core.database.bulk import insert_rows
from core.database.paths import segment
from core.database.sessions import reading, unit_of_work
from core.permissions import Role
from core.queries.finding import find_page, read_query
from models.orders import Order
from models.partners.partners import Partner
from resources.orders import ORDERS

PARTNERS = 2_000
PAGE = 50
STAFF = Actor("wei@example.com", Role.SALES, "wei@example.com")
FILTERS: list[tuple[str, list[tuple[str, str]], Any]] = [
    ("everything", [], None),
    ("submitted", [("status", "submitted")], Order.status == "submitted"),
    ("two statuses", [("status", "submitted,approved")], Order.status.in_(["submitted", "approved"])),
    ("one buyer", [("buyer__in", "B7")], Order.buyer_id == 7),
    ("large", [("total", "90000..")], Order.total_cents >= 90_000_00),
]
SORTS = [
    ("-placed_at", Order.created_at.desc()),
    ("placed_at", Order.created_at.asc()),
    ("-number", Order.number.desc()),
    ("number", Order.number.asc()),
]
STATUSES = ("draft", "submitted", "approved", "rejected", "shipped", "shipped", "shipped", "shipped")
COLUMNS = (
    "number", "buyer_id", "path", "status", "total_cents", "tax_cents", "content_sha256", "placed_by",
    "version", "created_at", "updated_at",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="W4: list page")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--db", default="sqlite,postgres")
    parser.add_argument("--requests", type=int, default=200)
    options = parser.parse_args()
    for kind in options.db.split(","):
        _measure(kind, options.rows, options.requests)


def _measure(kind: str, rows: int, requests: int) -> None:
    with fresh_database(kind) as (engine, _folder):
        _fill(rows)
        analyze(engine)
        _compare(rows)
        chance = random.Random(4)
        queries = [(chance.choice(FILTERS), chance.choice(SORTS), chance.random() ** 3) for _ in range(requests)]
        sizes = {name: size_of(condition) for name, _, condition in FILTERS}
        for title, depth in (("first", 0.0), ("deep", 1.0), ("any", None)):
            took: dict[str, list[float]] = {"floor": [], "product": [], "peer": []}
            for (name, pairs, condition), (sort, order), share in queries[
                : max(20, requests if depth is None else requests // 4)
            ]:
                offset = int((sizes[name] - PAGE) * (share if depth is None else depth)) // PAGE * PAGE
                took["floor"].append(seconds(partial(read_floor, engine, chance.randrange(rows - PAGE))))
                took["product"].append(seconds(partial(_product, pairs, sort, max(0, offset))))
                if len(took["peer"]) < 20:
                    took["peer"].append(seconds(partial(_peer, condition, order, max(0, offset))))
            _report(kind, rows, title, took)


def _report(kind: str, rows: int, title: str, took: dict[str, list[float]]) -> None:
    p50 = {name: statistics.median(times) * 1000 for name, times in took.items()}
    p95 = sorted(took["product"])[int(len(took["product"]) * 0.95)] * 1000
    say(
        f"W4 {kind:<9} {rows:>9,} rows  {title:<6} floor {p50['floor']:6.2f} ms  product p50 {p50['product']:7.2f} "
        f"p95 {p95:7.2f} ms  peer {p50['peer']:8.1f} ms = {p50['peer'] / p50['product']:6.1f} x"
    )


def _product(pairs: list[tuple[str, str]], sort: str, offset: int) -> bytes:
    stated = [*pairs, ("sort", sort), ("offset", str(offset)), ("limit", str(PAGE)), ("sums", "0")]
    with reading(STAFF) as session:
        page = find_page(session, read_query(ORDERS, STAFF, stated, from_address=True))
    return orjson.dumps({"rows": page.rows, "total": page.total, "total_is_exact": page.total_is_exact})


def _peer(condition: Any, order: Any, offset: int) -> bytes:
    wanted = [] if condition is None else [condition]
    with reading(STAFF) as session:
        session.scalar(select(func.count()).select_from(Order))
        total = session.scalar(select(func.count()).select_from(Order).where(*wanted))
        second = Order.id.desc() if "DESC" in str(order) else Order.id.asc()
        page = select(Order).options(joinedload(Order.buyer)).where(*wanted).order_by(order, second)
        rows = [
            {"number": o.number, "buyer": o.buyer.code, "status": o.status, "total": o.total_cents, "at": o.created_at}
            for o in session.scalars(page.offset(offset).limit(PAGE))
        ]
    return orjson.dumps({"rows": rows, "total": total})


def read_floor(engine: Engine, first: int) -> bytes:
    with engine.connect() as connection:
        statement = "SELECT * FROM orders WHERE id BETWEEN %d AND %d" % (first + 1, first + PAGE)  # noqa: S608, UP031
        rows = [[str(value) for value in row] for row in connection.exec_driver_sql(statement)]
    assert len(rows) == PAGE
    return orjson.dumps(rows)


def _compare(rows: int) -> None:
    """See that product and peer answer the same before either is measured."""
    for name, pairs, condition in FILTERS:
        for sort, order in SORTS:
            for offset in (0, 5_000, rows // 2):
                own = [row["number"] for row in orjson.loads(_product(pairs, sort, offset))["rows"]]
                other = [row["number"] for row in orjson.loads(_peer(condition, order, offset))["rows"]]
                assert own == other, (name, sort, offset)


def size_of(condition: Any) -> int:
    with reading(STAFF) as session:
        return (
            session.scalar(select(func.count()).select_from(Order).where(*([] if condition is None else [condition])))
            or 0
        )


def _fill(rows: int) -> None:
    chance = random.Random(2026)
    at = now()
    with unit_of_work(command_line()) as session:
        partners = [
            (n, f"B{n}", f"Partner {n}", "master_agent", segment(n), "active", at.date(), 1, at, at)
            for n in range(1, PARTNERS + 1)
        ]
        names = ("id", "code", "name", "tier", "path", "status", "valid_from", "version", "created_at", "updated_at")
        insert_rows(session, Partner, names, partners)
    for start in range(0, rows, 50_000):
        made = []
        for n in range(start, min(start + 50_000, rows)):
            buyer, total = 1 + int(PARTNERS * chance.random() ** 2), chance.randrange(100_000_00)
            placed = at - timedelta(seconds=(rows - n) * 7)
            made.append(
                (
                    f"SO-{n:08}",
                    buyer,
                    segment(buyer),
                    chance.choice(STATUSES),
                    total,
                    total // 9,
                    "0" * 64,
                    "x",
                    1,
                    placed,
                    placed,
                )
            )
        with unit_of_work(command_line()) as session:
            insert_rows(session, Order, COLUMNS, made)


def analyze(engine: Engine) -> None:
    """Give the planner its statistics, as the database's own housekeeping does; only a table's owner may."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("RESET ROLE")
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.invalidate()  # the next one takes the application's role on again
        else:
            connection.exec_driver_sql("ANALYZE")


if __name__ == "__main__":
    main()
