"""``python -m benchmarks``: every measurement at a size that takes minutes, not hours."""

import runpy
import sys

from benchmarks.stage import say

RUNS = (
    ("w1_import", "--rows", "20000", "--repeat", "3"),
    ("w2_export", "--rows", "20000", "--repeat", "3", "--peer"),
    ("w3_orders", "--clients", "1,8", "--seconds", "3"),
    ("w4_list_page", "--rows", "100000"),
    ("w8_subtree_scope", "--rows", "100000"),
    ("w_import_locks", "--rows", "20000"),
    ("w_store_findings", "--rows", "10000", "--repeat", "3"),
    ("w11_start", "--repeat", "3"),
    ("w_flood", "--seconds", "5", "--rest", "30"),
)


def main() -> None:
    for name, *words in RUNS:
        say(f"— {name} {' '.join(words)}")
        sys.argv = [name, *words]
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")


if __name__ == "__main__":
    main()
