"""Decisions about submitted orders: each once, by a second pair of eyes, kept with what was decided about."""

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.operations import Operation, no_result, together
from core.database.prepared import Prepared
from core.database.sessions import actor_of
from core.errors import InvalidInput, NotPermitted
from core.events.log import EventDraft, record_one
from core.i18n import N_
from core.kinds.standard import MISSING, yuan
from core.permissions import Permission
from models.approvals import Approval, Decision
from models.orders import OrderStatus
from services.money.credit import Buyer, require_active
from services.notifications.decisions import notify_decision
from services.orders.holds import confirm_holds, lock_order_with_balances, release_holds
from services.orders.states import OrderState, advance, require_status
from services.outcomes import Outcome, each

COLUMNS = (
    "order_id", "path", "decision", "person", "name", "role", "decided_at", "reason", "order_version",
    "content_sha256", "total_cents", "credit_limit_cents", "credit_used_cents",
)  # fmt: skip
_INSERT = Prepared(insert(Approval), columns=COLUMNS)
_NEXT_STATUS = {
    Decision.APPROVED: OrderStatus.APPROVED,
    Decision.REJECTED: OrderStatus.REJECTED,
    Decision.RETURNED: OrderStatus.DRAFT,
}


def decide_order(
    session: Session, number: str, decision: Decision, reason: str = "", *, version: int | None = None
) -> OrderState:
    """Approve a submitted order, reject it, or return it to its submitter for change.

    An approval checks the buyer's credit again, with the limit as it is now; what is rejected or returned gives its
    hold on the credit back. The buyer is locked until the transaction ends.

    Args:
        session: The caller's.
        number: Of the order.
        decision: See ``Decision``.
        reason: Needed unless it is approved.
        version: That the person saw.

    Raises:
        NotPermitted: The actor may not approve orders; ``approvals.own_order`` if she placed or submitted it;
            ``approvals.person_unknown`` if nobody knows who stands behind the actor.
        NotFound: ``orders.not_found``.
        Conflict: ``orders.already_decided``, ``orders.wrong_status``, ``orders.changed_meanwhile``,
            ``orders.credit_exceeded``, ``orders.buyer_not_active``.
        InvalidInput: ``approvals.reason_required``.
    """
    actor = actor_of(session)
    actor.require(Permission.ORDER_APPROVE)
    reason = reason.strip()
    order, buyer, balances = lock_order_with_balances(session, number)
    require_status(order, OrderStatus.SUBMITTED, version)
    _require_second_pair_of_eyes(actor, order)
    if decision is Decision.APPROVED:
        require_active(buyer)
    else:
        _require_reason(reason)
    facts = {"total": yuan(order.total_cents)} | ({"reason": reason} if reason else {})
    change = {"status": [order.status, _NEXT_STATUS[decision].value]}
    draft = EventDraft(number, buyer.path, change, facts, order.version + 1)
    decided, *_ = together(
        session,
        _advance(actor, order, decision),
        _approval(actor, order, buyer, decision, reason, balances["credit"]),
        *record_one(session, f"order.{decision.value}", "orders", draft),
        *notify_decision(session, number, decision, [order.submitted_by, order.placed_by], reason),
    )
    if decision is Decision.APPROVED:
        confirm_holds(session, buyer, balances)
    else:
        together(session, *release_holds(buyer, order.total_cents))
    return decided


def approve_order(session: Session, number: str, reason: str = "", *, version: int | None = None) -> OrderState:
    """Approve a submitted order, see ``decide_order``."""
    return decide_order(session, number, Decision.APPROVED, reason, version=version)


def reject_order(session: Session, number: str, reason: str, *, version: int | None = None) -> OrderState:
    """Reject a submitted order for good, see ``decide_order``."""
    return decide_order(session, number, Decision.REJECTED, reason, version=version)


def return_order(session: Session, number: str, reason: str, *, version: int | None = None) -> OrderState:
    """Make a submitted order a draft again for its submitter to change, see ``decide_order``."""
    return decide_order(session, number, Decision.RETURNED, reason, version=version)


def last_decision(session: Session, order_id: int) -> Approval | None:
    """Return what was decided about an order last, None if nothing was, or not for who asks."""
    query = select(Approval).where(Approval.order_id == order_id).order_by(Approval.id.desc()).limit(1)
    return session.scalar(query)


def decide_each(actor: Actor, numbers: Sequence[str], decision: Decision, reason: str = "") -> list[Outcome]:
    """Decide many orders, each in a unit of work of its own, so that a refused one leaves the others done.

    Returns:
        What became of each, in the order given.

    Raises:
        NotPermitted: The actor may not approve orders.
        InvalidInput: ``approvals.too_many`` or ``approvals.reason_required``.
    """
    actor.require(Permission.ORDER_APPROVE)
    if decision is not Decision.APPROVED:
        _require_reason(reason.strip())
    return each(actor, numbers, lambda session, number: decide_order(session, number, decision, reason))


def approve_orders(session: Session, numbers: Sequence[str], note: str = "") -> list[Outcome]:
    """Approve many orders, see ``decide_each``. The session only says who acts: it must not have been used to write."""
    return decide_each(actor_of(session), numbers, Decision.APPROVED, note)


def reject_orders(session: Session, numbers: Sequence[str], note: str) -> list[Outcome]:
    """Reject many orders, see ``approve_orders``."""
    return decide_each(actor_of(session), numbers, Decision.REJECTED, note)


def is_own(actor: Actor, order: OrderState) -> bool:
    """Return whether the person behind the actor placed or submitted the order."""
    return actor.is_one_of(order.placed_by, order.submitted_by)


def _require_second_pair_of_eyes(actor: Actor, order: OrderState) -> None:
    if not actor.person:
        raise NotPermitted(
            "approvals.person_unknown", N_("Nobody can tell which person this is, so it cannot decide about orders.")
        )
    if is_own(actor, order):
        raise NotPermitted(
            "approvals.own_order",
            N_("You placed or submitted order {number} yourself: someone else has to decide it."),
            number=order.number,
        )


def _require_reason(reason: str) -> None:
    if not reason:
        raise InvalidInput(
            "approvals.reason_required",
            N_("Say why: the submitter reads it."),
            fields={"reason": MISSING},
        )


def _advance(actor: Actor, order: OrderState, decision: Decision) -> Operation[OrderState]:
    if decision is Decision.RETURNED:
        return advance(order, _NEXT_STATUS[decision], submitted_by=None, submitted_at=None)
    return advance(order, _NEXT_STATUS[decision], decided_by=actor.person, decided_at=now())


def _approval(
    actor: Actor, order: OrderState, buyer: Buyer, decision: Decision, reason: str, used_cents: int
) -> Operation[None]:
    facts = (
        order.id, buyer.path, decision.value, actor.person, actor.name, actor.role.value, now(), reason, order.version,
        order.content_sha256, order.total_cents, buyer.credit_limit_cents, used_cents,
    )  # fmt: skip
    return Operation(_INSERT, dict(zip(COLUMNS, facts, strict=True)), no_result)
