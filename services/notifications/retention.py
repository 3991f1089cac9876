"""Retention of notifications."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from core.database.retention import Retention
from models.notifications import Notification, NotificationDelivery

_SEE: dict[str, Any] = {"see_all": "old notifications are purged for all readers", "synchronize_session": False}


def _remove(session: Session, ids: Sequence[int]) -> None:
    deliveries = delete(NotificationDelivery).where(NotificationDelivery.notification_id.in_(ids))
    session.execute(deliveries, execution_options=_SEE)
    session.execute(delete(Notification).where(Notification.id.in_(ids)), execution_options=_SEE)


READ = Retention(
    column=Notification.read_at,
    days=90,
    reason="Its reader has read it; the record that it is about stays.",
    remove=_remove,
)
UNREAD = Retention(
    column=Notification.created_at,
    days=365,
    reason="Nobody has read it within a year; the record that it is about stays.",
    conditions=(Notification.read_at.is_(None),),
    remove=_remove,
)
