"""The current time, in one place so that tests can stop it.

Instants are stored in UTC. The business day is the brand's: an order placed at 00:30 in Shanghai belongs to the
new day although UTC still has the old one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

BRAND_ZONE = ZoneInfo("Asia/Shanghai")

_stopped: list[datetime] = []  # shared by all threads, unlike a context variable: a test stops the whole process


def now() -> datetime:
    """Return the current instant in UTC."""
    return _stopped[-1] if _stopped else datetime.now(UTC)


def today() -> date:
    """Return the current business day of the brand."""
    return day_of(now())


def day_of(instant: datetime) -> date:
    """Return the business day of the brand that ``instant`` belongs to."""
    return instant.astimezone(BRAND_ZONE).date()


@contextmanager
def freeze(instant: datetime) -> Iterator[None]:
    """Stop the clock at ``instant`` (with zone) inside the block; for tests."""
    _stopped.append(instant.astimezone(UTC))
    try:
        yield
    finally:
        _stopped.pop()
