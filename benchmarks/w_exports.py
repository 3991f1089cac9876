"""One person fetches many exports at once: what another person's page, the probes and the memory see of it.

``python -m benchmarks.w_exports --rows 123000 --exports 45``

A real server process on SQLite. One signed-in person sends all exports at once; meanwhile another opens the list page
and a block of its rows every quarter of a second, and both probes are requested. Printed: how the exports were
answered, the slowest and the 95th percentile of the other's answers, the slowest probe, the most memory the process
held.

2026-11-30, 2 cores, shared machine at load 11, 123,000 rows, p95 / slowest of the other person's answers:

            exports                  page               rows              /healthz         /readyz           memory
before      32 × 200, 13 × 500       22.1 / 43.3 s      11.3 / 61.5 s     2.2 / 60.6 s     2.5 / 73.0 s      1,705 MiB
now         4 × 200, 41 × 429        0.34 / 0.47 s      0.34 / 0.40 s     0.20 / 0.28 s    0.22 / 0.29 s     309 MiB

With nothing beside it: page p95 0.09, slowest 0.19 s; rows 0.06 s; /readyz 0.12 s; memory 161 → 339 MiB.

Alone, at that load, page and rows take 0.20 s. The 45 took 110 s before; now four are there after 12 s. Two exports of
one person side by side instead of one after the other, or the interpreter's usual 5 ms between threads, took the page's
p95 to 0.9 … 6 s.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import psutil

import models  # noqa: F401  (maps every table)
from benchmarks.stage import say
from benchmarks.w2_export import fill_customers
from core.access import command_line
from core.database.sessions import connect, transact, unit_of_work
from core.permissions import Role
from core.schema import versions
from core.settings import settings
from models.accounts.sessions import SessionState
from models.accounts.users import User
from services.accounts.sessions import AUTHENTICATION, Browser, begin_session

ROOT = Path(__file__).parent.parent
PAUSE_S = 0.25
TIMEOUT_S = 180.0


def main() -> None:
    parser = argparse.ArgumentParser(description="exports of one person")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--exports", type=int, default=45)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qudao-bench-") as folder:
        _measure(Path(folder), options.rows, options.exports)


def _measure(folder: Path, rows: int, exports: int) -> None:
    secret, other = _prepare(folder, rows)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {"QUDAO_PORT": str(port), "QUDAO_DATABASE_URL": "", "QUDAO_TOTP_ROLES": ""}
    with subprocess.Popen(
        [sys.executable, "app.py", "serve"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    ) as server:
        try:
            wait_for(address)
            flood(address, server.pid, secret, other, exports)
        finally:
            server.terminate()


def _prepare(folder: Path, rows: int) -> tuple[str, str]:
    """Fill a database and return the session secrets of two people."""
    os.environ["QUDAO_DATA_DIR"] = str(folder)
    settings.cache_clear()
    engine = connect(settings().url)
    versions.migrate(engine)
    fill_customers(rows)
    with unit_of_work(command_line()) as session:
        for name in ("one", "other"):
            email = f"{name}@example.com"
            session.add(User(email=email, name=name, role=Role.ADMINISTRATOR, status="active", language="en"))

    def begin(name: str) -> str:
        def work(session):  # type: ignore[no-untyped-def]
            user = session.query(User).execution_options(see_all="a benchmark").filter_by(email=name).one()
            return begin_session(session, user, Browser("127.0.0.1", "benchmark"), SessionState.SIGNED_IN)

        return str(transact(AUTHENTICATION, work))

    secrets = begin("one@example.com"), begin("other@example.com")
    engine.dispose()
    return secrets


def wait_for(address: str) -> None:
    for _try in range(600):
        try:
            httpx.get(f"{address}/login")
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("the server did not answer")


def flood(address: str, pid: int, secret: str, other: str, exports: int) -> None:
    answers: Counter[str] = Counter()
    done = threading.Event()
    times: dict[str, list[float]] = {"page": [], "rows": [], "/healthz": [], "/readyz": []}
    memory = [0]
    process = psutil.Process(pid)
    base = process.memory_info().rss

    def fetch() -> None:
        try:
            answer = client(address, secret).get("/export/customers.xlsx")
            answers[str(answer.status_code)] += 1
        except httpx.HTTPError as error:
            answers[type(error).__name__] += 1

    def repeat(name: str, path: str) -> Callable[[], None]:
        def ask() -> None:
            with client(address, other) as asking:
                while not done.is_set():
                    began = time.perf_counter()
                    try:
                        status = str(asking.get(path).status_code)
                    except httpx.HTTPError as error:
                        status = type(error).__name__
                    if status != "200":
                        answers[f"{name} {status}"] += 1
                    times[name].append(time.perf_counter() - began)
                    done.wait(PAUSE_S)

        return ask

    def watch() -> None:
        while not done.wait(0.05):
            memory[0] = max(memory[0], process.memory_info().rss)

    paths = {"page": "/customers", "rows": "/grid/customers?limit=100", "/healthz": "/healthz", "/readyz": "/readyz"}
    asking = [threading.Thread(target=repeat(name, path)) for name, path in paths.items()]
    asking.append(threading.Thread(target=watch))
    for thread in asking:
        thread.start()
    time.sleep(2)
    alone = {name: max(taken) * 1000 for name, taken in times.items()}
    for taken in times.values():
        taken.clear()
    fetching = [threading.Thread(target=fetch) for _ in range(exports)]
    began = time.perf_counter()
    for thread in fetching:
        thread.start()
    for thread in fetching:
        thread.join()
    took = time.perf_counter() - began
    done.set()
    for thread in asking:
        thread.join()
    say(f"{exports} exports answered in {took:.1f} s: {dict(answers)}")
    for name, taken in times.items():
        inside = sorted(taken)
        p95 = inside[int(len(inside) * 0.95)] * 1000
        say(f"  {name:<9} p95 {p95:7.0f} ms  slowest {inside[-1] * 1000:7.0f} ms  alone {alone[name]:5.0f} ms")
    say(f"  memory {base / 2**20:.0f} → {memory[0] / 2**20:.0f} MiB")


def client(address: str, secret: str) -> httpx.Client:
    return httpx.Client(base_url=address, cookies={"qudao": secret}, timeout=TIMEOUT_S, verify=False)  # noqa: S501  (no TLS on loopback)


if __name__ == "__main__":
    main()
