"""How long something waits, as people read it."""

from datetime import datetime, timedelta

from core.clock import now
from core.i18n import _, ngettext

LATE = timedelta(hours=24)
"""What has no deadline of its own is late after this time."""


def waiting_text(since: datetime) -> tuple[str, bool]:
    """Return how long something waits, as people read it, and whether that is too long."""
    waited = now() - since
    if waited > LATE:
        return _("{time} late", time=span_text(waited - LATE)), True
    return _("waiting {time}", time=span_text(waited)), False


def span_text(waited: timedelta) -> str:
    """Return a span as people read it, e.g. "5 h"."""
    minutes = int(waited.total_seconds() // 60)
    if minutes < 60:
        return _("{count} min", count=max(minutes, 1))
    if minutes < 48 * 60:
        return _("{count} h", count=minutes // 60)
    return ngettext("{count} day", "{count} days", minutes // (24 * 60))
