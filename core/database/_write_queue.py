"""Who writes next: one after the other, in the order in which they came.

SQLite lets one writer in at a time. Whoever finds it taken sleeps and asks again, each time longer, so among many some
wait for seconds while others get in twice. The writers of one process queue up here instead. Other processes are still
met inside SQLite: this is politeness, and nobody's safety depends on it.
"""

import threading
from collections import deque


class WriteQueue:
    """A queue of threads for one thing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Lock] = deque()

    def take(self, wait_s: float) -> bool:
        """Wait for one's turn; return whether it came within ``wait_s`` seconds."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            called = threading.Lock()
            called.acquire()
            self._waiting.append(called)
        if called.acquire(timeout=wait_s):
            return True
        with self._lock:
            if called not in self._waiting:
                return True  # called at the last moment
            self._waiting.remove(called)
            return False

    def pass_on(self) -> None:
        """Let the next one in. Only for whoever has the turn."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
