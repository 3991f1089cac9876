"""How long something waits and when it is late, as people read it: late is always the time past the deadline."""

from datetime import datetime, timedelta

from core.clock import now
from core.i18n import _, ngettext

LATE = timedelta(hours=24)
"""What has no deadline of its own is late after this time."""


def waiting_text(since: datetime, due_at: datetime | None = None) -> tuple[str, bool]:
    """Return how long something waits, or by how much it has passed its deadline, and whether it has.

    Args:
        since: Beginning of the wait. due_at: deadline; None if it has none of its own.
    """
    overdue = now() - (due_at or since + LATE)
    if overdue > timedelta():
        return _("{time} late", time=span_text(overdue)), True
    return _("waiting {time}", time=span_text(now() - since)), False


def deadline_text(due_at: datetime) -> str:
    """Return how much time is left until a deadline, or by how much it has passed."""
    left = due_at - now()
    return _("{time} left", time=span_text(left)) if left >= timedelta() else _("{time} late", time=span_text(-left))


def span_text(waited: timedelta) -> str:
    """Return a span as people read it, e.g. "5 h"."""
    minutes = int(waited.total_seconds() // 60)
    if minutes < 60:
        return _("{count} min", count=max(minutes, 1))
    if minutes < 48 * 60:
        return _("{count} h", count=minutes // 60)
    return ngettext("{count} day", "{count} days", minutes // (24 * 60))
