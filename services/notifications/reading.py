"""Marking notifications as read: each person her own."""

from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import actor_of
from models.notifications import Notification
from services.notifications.queries import NotificationView, views_of


def mark_read(session: Session, notification_id: int) -> NotificationView | None:
    """Mark a notification as read, once; return it as its reader may see it, None if the actor has no such one."""
    row = session.scalar(select(Notification).where(Notification.id == notification_id))
    if row is None:
        return None
    _mark(session, Notification.id == notification_id)
    return views_of(session, [row])[0]


def mark_all_read(session: Session, up_to_id: int) -> int:
    """Mark the actor's notifications as read up to the last one she saw; return how many were not."""
    return _mark(session, Notification.id <= up_to_id)


def _mark(session: Session, condition: ColumnElement[bool]) -> int:
    own = Notification.visible_to(actor_of(session))
    unread = update(Notification).where(own, condition, Notification.read_at.is_(None)).values(read_at=now())
    result: Any = session.execute(unread, execution_options={"synchronize_session": False})
    return int(result.rowcount)
