"""Concurrency limits for kinds of work in this process: for each caller, and in total.

Work beyond a limit waits its turn; more than may wait is refused at once, so that nobody's requests hold the threads,
database connections and memory that everybody shares. A caller who waits for work of their own is overtaken by others.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.errors import DomainError
from core.i18n import N_

CONNECTIONS_MAX = 32
"""Database connections of this process, as ``core.database.sessions.connect`` opens them."""
EXPORT_THREADS = 2
"""Each keeps the interpreter busy for seconds: more of them end no earlier, and everybody else waits longer."""
WORKBOOK_THREADS = 3
"""Each waits for a child process that reads a file, or makes a workbook of at most 5,000 rows."""
CONNECTIONS_RESERVED = 4
"""For the worker (a job, its heartbeat and its schedule) and for ``/readyz``."""
REQUEST_THREADS = CONNECTIONS_MAX - CONNECTIONS_RESERVED - EXPORT_THREADS - WORKBOOK_THREADS
"""Threads of everything else: who has a thread finds a connection."""


class CallerLimit(DomainError):
    """The caller has reached the limit of concurrent work for one caller.

    Attributes:
        retry_after_s: After how many seconds a repetition makes sense.
    """

    status = 429
    retry_after_s = 5


class CapacityFull(DomainError):
    """The process has reached its limit of concurrent work of this kind.

    Attributes:
        retry_after_s: After how many seconds a repetition makes sense.
    """

    status = 503
    retry_after_s = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one kind of work.

    Attributes:
        running_max, waiting_max: In total.
        caller_running_max, caller_waiting_max: For each caller.
        wait_s_max: How long one waits before the work is refused.
    """

    running_max: int
    waiting_max: int
    caller_running_max: int
    caller_waiting_max: int
    wait_s_max: float


class Capacity:
    """Admission to one kind of work. All methods belong to the event loop.

    Args:
        limits: See there.
        caller_message: English sentence for who has too much in hand, marked with ``N_``.
    """

    def __init__(self, limits: Limits, caller_message: str) -> None:
        self._limits = limits
        self._caller_message = caller_message
        self._running: Counter[str] = Counter()
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def slot(self, caller: str) -> AsyncIterator[None]:
        """Hold one slot for as long as the block runs, after waiting for it.

        Args:
            caller: Who asks: a person, a key or an address.

        Raises:
            CallerLimit: ``capacity.caller``.
            CapacityFull: ``capacity.full``: too many wait, or the wait took ``wait_s_max``.
        """
        if self._has_room(caller):
            self._running[caller] += 1
        else:
            await self._wait(caller)
        try:
            yield
        finally:
            self._leave(caller)

    def _has_room(self, caller: str) -> bool:
        limits = self._limits
        return self._running.total() < limits.running_max and self._running[caller] < limits.caller_running_max

    async def _wait(self, caller: str) -> None:
        limits = self._limits
        in_hand = self._running[caller] + sum(other == caller for other, _turn in self._waiting)
        if in_hand >= limits.caller_running_max + limits.caller_waiting_max:
            raise CallerLimit("capacity.caller", self._caller_message)
        if len(self._waiting) >= limits.waiting_max:
            raise _full()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = (caller, turn)
        self._waiting.append(place)
        try:
            async with asyncio.timeout(limits.wait_s_max):
                await turn
        except BaseException as error:
            if place in self._waiting:
                self._waiting.remove(place)
            else:  # the turn came at the same moment
                self._leave(caller)
            if isinstance(error, TimeoutError):
                raise _full() from error
            raise

    def _leave(self, caller: str) -> None:
        self._running[caller] -= 1
        if not self._running[caller]:
            del self._running[caller]
        for place in list(self._waiting):
            other, turn = place
            if self._has_room(other):
                self._waiting.remove(place)
                self._running[other] += 1
                turn.set_result(None)


def _full() -> CapacityFull:
    return CapacityFull("capacity.full", N_("Too much of this is going on at the moment. Please try again soon."))


EXPORTS = Capacity(
    Limits(
        running_max=EXPORT_THREADS,
        waiting_max=12,
        caller_running_max=1,  # one after the other: others find the second thread free
        caller_waiting_max=3,
        wait_s_max=120,  # what two long lists of others take; browsers wait for longer
    ),
    N_("You are fetching four files already. Wait until one of them is there, then try again."),
)
"""Whole lists as files."""

WORKBOOKS = Capacity(
    Limits(
        running_max=WORKBOOK_THREADS,
        waiting_max=24,  # each takes at most ``inspect_s_max``, most a fraction of a second
        caller_running_max=2,
        caller_waiting_max=4,
        wait_s_max=60,
    ),
    N_("Several files of yours are being read or made already. Wait until one of them is done, then try again."),
)
"""Inspecting uploaded files, templates, workbooks with errors."""

DOWNLOADS = Capacity(
    Limits(running_max=80, waiting_max=0, caller_running_max=6, caller_waiting_max=0, wait_s_max=1),
    N_("You are fetching six files already. Wait until one of them is there, then try again."),
)
"""Files that were made for a download, until the last byte is sent: a slow reader keeps room on the disk."""

UPLOADS = Capacity(
    Limits(running_max=40, waiting_max=0, caller_running_max=3, caller_waiting_max=0, wait_s_max=1),
    N_("You are sending three files already. Wait until one of them has arrived, then try again."),
)
"""Bodies of import files on their way in, each up to ``upload_bytes_max`` on the disk."""

PICTURES = Capacity(
    Limits(
        running_max=40,  # bodies of up to 12 MB on their way in, or waiting to be opened
        waiting_max=200,
        caller_running_max=20,
        caller_waiting_max=60,  # a trade fair behind one address
        wait_s_max=60,
    ),
    N_("Many photos come from your address just now. Wait a moment and try again."),
)
"""Pictures handed in, by person or by address."""

LISTS = Capacity(
    Limits(
        running_max=12,  # so that half of ``REQUEST_THREADS`` stay for everything else
        waiting_max=200,
        caller_running_max=2,  # as many as a list on the screen asks for at once
        caller_waiting_max=6,
        wait_s_max=20,
    ),
    N_("You ask for eight lists at once already. Wait until they are answered, then try again."),
)
"""Requests that only ask for rows: lists on pages and in the API, the search, the stores in view."""
