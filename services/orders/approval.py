"""Orders as a subject of approvals: facts, initiators and effects of a decision."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.operations import Operation
from core.database.sessions import actor_of
from core.errors import Problem
from core.events.log import EventDraft, record_one
from core.i18n import N_
from core.kinds.standard import yuan
from core.permissions import Permission
from models.approvals import CaseStatus, Decision
from models.money.credit import CreditBalance
from models.orders import Order, OrderStatus
from models.partners.partners import Partner
from services.approvals.cases import decide, open_case
from services.approvals.subjects import (
    Approver,
    Document,
    DocumentColumns,
    Effects,
    LockedDocument,
    Refusals,
    Subject,
    Submission,
    Verb,
    WaitingStep,
    register_subject,
)
from services.free_texts import Note, parse_note, require_note
from services.money.credit import BUYER_COLUMNS, Buyer, require_active
from services.notifications.decisions import notify_decision
from services.orders.holds import UsedCents, confirm_holds, lock_order_with_holds, release_holds
from services.orders.states import (
    STATE_COLUMNS,
    TOO_MANY,
    OrderState,
    advance_order,
    changed_meanwhile,
    lost_order,
    wrong_status,
)
from services.outcomes import Outcome, each

APPROVER = Approver(Permission.ORDER_APPROVE)
_REASON = Problem("approvals.reason_required", N_("Say why: the submitter reads it."))
_NEXT_STATUS = {
    Decision.APPROVED: OrderStatus.APPROVED,
    Decision.REJECTED: OrderStatus.REJECTED,
    Decision.RETURNED: OrderStatus.DRAFT,
}
_ACTIONS = {
    Decision.APPROVED: "order.approved",
    Decision.REJECTED: "order.rejected",
    Decision.RETURNED: "order.returned",
}
_VERBS = {Decision.APPROVED: "approve", Decision.REJECTED: "reject", Decision.RETURNED: "return"}


class SubmittedOrder(NamedTuple):
    """An order with its buyer, whose row is locked, and the cents reserved on the buyer's accounts."""

    order: OrderState
    buyer: Buyer
    used_cents: UsedCents

    @property
    def status(self) -> str:
        """Return the order's status."""
        return self.order.status

    @property
    def version(self) -> int:
        """Return the order's version."""
        return self.order.version


def decide_order(
    session: Session, number: str, decision: Decision, reason: str = "", *, version: int | None = None
) -> OrderState:
    """Approve a submitted order, reject it, or return it to its submitter for change.

    An approval checks the buyer's credit again, with the limit as it is now; what is rejected or returned gives its
    hold on the credit back. The buyer is locked until the transaction ends.

    Args:
        session: The caller's.
        number: Of the order.
        decision: Approved, rejected or returned.
        reason: Needed unless it is approved.
        version: That the person saw.

    Raises:
        NotPermitted: The actor may not approve orders; ``approvals.own_order`` if she placed or submitted it;
            ``approvals.person_unknown`` if nobody knows who stands behind the actor.
        NotFound: ``orders.not_found``.
        Conflict: ``orders.already_decided``, ``orders.wrong_status``, ``orders.changed_meanwhile``,
            ``orders.credit_exceeded``, ``orders.buyer_not_active``.
        InvalidInput: ``approvals.reason_required``, or as ``parse_note``.
    """
    decided: OrderState = decide(session, ORDER_APPROVALS, number, _VERBS[decision], reason, version=version).results[0]
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


def decide_each(actor: Actor, numbers: Sequence[str], decision: Decision, reason: str = "") -> list[Outcome]:
    """Decide many orders, each in a unit of work of its own, so that a refused one leaves the others done.

    Returns:
        What became of each, in the order given.

    Raises:
        NotPermitted: The actor may not approve orders.
        InvalidInput: ``approvals.too_many``, ``approvals.reason_required``, or as ``parse_note``.
    """
    actor.require(Permission.ORDER_APPROVE)
    note = parse_note(reason, "reason") if decision is Decision.APPROVED else require_note(reason, _REASON)
    return each(
        actor, numbers, lambda session, number: decide_order(session, number, decision, note), too_many=TOO_MANY
    )


def approve_orders(session: Session, numbers: Sequence[str], note: str = "") -> list[Outcome]:
    """Approve many orders, see ``decide_each``. The session only says who acts: it must not have been used to write."""
    return decide_each(actor_of(session), numbers, Decision.APPROVED, note)


def reject_orders(session: Session, numbers: Sequence[str], note: str) -> list[Outcome]:
    """Reject many orders, see ``approve_orders``."""
    return decide_each(actor_of(session), numbers, Decision.REJECTED, note)


def submit_for_approval(order: OrderState, buyer: Buyer, used_cents: int) -> tuple[Operation[Any], ...]:
    """Return the operations that open the case of an order as it is submitted.

    Args:
        order: As it is once it is submitted.
        buyer: Its row is locked.
        used_cents: Of the buyer's credit, this order included.
    """
    return open_case(ORDER_APPROVALS, order_document(order, buyer, used_cents), APPROVER)


