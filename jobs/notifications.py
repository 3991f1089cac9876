"""Handing notifications to the channels by which they leave the product."""

from core.access import Actor
from core.database.sessions import reading, transact
from core.errors import Conflict
from core.i18n import N_, use_language
from core.jobs.queueing import OwnerRefused, job
from core.jobs.rows import Lane
from core.jobs.worker import JobRun
from core.permissions import Permission
from models.notifications import DeliveryState, Notification
from services.jobs.owners import actor_of_person
from services.notifications.channels import Channel, DeliveryRefused, Message, registered_channels
from services.notifications.deliveries import begin_delivery, end_delivery, undelivered
from services.notifications.queries import views_of


@job(
    "notifications.deliver",
    label=N_("Sending notifications"),
    needs=Permission.SYSTEM_OPERATE,
    lane=Lane.DELIVERY,
    keep_days=30,
)
def deliver_notifications(run: JobRun) -> None:
    """Hand over what has not left yet. Safe to repeat: what was handed over once is not again.

    Raises:
        Conflict: ``notifications.not_delivered``: a channel refused some; the job is tried again.
    """
    states = []
    for channel in registered_channels():
        with reading(run.actor) as session:
            waiting = undelivered(session, channel.name)
        states += [_deliver(run.actor, channel, notification_id) for notification_id in waiting]
    if DeliveryState.WAITING in states:
        raise Conflict("notifications.not_delivered", N_("Some notifications could not be sent yet."))


def _deliver(actor: Actor, channel: Channel, notification_id: int) -> DeliveryState | None:
    """Hand one notification to a channel; return what became of it, None if somebody else does that."""
    row = transact(actor, lambda session: begin_delivery(session, notification_id, channel.name))
    if row is None:
        return None
    error, is_final = "", False
    try:
        channel.deliver(_message(actor, row))
    except OwnerRefused as refused:
        error, is_final = refused.text, True
    except DeliveryRefused as refused:
        error = str(refused) or type(refused).__name__
    return transact(actor, lambda session: end_delivery(session, row.id, channel.name, error=error, is_final=is_final))


def _message(actor: Actor, row: Notification) -> Message:
    """Return a notification as its reader may see it now. Raises ``OwnerRefused`` if the reader may not come in."""
    with reading(actor) as session:
        reader = actor_of_person(session, row.person)
    with use_language(reader.language), reading(reader) as session:
        return Message(row.person, views_of(session, [row])[0])
