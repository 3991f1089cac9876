"""Deliveries: which notification is to leave through which channel, each once, and what became of it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import actor_of
from core.permissions import Permission
from models.notifications import DeliveryState, Notification, NotificationDelivery

ATTEMPTS_MAX = 5
DELIVERED_WITHIN = timedelta(days=1)
"""How old a notification may be to be sent at all."""
ERROR_LENGTH_MAX = 1000
_SEE: dict[str, Any] = {"see_all": "the worker delivers what others are told"}


def undelivered(session: Session, channel: str) -> list[int]:
    """Return the numbers of the notifications that are still to leave through a channel, the oldest first.

    One that was read meanwhile needs no other channel.

    Raises:
        NotPermitted: ``access.denied``.
    """
    actor_of(session).require(Permission.SYSTEM_OPERATE)
    begun = select(NotificationDelivery.notification_id).where(
        NotificationDelivery.channel == channel, NotificationDelivery.state != DeliveryState.WAITING.value
    )
    recent = Notification.created_at > now() - DELIVERED_WITHIN
    query = select(Notification.id).where(recent, Notification.read_at.is_(None), Notification.id.not_in(begun))
    return list(session.scalars(query.order_by(Notification.id), execution_options=_SEE))


def begin_delivery(session: Session, notification_id: int, channel: str) -> Notification | None:
    """Note that a notification is handed to a channel; return it, None if that has happened already.

    For ``transact``: of two workers at once one finds the row of the other when it is run again.
    """
    actor_of(session).require(Permission.SYSTEM_OPERATE)
    delivery = _locked_delivery(session, notification_id, channel)
    if delivery is None:
        delivery = NotificationDelivery(notification_id=notification_id, channel=channel, attempts=0)
        session.add(delivery)
    elif delivery.state != DeliveryState.WAITING:
        return None
    delivery.state, delivery.changed_at = DeliveryState.SENDING.value, now()
    delivery.attempts += 1
    session.flush()
    query = select(Notification).where(Notification.id == notification_id)
    return session.scalar(query, execution_options=_SEE)


def end_delivery(
    session: Session, notification_id: int, channel: str, *, error: str = "", is_final: bool = False
) -> DeliveryState:
    """Note what became of a delivery that was begun; return its state.

    Args:
        session: The worker's.
        notification_id: As for ``begin_delivery``. channel: likewise.
        error: Why it was not delivered; "" if it was.
        is_final: Whether it is of no use to try again.
    """
    actor_of(session).require(Permission.SYSTEM_OPERATE)
    delivery = _locked_delivery(session, notification_id, channel)
    if delivery is None:
        return DeliveryState.FAILED  # the notification has been purged
    state = DeliveryState.DELIVERED
    if error:
        state = DeliveryState.FAILED if is_final or delivery.attempts >= ATTEMPTS_MAX else DeliveryState.WAITING
    delivery.state, delivery.changed_at, delivery.error = state.value, now(), error[:ERROR_LENGTH_MAX] or None
    return state


def _locked_delivery(session: Session, notification_id: int, channel: str) -> NotificationDelivery | None:
    query = select(NotificationDelivery).where(
        NotificationDelivery.notification_id == notification_id, NotificationDelivery.channel == channel
    )
    return session.scalar(query.with_for_update(), execution_options=_SEE)
