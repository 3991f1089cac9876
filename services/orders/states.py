"""States of orders: reading, locking, and moving to the next status exactly once under concurrency.

An order is locked through its buyer's row, and changes only if it still has the version that was read.
"""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.database.operations import Operation
from core.database.prepared import Prepared, StatementResult
from core.errors import Conflict, NotFound, Problem
from core.i18n import N_, translate
from models.orders import NEXT_STATUSES, STATUS_LABELS, Order, OrderStatus
from models.partners.partners import Partner
from services.branch_statements import in_branch, read_in_branch, read_operation
from services.money.credit import BUYER_COLUMNS, Buyer
from services.states import moment, require_state


class OrderState(NamedTuple):
    """An order without header and lines; amounts in cents. See ``models.orders.Order``."""

    id: int
    number: str
    buyer_id: int
    path: str
    status: str
    version: int
    total_cents: int
    tax_cents: int
    content_sha256: str
    placed_by: str
    submitted_by: str | None
    submitted_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None


_DECIDED = {
    OrderStatus.APPROVED: N_("Order {number} was approved by {who} at {when}."),
    OrderStatus.REJECTED: N_("Order {number} was rejected by {who} at {when}."),
    OrderStatus.SHIPPED: N_("Order {number} was approved by {who} at {when} and has been shipped."),
}
TOO_MANY = Problem(
    "approvals.too_many", N_("At most {limit} orders can be changed at once; these are {count}. Select fewer.")
)
"""Problem with more orders than are changed at once; other subjects have a sentence of their own."""
STATE_COLUMNS: tuple[Any, ...] = tuple(getattr(Order, name) for name in OrderState._fields)


_BY_NUMBER = Prepared(select(*STATE_COLUMNS).where(Order.number == bindparam("number"), in_branch(Order.path)))
_LOCKED = Prepared(
    select(*STATE_COLUMNS, *BUYER_COLUMNS)
    .join(Partner, Order.buyer_id == Partner.id)
    .where(Order.number == bindparam("number"), in_branch(Order.path))
    .with_for_update(of=Partner, key_share=True)
)


@cache
def _changed(names: tuple[str, ...]) -> Prepared:
    """Return the statement that sets the columns ``names`` of an order with the version that was read."""
    still = (Order.id == bindparam("seen_id"), Order.version == bindparam("seen_version"))
    columns = {name: bindparam(name, type_=getattr(Order, name).type) for name in (*names, "updated_at")}
    return Prepared(update(Order).where(*still).values(columns))


def find_order(session: Session, number: str) -> OrderState:
    """Return an order. Raises ``NotFound`` ``orders.not_found``, also if the actor may not see it."""
    row = read_in_branch(session, _BY_NUMBER, number=number).first()
    if row is None:
        raise unknown_order(number)
    return OrderState(*row)


def lock_order(session: Session, number: str) -> tuple[OrderState, Buyer]:
    """Return an order and its buyer, the buyer's row locked until the transaction ends.

    The buyer is the present one. Another transaction may have changed the order before: ``advance_order`` notices,
    except for its path: rows that are written with a path take the buyer's.
    """
    return locked_order(session, number).run(session)


def locked_order(session: Session, number: str) -> Operation[tuple[OrderState, Buyer]]:
    """Return the operation of ``lock_order``."""
    return read_operation(session, _LOCKED, lambda _, result: _with_buyer(result, number), number=number)


def require_order_status(order: OrderState, status: OrderStatus, version: int | None = None) -> None:
    """Go on only with an order in ``status`` and, with ``version``, still in the version that the person saw.

    Raises:
        Conflict: ``orders.already_decided``, ``orders.wrong_status`` or ``orders.changed_meanwhile``.
    """
    require_state(order, (status,), version, wrong_status=wrong_status, changed_meanwhile=changed_meanwhile)


def advance_order(order: OrderState, status: OrderStatus, **values: Any) -> Operation[OrderState]:
    """Return the operation that moves an order to ``status`` and sets ``values``, if its version is the one read.

    Raises:
        Conflict: ``orders.already_decided`` or ``orders.wrong_status``; when the operation finishes also as
            ``require_order_status``: another transaction was faster.
    """
    if status != order.status and status not in NEXT_STATUSES[OrderStatus(order.status)]:
        raise wrong_status(order)
    values |= {"status": status.value, "version": order.version + 1}
    seen = {"seen_id": order.id, "seen_version": order.version, "updated_at": now()}
    advanced = order._replace(**{name: value for name, value in values.items() if name in OrderState._fields})

    def finish(session: Session, result: StatementResult) -> OrderState:
        if result.count != 1:
            raise lost_order(session, order)
        return advanced

    return Operation(_changed(tuple(values)), values | seen, finish)


def unknown_order(number: str) -> NotFound:
    """Return the error for a number that does not exist or that the actor may not see."""
    return NotFound("orders.not_found", N_("There is no order {number}."), number=number)


def wrong_status(order: OrderState) -> Conflict:
    """Return the error for a change that the order's status does not allow."""
    if order.decided_at is not None:
        sentence, when = _DECIDED[OrderStatus(order.status)], moment(order.decided_at)
        return Conflict("orders.already_decided", sentence, number=order.number, who=order.decided_by, when=when)
    return Conflict(
        "orders.wrong_status",
        N_("Order {number} is in status “{status}”, in which this cannot be done. Reload to see it as it is."),
        number=order.number,
        status=translate(STATUS_LABELS[OrderStatus(order.status)][0]),
    )


def changed_meanwhile(order: OrderState) -> Conflict:
    """Return the error for an order that changed since the person saw it."""
    sentence = N_("Order {number} was changed while you had it open. Reload to see it as it is, then decide again.")
    return Conflict("orders.changed_meanwhile", sentence, number=order.number)


def lost_order(session: Session, order: OrderState) -> Conflict | NotFound:
    """Return the error for an order that somebody else moved on since it was read."""
    present = read_in_branch(session, _BY_NUMBER, number=order.number).first()
    if present is None:
        return unknown_order(order.number)
    found = OrderState(*present)
    return changed_meanwhile(found) if found.status == order.status else wrong_status(found)


def _with_buyer(result: StatementResult, number: str) -> tuple[OrderState, Buyer]:
    row = result.first()
    if row is None:
        raise unknown_order(number)
    split = len(STATE_COLUMNS)
    return OrderState(*row[:split]), Buyer(*row[split:])
