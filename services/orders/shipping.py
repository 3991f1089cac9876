"""Shipping of approved orders. A shipped order still counts towards the buyer's used credit until it is paid."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import actor_of
from core.events.log import EventDraft, record
from core.permissions import Permission
from models.orders import OrderStatus
from services.free_texts import parse_note
from services.orders.lifecycle import status_change
from services.orders.states import TOO_MANY, OrderState, advance_order, find_order, require_order_status
from services.outcomes import Outcome, each


def ship_order(session: Session, number: str, note: str = "") -> OrderState:
    """Mark an approved order as shipped.

    Raises:
        NotPermitted: The actor may not ship orders.
        NotFound: ``orders.not_found``.
        Conflict: ``orders.already_decided`` or ``orders.wrong_status``.
        InvalidInput: As ``parse_note``.
    """
    actor = actor_of(session)
    actor.require(Permission.ORDER_SHIP)
    checked = parse_note(note)
    order = find_order(session, number)
    require_order_status(order, OrderStatus.APPROVED)
    shipped = advance_order(order, OrderStatus.SHIPPED, shipped_by=actor.person, shipped_at=now()).run(session)
    facts = {"note": checked} if checked else {}
    happening = EventDraft(number, order.path, status_change(order, shipped), facts, shipped.version)
    record(session, "order.shipped", "orders", [happening])
    return shipped


def ship_orders(session: Session, numbers: Sequence[str], note: str = "") -> list[Outcome]:
    """Ship many orders, see ``services.orders.approval.approve_orders``."""
    actor = actor_of(session)
    actor.require(Permission.ORDER_SHIP)
    checked = parse_note(note)
    return each(actor, numbers, lambda one, number: ship_order(one, number, checked), too_many=TOO_MANY)
