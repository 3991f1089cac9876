"""How long an order that is placed during an import or a check waits, and the memory an import holds.

``python -m benchmarks.w_import_locks --db sqlite,postgres --rows 60000 [--only "order lines,partners"]``

Somebody places and submits orders all the time; the longest wait of one of them is the figure. Memory is that of both
processes together. Each case has a new database, but one process, so only the first case of a run tells its own memory.

2026-11-30, 2 cores, SQLite, one round each; other work beside it, more in the second and third column than in the first
(before slices of whole orders, copies for checks and rows set aside on disk → after):

=======================  =======================  ==========================  =======================
case                     60,000 rows before       60,000 rows after           more rows after
=======================  =======================  ==========================  =======================
good rows                0.15 s                   0.25 s                      100,000: 0.34 s
all or nothing           0.77 s                   1.70 s                      100,000: 2.01 s
check of order lines     1.72 s                   0.48 s                      240,000: 0.57 s
order lines              1.73 s                   0.50 s                      240,000: 2.49 s
check of partners        2.02 s                   0.28 s
partners                 2.21 s                   3.80 s
=======================  =======================  ==========================  =======================

"All or nothing" with 300,000 rows, which is refused now, made others wait 6.1 s and held 465 MiB (good rows: 236);
100,000 rows hold 198 MiB now, as good rows do (204). The saving of partners is as it was.
"""

import argparse
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.stage import fresh_database, peak_mib, say
from benchmarks.w3_orders import LINES, PARTNERS, clerk, fill_partners_and_products, skus
from core.access import command_line
from core.database.sessions import transact
from importers.runs.batches import import_file
from importers.runs.runner import Source, preview_import
from models.imports import ALL_OR_NOTHING, GOOD_ROWS
from resources.customers import CUSTOMERS
from resources.orders import ORDER_LINES
from resources.partners import PARTNERS as PARTNER_ROWS
from services.orders.drafts import OrderDraft
from services.orders.lifecycle import place_order
from services.orders.pricing import LineDraft

BETWEEN_S = 0.02  # between two orders of the one who places them


def main() -> None:
    parser = argparse.ArgumentParser(description="Waiting for an import")
    parser.add_argument("--db", default="sqlite,postgres")
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--only", default="", help="names of the cases to measure, separated by commas")
    options = parser.parse_args()
    for kind in options.db.split(","):
        for name, case in CASES.items():
            if not options.only or name in options.only.split(","):
                with fresh_database(kind) as (_engine, folder):
                    fill_partners_and_products()
                    _measure(kind, name, options.rows, case(folder, options.rows))


def _measure(kind: str, name: str, count: int, work: Callable[[], object]) -> None:
    done, waits = threading.Event(), [0.0]

    def place_orders() -> None:
        chance = random.Random(7)
        while not done.wait(BETWEEN_S):
            draft = OrderDraft(lines=tuple(LineDraft(sku, chance.randint(1, 20)) for sku in skus(chance)))
            actor = clerk(chance.randint(1, PARTNERS))
            began = time.perf_counter()
            transact(actor, lambda session: place_order(session, draft, submit=True))  # noqa: B023  (run at once)
            waits.append(time.perf_counter() - began)

    other = threading.Thread(target=place_orders)
    other.start()
    began = time.perf_counter()
    try:
        held = peak_mib(work)
    finally:
        took = time.perf_counter() - began
        done.set()
        other.join()
    say(
        f"{kind:<9} {name:<22} {count:>8,} rows  {took:6.1f} s  peak {held:4.0f} MiB  "
        f"longest wait of an order {max(waits):5.2f} s, of {len(waits) - 1:,} orders"
    )


def customers(folder: Path, count: int, mode: str) -> Callable[[], object]:
    file = folder / "customers.csv"
    with file.open("w") as target:
        target.write("code,name,contact,phone,address,stage,remark\n")
        target.writelines(
            f"C{n:07},客户{n}有限公司,联系人{n % 997},138{n:08},南京西路 {n} 号,lead,备注 {n % 11}\n"
            for n in range(count)
        )
    source = Source(path=file, name=file.name, kind="csv")
    return lambda: import_file(CUSTOMERS, source, command_line(), sha256="0", mode=mode)


def order_lines(folder: Path, count: int) -> Source:
    file, chance = folder / "orders.csv", random.Random(7)
    with file.open("w") as target:
        target.write("number,buyer,sku,quantity\n")
        for order in range(count // LINES):
            target.writelines(f"A-{order},B{order % PARTNERS + 1},{sku},2\n" for sku in skus(chance))
    return Source(path=file, name=file.name, kind="csv")


def partners(folder: Path, count: int) -> Source:
    file = folder / "partners.csv"
    with file.open("w") as target:
        target.write("code,name,tier,upstream\n")
        target.writelines(f"D{n},门店{n},store,B{n % PARTNERS + 1}\n" for n in range(count))
    return Source(path=file, name=file.name, kind="csv")


def _check(resource, source: Source) -> Callable[[], object]:  # type: ignore[no-untyped-def]
    return lambda: preview_import(resource, source, command_line(), note=lambda *_: None)


def apply(resource, source: Source) -> Callable[[], object]:  # type: ignore[no-untyped-def]
    return lambda: import_file(resource, source, command_line(), sha256="0")


CASES: dict[str, Callable[[Path, int], Callable[[], object]]] = {
    "good rows": lambda folder, count: customers(folder, count, GOOD_ROWS),
    "all or nothing": lambda folder, count: customers(folder, count, ALL_OR_NOTHING),
    "check of order lines": lambda folder, count: _check(ORDER_LINES, order_lines(folder, count)),
    "order lines": lambda folder, count: apply(ORDER_LINES, order_lines(folder, count)),
    "check of partners": lambda folder, count: _check(PARTNER_ROWS, partners(folder, count)),
    "partners": lambda folder, count: apply(PARTNER_ROWS, partners(folder, count)),
}

if __name__ == "__main__":
    main()
