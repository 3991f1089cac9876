"""Two units of work statement by statement, in any chosen order: races that happen when they are wanted.

Each step runs in a thread of its own that stops before every statement and before the commit. A schedule says whose
turn it is. Who waits for a lock of the other cannot take its turn, so the other goes on until it is free.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import combinations
from typing import Any

from sqlalchemy import Engine, event, text

TURNS = 5  # of each step before both run freely: 252 schedules
LOOK_S = 0.002
BLOCKED_S = 0.03
END_S_MAX = 60.0
WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted"
    " AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
)

Schedule = tuple[int, ...]


def all_schedules() -> list[Schedule]:
    """Return every order in which two steps can take ``TURNS`` turns each."""
    places = range(2 * TURNS)
    return [tuple(int(place not in first) for place in places) for first in map(set, combinations(places, TURNS))]


def some_schedules(count: int, seed: int) -> list[Schedule]:
    """Return ``count`` of them, the same for the same seed."""
    return random.Random(seed).sample(all_schedules(), count)


class Runner(threading.Thread):
    """One step that moves only when it is let; afterwards ``result`` or ``error`` is set."""

    def __init__(self, step: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.step = step
        self.result: Any = None
        self.error: Exception | None = None
        self.is_free = False
        self.is_over = False
        self._may_go = threading.Semaphore(0)
        self._stopped = threading.Event()

    def run(self) -> None:
        """Run the step, with its gates in this thread."""
        _gates.runner = self
        try:
            self.result = self.step()
        except Exception as error:
            self.error = error
        finally:
            self.is_over = True
            self._stopped.set()

    def gate(self) -> None:
        """Stop until it is this step's turn."""
        if not self.is_free:
            self._stopped.set()
            self._may_go.acquire()

    def is_at_gate(self) -> bool:
        """Return whether it has stopped before a statement, or ended."""
        return self._stopped.is_set()

    def go(self, is_blocked: Callable[[], bool]) -> bool:
        """Let it take one turn; return whether it came to its next stop (or its end) and does not wait for a lock."""
        if self.is_over:
            return True
        if self._stopped.is_set():
            self._stopped.clear()
            self._may_go.release()
        deadline = time.monotonic() + END_S_MAX
        while not self._stopped.wait(LOOK_S):
            if is_blocked():
                return False
            assert time.monotonic() < deadline, "neither at its next statement nor waiting for a lock"
        return True

    def release(self) -> None:
        """Let it run to its end."""
        self.is_free = True
        self._may_go.release()


_gates = threading.local()


def interleave(engine: Engine, schedule: Schedule, *steps: Callable[[], Any]) -> list[Runner]:
    """Run two steps by a schedule and return how they ended."""
    with _gated(engine), _lock_watch(engine) as watch:
        runners = [Runner(step) for step in steps]
        for runner in runners:
            runner.start()
            runner._stopped.wait(END_S_MAX)
        for turn in schedule:
            first, second = runners[turn], runners[1 - turn]
            if not first.go(watch(first, second)):
                second.go(watch(second, first))
        for runner in runners:
            runner.release()
        for runner in runners:
            runner.join(END_S_MAX)
            assert not runner.is_alive(), "both wait for each other"
    return runners


@contextmanager
def _lock_watch(engine: Engine) -> Iterator[Callable[[Runner, Runner], Callable[[], bool]]]:
    """Give, for the runner whose turn it is and the other one, the function that says whether it waits for a lock.

    PostgreSQL knows. Of SQLite a runner is taken to wait that shows no sign of life for ``BLOCKED_S`` (on a busy
    machine the schedule is then another one), and from then on until the other has ended.
    """
    if engine.dialect.name == "sqlite":
        yield lambda own, other: partial(
            _is_past, time.monotonic() + (BLOCKED_S if own.is_at_gate() or other.is_over else 0)
        )
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:

        def waits(other: Runner) -> bool:
            return bool(connection.execute(WAITING).scalar_one() > (not other.is_at_gate()))

        yield lambda _own, other: partial(waits, other)


def _is_past(deadline: float) -> bool:
    return time.monotonic() > deadline


@contextmanager
def _gated(engine: Engine) -> Iterator[None]:
    def before_statement(*_: Any) -> None:
        _gate()

    def before_commit(_: Any) -> None:
        _gate()

    event.listen(engine, "before_cursor_execute", before_statement)
    event.listen(engine, "commit", before_commit)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", before_statement)
        event.remove(engine, "commit", before_commit)


def _gate() -> None:
    runner = getattr(_gates, "runner", None)
    if runner is not None:
        runner.gate()
