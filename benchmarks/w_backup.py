"""Backup and restore of many orders with their lines and events, while somebody goes on placing orders.

``python -m benchmarks.w_backup --orders 1000000 --db sqlite,postgres``

Floor of a backup: a copy of the database file, and its compression (zstd, level 3, one thread); for PostgreSQL COPY of
each table to a file, and its compression. Goals: backup at most 2 × the floor, restore at most 3 × the backup, p95 of
orders placed meanwhile at most 1.5 × that in quiet times, at most 200 MiB of memory.

2026-12-01, 2 cores, quiet, 150,000 orders with 450,000 lines and 150,000 events; memory is that of the whole benchmark:

==========  ======  ===============  ======  =======================  ==================================
database    floor   backup           peak    restore into SQLite      p95 of orders, quiet and meanwhile
==========  ======  ===============  ======  =======================  ==================================
SQLite      0.6 s   1.9 s = 3.5 ×    221 MiB  9.2 s = 4.8 × a backup  2.6 and 8.0 ms = 3.1 ×
PostgreSQL  0.8 s   1.6 s = 2.1 ×    329 MiB  9.3 s = 5.7 × a backup  2.8 and 4.5 ms = 1.6 ×
==========  ======  ===============  ======  =======================  ==================================

The goals are not met yet. Rows made up like these compress to a fortieth, which makes the floor low; 400,000 rows a
second are read, packed and written.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import threading
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import zstandard
from sqlalchemy import Engine

from benchmarks.stage import fresh_database, peak_mib, say, seconds
from benchmarks.w3_orders import fill_partners_and_products, order
from core.access import command_line
from core.clock import now
from core.database.bulk import insert_rows
from core.database.paths import segment
from core.database.sessions import unit_of_work
from core.events.log import COLUMNS as EVENT_COLUMNS
from core.events.log import Event
from core.transfer.shapes import table_shapes
from models.orders import Order, OrderLine
from services.backups.backup import make_backup

SLICE = 50_000
LINES = 3
QUIET_S = 5.0
ROOT = Path(__file__).parent.parent
ORDER_COLUMNS = (
    "number", "buyer_id", "path", "status", "total_cents", "tax_cents", "content_sha256", "placed_by", "version",
    "created_at", "updated_at",
)  # fmt: skip
LINE_COLUMNS = (
    "order_id", "line", "path", "product_id", "sku", "name", "quantity", "unit", "units", "unit_price",
    "price_valid_from", "tax_rate_ppm", "total_cents", "tax_cents",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Backup and restore")
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--db", default="sqlite,postgres")
    options = parser.parse_args()
    for kind in options.db.split(","):
        with fresh_database(kind) as (engine, folder):
            fill_partners_and_products()
            _fill(options.orders)
            _measure(kind, options.orders, engine, folder)


def _measure(kind: str, orders: int, engine: Engine, folder: Path) -> None:
    file = folder / "backup.qudao"
    quiet = _placing(lambda: time.sleep(QUIET_S))
    floor = seconds(lambda: _floor(engine, folder))
    took: list[float] = []
    peak = peak_mib(lambda: took.append(seconds(lambda: make_backup(command_line(), file))))
    file.unlink()
    busy = _placing(lambda: make_backup(command_line(), file))
    restore = seconds(lambda: _restore(file, folder / "restored"))
    size = file.stat().st_size / 2**20
    say(
        f"backup {kind:9} {orders:>9,} orders  floor {floor:6.1f} s  backup {took[0]:6.1f} s = {took[0] / floor:.2f} ×"
        f"  {size:.0f} MiB  peak {peak:.0f} MiB  restore into SQLite {restore:6.1f} s = {restore / took[0]:.2f} ×"
    )
    say(f"backup {kind:9} orders meanwhile p95 {busy:.1f} ms, quiet {quiet:.1f} ms = {busy / quiet:.2f} ×")


def _restore(file: Path, folder: Path) -> None:
    environment = os.environ | {"QUDAO_DATA_DIR": str(folder), "QUDAO_DATABASE_URL": "", "QUDAO_SECRET": "x" * 40}
    command = [sys.executable, "app.py", "restore", str(file)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)  # noqa: S603  (our own words)


def _placing(work: Any) -> float:
    """Return the p95 in milliseconds of orders placed by one client during ``work``."""
    taken: list[float] = []
    stop = threading.Event()

    def place() -> None:
        chance = random.Random(7)
        while not stop.is_set():
            taken.append(seconds(lambda: order(chance)))

    client = threading.Thread(target=place)
    client.start()
    try:
        work()
    finally:
        stop.set()
        client.join()
    return statistics.quantiles(taken, n=20)[18] * 1000


def _floor(engine: Engine, folder: Path) -> None:
    raw = folder / "raw"
    if engine.url.database is not None and engine.dialect.name == "sqlite":
        shutil.copyfile(engine.url.database, raw)
    else:
        driver: Any = engine.raw_connection().driver_connection
        with raw.open("wb") as file, driver.cursor() as cursor:
            for table in table_shapes():
                with cursor.copy(f'COPY "{table.name}" TO STDOUT') as copy:
                    for block in copy:
                        file.write(block)
        driver.rollback()
    with raw.open("rb") as source, (folder / "packed").open("wb") as target:
        zstandard.ZstdCompressor(level=3).copy_stream(source, target)
    raw.unlink()
    (folder / "packed").unlink()


def _fill(orders: int) -> None:
    chance = random.Random(3)
    began = now() - timedelta(days=500)
    for first in range(1, orders + 1, SLICE):
        ids = range(first, min(first + SLICE, orders + 1))
        heads: list[tuple[Any, ...]] = []
        lines: list[tuple[Any, ...]] = []
        events: list[tuple[Any, ...]] = []
        for number in ids:
            at = began + timedelta(seconds=number)
            buyer = chance.randint(1, 500)
            key, path, who = f"BENCH-{number:08}", segment(buyer), f"clerk{buyer}@example.com"
            heads.append((key, buyer, path, "shipped", 30_000, 3_451, f"{number:064x}", who, 3, at, at))
            lines += [
                (number, line, path, chance.randint(1, 500), "P001", "Product 1", 10, "unit", 10, 100_0000,
                 date(2026, 1, 1), 130_000, 10_000, 1_150)
                for line in range(1, LINES + 1)
            ]  # fmt: skip
            events.append(
                (at, who, who, "screen", "order.placed", "orders", key, path, {}, {"total": "300.00"}, None, 2, 1, None)
            )
        with unit_of_work(command_line()) as session:
            insert_rows(session, Order, ORDER_COLUMNS, heads)  # numbered from 1 in this order: the base is empty
            insert_rows(session, OrderLine, LINE_COLUMNS, lines)
            insert_rows(session, Event, EVENT_COLUMNS, events)


if __name__ == "__main__":
    main()
