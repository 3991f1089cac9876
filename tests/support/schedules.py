"""Two units of work statement by statement, in any chosen order: races that happen when they are wanted.

Each step runs in a thread of its own that stops before every statement and before the commit. A schedule says whose
turn it is. Who waits for a lock of the other cannot take its turn, so the other goes on until it is free.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from typing import Any

from sqlalchemy import Engine, event

TURNS = 5  # of each step before both run freely: 252 schedules
BLOCKED_S = 0.03  # without a sign of life: waits for a lock (or the machine is busy: then the schedule is another one)
END_S_MAX = 60.0

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
            self.is_free = True
            self._stopped.set()

    def gate(self) -> None:
        """Stop until it is this step's turn."""
        if not self.is_free:
            self._stopped.set()
            self._may_go.acquire()

    def go(self) -> bool:
        """Let it take one turn; return whether it came to its next stop (or its end) and did not have to wait."""
        if not self._stopped.is_set():
            return self._stopped.wait(BLOCKED_S)
        self._stopped.clear()
        self._may_go.release()
        if self.is_free and not self.is_alive():
            self._stopped.set()
        return self._stopped.wait(BLOCKED_S)

    def release(self) -> None:
        """Let it run to its end."""
        self.is_free = True
        self._may_go.release()


_gates = threading.local()


def interleave(engine: Engine, schedule: Schedule, *steps: Callable[[], Any]) -> list[Runner]:
    """Run two steps by a schedule and return how they ended."""
    with _gated(engine):
        runners = [Runner(step) for step in steps]
        for runner in runners:
            runner.start()
            runner._stopped.wait(END_S_MAX)
        for turn in schedule:
            if not runners[turn].go():
                runners[1 - turn].go()
        for runner in runners:
            runner.release()
        for runner in runners:
            runner.join(END_S_MAX)
            assert not runner.is_alive(), "both wait for each other"
    return runners


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
