"""W11: from ``python app.py serve`` (warm: installed and migrated) to the first page in a browser's hands.

``python -m benchmarks.w11_start --repeat 5``

Floor: a process that imports NiceGUI, SQLAlchemy and pandas, and nothing of ours. Goal: at most 3 s.

2026-11-22, 2 cores, 24 GiB, median of 3: imports alone 1.62 s, first page 2.47 s, ratio 1.53. The goal is met.
2026-12-01, the same machine, quiet: imports alone 0.86 to 0.92 s, first page 1.68 to 1.72 s, ratio 1.87 to 1.96.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.stage import say, seconds

ROOT = Path(__file__).parent.parent
WAIT_S_MAX = 60.0
IMPORTS = "import nicegui, sqlalchemy, pandas"


def main() -> None:
    parser = argparse.ArgumentParser(description="W11: start")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qudao-bench-") as folder:
        start(folder)  # makes the database and every .pyc
        floor = statistics.median(seconds(bare) for _ in range(options.repeat))
        product = statistics.median(start(folder) for _ in range(options.repeat))
    say(f"W11 start  imports alone {floor:.2f} s  first page {product:.2f} s  ratio {product / floor:.2f}")


def bare() -> None:
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)  # noqa: S603  (our own words)


def start(folder: str) -> float:
    """Return the seconds until /login answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"QUDAO_DATA_DIR": folder, "QUDAO_PORT": str(port), "QUDAO_DATABASE_URL": ""}
    began = time.perf_counter()
    command = [sys.executable, "app.py", "serve"]
    with subprocess.Popen(  # noqa: S603  (our own words)
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            while time.perf_counter() - began < WAIT_S_MAX:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/login") as answer:
                        assert answer.status == 200
                        return time.perf_counter() - began
                except urllib.error.URLError:
                    time.sleep(0.02)
            raise TimeoutError("the server did not answer")
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
