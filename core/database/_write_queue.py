"""A first-in, first-out queue of the writers of one process.

SQLite admits one writer at a time. Its busy handler sleeps longer after each attempt, so under load some writers wait
for seconds while others get in twice. The queue only makes waiting fair: SQLite's own lock still keeps writers apart,
also those of other processes.
"""

import threading
from collections import deque


class WriteQueue:
    """A queue of threads that want to write to one database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Lock] = deque()

    def acquire(self, wait_s: float) -> bool:
        """Wait at most ``wait_s`` seconds to become the writer; return whether that succeeded."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        if ticket.acquire(timeout=wait_s):
            return True
        with self._lock:
            if ticket not in self._waiting:
                return True  # released at the last moment
            self._waiting.remove(ticket)
            return False

    def release(self) -> None:
        """Admit the next thread. Only the thread that acquired the queue may call this."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