def order_document(order: OrderState, buyer: Buyer, used_cents: int) -> Document:
    """Return the document of an order; amounts in cents."""
    facts = {
        "order_version": order.version,
        "content_sha256": order.content_sha256,
        "total_cents": order.total_cents,
        "credit_limit_cents": buyer.credit_limit_cents,
        "credit_used_cents": used_cents,
    }
    return Document(
        key=order.number, path=buyer.path, version=order.version, facts=facts, initiators=initiators_of(order)
    )


def initiators_of(order: OrderState | Order) -> tuple[str | None, ...]:
    """Return the persons who may not decide an order: those who placed and submitted it."""
    return order.placed_by, order.submitted_by


def is_own_order(actor: Actor, order: OrderState | Order) -> bool:
    """Return whether the person behind the actor placed or submitted the order."""
    return actor.is_one_of(*initiators_of(order))


def _lock(session: Session, number: str, waiting: Operation[list[WaitingStep]]) -> LockedDocument[SubmittedOrder]:
    """Return an order under its buyer's lock. If it is stale, no step waits or ``advance_order`` does not find it."""
    order, buyer, used_cents, steps = lock_order_with_holds(session, number, waiting)
    row = SubmittedOrder(order, buyer, used_cents)
    return LockedDocument(row, order_document(order, buyer, used_cents["credit"]), steps)


def _effects(decision: Decision, session: Session, row: SubmittedOrder, document: Document, reason: Note) -> Effects:
    order, buyer, actor = row.order, row.buyer, actor_of(session)
    status = _NEXT_STATUS[decision]
    if decision is Decision.RETURNED:
        advanced = advance_order(order, status, submitted_by=None, submitted_at=None)
    else:
        advanced = advance_order(order, status, decided_by=actor.person, decided_at=now())
    if decision is Decision.APPROVED:
        require_active(buyer)
        confirm_holds(session, buyer, row.used_cents)
    facts = {"total": yuan(order.total_cents)} | ({"reason": reason} if reason else {})
    event = EventDraft(order.number, buyer.path, {"status": [order.status, status.value]}, facts, order.version + 1)
    released = [] if decision is Decision.APPROVED else release_holds(buyer, order.total_cents)
    events = record_one(session, _ACTIONS[decision], "orders", event)
    notifications = notify_decision(session, order.number, decision, [order.submitted_by, order.placed_by], reason)
    return Effects((advanced, *events, *notifications), follow_ups=tuple(released))


def _titles(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    query = select(Order.number, Partner.name).join(Partner, Order.buyer_id == Partner.id)
    return {row.number: row.name for row in session.execute(query.where(Order.number.in_(numbers)))}


def _submissions(session: Session, numbers: Sequence[str]) -> list[Submission]:
    columns = (*STATE_COLUMNS, *BUYER_COLUMNS, func.coalesce(CreditBalance.used_cents, 0))
    query = select(*columns).join(Partner, Order.buyer_id == Partner.id)
    query = query.outerjoin(CreditBalance, CreditBalance.partner_id == Partner.id)
    waiting = query.where(Order.number.in_(numbers), Order.status == OrderStatus.SUBMITTED.value)
    found = []
    for *values, used_cents in session.execute(waiting):
        order, buyer = OrderState(*values[: len(STATE_COLUMNS)]), Buyer(*values[len(STATE_COLUMNS) :])
        document = order_document(order, buyer, used_cents)
        found.append(Submission(document, (APPROVER,), order.submitted_at or now()))
    return found


def _verb(decision: Decision) -> Verb[SubmittedOrder]:
    return Verb(
        decision=decision,
        permission=Permission.ORDER_APPROVE,
        statuses=frozenset({OrderStatus.SUBMITTED.value}),
        effects=partial(_effects, decision),
        reason=None if decision is Decision.APPROVED else _REASON,
    )


ORDER_APPROVALS = register_subject(
    Subject(
        name="orders",
        view_permission=Permission.ORDER_VIEW,
        lock=_lock,
        verbs={name: _verb(decision) for decision, name in _VERBS.items()},
        refusals=Refusals(
            wrong_status=lambda row: wrong_status(row.order),
            changed_meanwhile=lambda row: changed_meanwhile(row.order),
            undecidable=lambda session, row: lost_order(session, row.order),
            own=Problem(
                "approvals.own_order",
                N_("You placed or submitted order {number} yourself: someone else has to decide it."),
            ),
            person_unknown=Problem(
                "approvals.person_unknown",
                N_("Nobody can tell which person this is, so it cannot decide about orders."),
            ),
        ),
        titles=_titles,
        waiting_keys=select(Order.number).where(Order.status == OrderStatus.SUBMITTED.value),
        submissions=_submissions,
        columns=DocumentColumns(
            key=Order.number, path=Order.path, status=Order.status, initiators=(Order.placed_by, Order.submitted_by)
        ),
        statuses_after={
            CaseStatus.APPROVED: frozenset({OrderStatus.APPROVED.value, OrderStatus.SHIPPED.value}),
            CaseStatus.REJECTED: frozenset({OrderStatus.REJECTED.value}),
            CaseStatus.RETURNED: frozenset({OrderStatus.DRAFT.value}),
            CaseStatus.WITHDRAWN: frozenset({OrderStatus.DRAFT.value}),
        },
    )
)
"""Orders: one decision by a holder of ``ORDER_APPROVE``."""
