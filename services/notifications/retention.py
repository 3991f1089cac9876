"""Purging notifications that nobody needs any more."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from core.clock import now
from models.notifications import Notification, NotificationDelivery

READ_KEPT = timedelta(days=90)
"""How long a notification is kept once it was read."""
UNREAD_KEPT = timedelta(days=365)
_SEE: dict[str, Any] = {"see_all": "what is old is dropped, whoever was to read it", "synchronize_session": False}


def purge_old_notifications(session: Session) -> int:
    """Delete notifications read 90 days ago, and those nobody read within a year; return how many."""
    old = or_(Notification.read_at < now() - READ_KEPT, Notification.created_at < now() - UNREAD_KEPT)
    ids = select(Notification.id).where(old)
    of_old = delete(NotificationDelivery).where(NotificationDelivery.notification_id.in_(ids))
    session.execute(of_old, execution_options=_SEE)
    result: Any = session.execute(delete(Notification).where(old), execution_options=_SEE)
    return int(result.rowcount)
