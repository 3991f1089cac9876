"""Telling those behind an order what was decided about it."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from core.database.operations import Operation
from core.database.sessions import actor_of
from models.approvals import Decision
from services.free_texts import Note
from services.notifications.kinds import ORDER_APPROVED, ORDER_REJECTED, ORDER_RETURNED
from services.notifications.sending import notification

_KINDS = {
    Decision.APPROVED: ORDER_APPROVED,
    Decision.REJECTED: ORDER_REJECTED,
    Decision.RETURNED: ORDER_RETURNED,
}


def notify_decision(
    session: Session, number: str, decision: Decision, people: Iterable[str | None], reason: Note
) -> list[Operation[None]]:
    """Return the steps that tell ``people`` what the actor decided about an order, to be run with the decision's."""
    return notification(session, _KINDS[decision], people, number, who=actor_of(session).name, reason=reason)
