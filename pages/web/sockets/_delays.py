"""Delays of messages of a page: actions that a broken connection held back are not executed afterwards.

A page states with each message when it was sent, by its own clock. The least difference to our clock that was seen is
taken for the way without a delay. A message that took ``DELAY_MS_MAX`` longer is late. A browser's clock may be put
back: then everything seems late, and what comes ``BURST_MS`` after the first late message is believed again (a dead
line delivers what it held back at once).
"""

from dataclasses import dataclass

DELAY_MS_MAX = 4_000
"""People wait so long for an answer before they believe that a tap was lost; a busy server takes less."""
BURST_MS = 2_000


@dataclass(slots=True)
class Delays:
    """Differences between the clock of one page and ours, in milliseconds."""

    least: float | None = None
    late_since: float | None = None

    def is_late(self, sent_ms: float, now_ms: float) -> bool:
        """Return whether a message came late, and learn from it.

        Args:
            sent_ms: By the clock of the browser.
            now_ms: By a clock of ours that never goes back.
        """
        difference = now_ms - sent_ms
        if self.least is None or difference < self.least + DELAY_MS_MAX:
            self.least = difference if self.least is None else min(self.least, difference)
            self.late_since = None
            return False
        if self.late_since is None:
            self.late_since = now_ms
        if now_ms - self.late_since < BURST_MS:
            return True
        self.least, self.late_since = difference, None
        return False
