"""Token bucket: how much one source may do in a second, with a reserve for what comes in bursts."""

import time


class TokenBucket:
    """A bucket that fills at a steady rate up to its size; what is done takes tokens out of it.

    Args:
        per_second: Tokens added in a second.
        burst: Size of the bucket in tokens; it is full at first.
    """

    __slots__ = ("_at", "_burst", "_per_second", "_tokens")

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second, self._burst = per_second, burst
        self._tokens, self._at = burst, time.monotonic()

    def take(self, tokens: float = 1.0) -> bool:
        """Take tokens; return False, and take none, if there are too few."""
        at = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (at - self._at) * self._per_second)
        self._at = at
        if self._tokens < tokens:
            return False
        self._tokens -= tokens
        return True
