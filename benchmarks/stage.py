"""What benchmarks share: a fresh database of either kind, made-up rows, and times taken side by side."""

import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from sqlalchemy import Engine

import models  # noqa: F401  (maps every table)
from core.database.sessions import connect
from core.schema import versions
from core.settings import settings
from tests.support.postgres import empty_postgres_url

LOOK_S = 0.02  # between two samples of the memory in use


@contextmanager
def fresh_database(kind: str) -> Iterator[tuple[Engine, Path]]:
    """Give an empty, migrated database and a folder to work in; both are gone afterwards.

    Args:
        kind: "sqlite" or "postgres". PostgreSQL is the one tests use: fsync off unless
            ``QUDAO_TEST_DATABASE_URL`` names another.
    """
    folder = Path(tempfile.mkdtemp(prefix="qudao-bench-"))
    os.environ["QUDAO_DATA_DIR"] = str(folder)
    settings.cache_clear()
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'bench.db'}"
    else:
        url = empty_postgres_url("bench").replace("postgresql://", "postgresql+psycopg://", 1)
    engine = connect(url)
    versions.migrate(engine)
    engine.dispose()
    try:
        yield engine, folder
    finally:
        engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def side_by_side(repeat: int, **works: Callable[[], object]) -> dict[str, float]:
    """Return the median seconds of each work, all of them run in turn ``repeat`` times."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeat):
        for name, work in works.items():
            taken[name].append(seconds(work))
    return {name: statistics.median(times) for name, times in taken.items()}


def peak_mib(work: Callable[[], object]) -> float:
    """Return the most memory in MiB that this process and its children held together during ``work``."""
    own, peak, done = psutil.Process(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(LOOK_S):
            held = own.memory_info().rss
            for child in own.children(recursive=True):
                with suppress(psutil.Error):  # it has just ended
                    held += child.memory_info().rss
            peak[0] = max(peak[0], held)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return peak[0] / 2**20


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
