"""Life cycle of orders up to the decision: place, change, submit against the buyer's credit, withdraw, discard.

Placing takes few statements: buyer, products with prices, number, header, all lines at once, event.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.clock import now
from core.database.operations import run_operations
from core.database.sessions import actor_of
from core.errors import Conflict
from core.events.log import EventDraft, record, record_one
from core.i18n import N_
from core.kinds.standard import grouped_yuan, yuan
from core.permissions import Permission
from models.orders import Order, OrderLine, OrderStatus
from services.approvals.cases import withdraw_case
from services.approvals.queries import decided_keys
from services.money.credit import require_active
from services.number_series import ORDERS, next_numbers
from services.orders.approval import ORDER_APPROVALS, submit_for_approval
from services.orders.contents import (
    HEADER,
    QUIET,
    PricedOrder,
    find_buyer,
    insert_order,
    order_row,
    order_state,
    price_for_buyer,
    price_order,
    replace_lines,
    stored_content,
)
from services.orders.drafts import OrderDraft, ship_to
from services.orders.holds import place_holds, release_holds
from services.orders.pricing import LineDraft
from services.orders.states import (
    OrderState,
    advance_order,
    find_order,
    lock_order,
    require_order_status,
    unknown_order,
)

PLACED_AND_SUBMITTED = ("order.placed", "order.submitted")


def get_order(session: Session, number: str) -> Order:
    """Return an order with its lines and its buyer. Raises ``NotFound`` ``orders.not_found``."""
    actor_of(session).require(Permission.ORDER_VIEW)
    loaded = select(Order).options(selectinload(Order.lines), joinedload(Order.buyer))
    order = session.scalar(loaded.where(Order.number == number))
    if order is None:
        raise unknown_order(number)
    return order


def place_order(session: Session, draft: OrderDraft, *, submit: bool = False) -> OrderState:
    """Create a draft order at today's prices of the buyer's tier; with ``submit`` submit it at once.

    Staff may order for any partner; a partner's users for their own partner and those below it.

    Raises:
        NotPermitted: The actor may not place orders.
        InvalidInput: ``partners.not_found``, ``orders.no_lines``, ``orders.too_many_lines``, or the code of the
            first invalid line (``products.not_found``, ``orders.product_inactive``, ``orders.no_price``,
            ``orders.below_minimum``, ``orders.box_multiple``, ``orders.repeated_product``,
            ``orders.total_too_large``); ``fields`` lists all invalid lines.
        Conflict: ``orders.buyer_not_active``; with ``submit`` also ``orders.credit_exceeded``.
    """
    actor = actor_of(session)
    actor.require(Permission.ORDER_PLACE)
    buyer, lines = price_for_buyer(session, draft.buyer, draft.lines)
    priced = PricedOrder("", buyer, ship_to(draft, buyer) | {"note": draft.note}, lines)
    holds = place_holds(buyer, priced.total_cents) if submit else []
    *used_cents, numbers = run_operations(session, *holds, next_numbers(ORDERS))
    priced = replace(priced, number=numbers[0])
    row = order_row(session, priced, submit=submit)
    event_draft = EventDraft(priced.number, buyer.path, data={"total": yuan(priced.total_cents)}, version=1)
    events = record_one(session, PLACED_AND_SUBMITTED if submit else "order.placed", "orders", event_draft)
    case = submit_for_approval(order_state(0, row), buyer, used_cents[0]) if submit else ()
    return insert_order(session, priced, row, *events, *case)


def change_order(session: Session, number: str, draft: OrderDraft, *, version: int | None = None) -> OrderState:
    """Replace the content of a draft order; unchanged content writes nothing.

    Args:
        session: Session of the caller.
        number: Number of the order.
        draft: The whole content; without ``buyer`` the stored one remains.
        version: Version that the person saw.

    Raises:
        NotFound: ``orders.not_found``.
        Conflict: As ``place_order``, and ``orders.already_decided``, ``orders.wrong_status``,
            ``orders.changed_meanwhile``.
        NotPermitted, InvalidInput: As ``place_order``.
    """
    actor_of(session).require(Permission.ORDER_PLACE)
    order, buyer = lock_order(session, number)
    require_order_status(order, OrderStatus.DRAFT, version)
    if draft.buyer is not None and draft.buyer != buyer.code:
        buyer = find_buyer(session, draft.buyer)
    lines = price_order(session, buyer, draft.lines)
    priced = PricedOrder(number, buyer, ship_to(draft, buyer) | {"note": draft.note}, lines)
    return rewrite_draft(session, order, priced)


def submit_order(
    session: Session, number: str, *, version: int | None = None, total_cents: int | None = None
) -> OrderState:
    """Submit a draft for decision at today's prices; its total is held on the buyer's accounts.

    Args:
        session: Session of the caller.
        number: Number of the order.
        version: Version that the person saw.
        total_cents: Total that the person saw; the order is not submitted if prices have changed it.

    Raises:
        NotFound: ``orders.not_found``.
        Conflict: ``orders.credit_exceeded``, ``orders.total_changed``, ``orders.buyer_not_active``,
            ``orders.already_decided``, ``orders.wrong_status``, ``orders.changed_meanwhile``.
        NotPermitted, InvalidInput: As ``place_order``.
    """
    actor = actor_of(session)
    actor.require(Permission.ORDER_PLACE)
    order, buyer = lock_order(session, number)
    require_order_status(order, OrderStatus.DRAFT, version)
    require_active(buyer)
    header, stored = stored_content(session, order.id)
    lines = price_order(session, buyer, [LineDraft(line.sku, line.quantity, line.unit) for line in stored])
    priced = PricedOrder(number, buyer, header, lines)
    if total_cents is not None and total_cents != priced.total_cents:
        raise Conflict(
            "orders.total_changed",
            N_("Prices have changed: order {number} comes to {total} yuan now. Look at it and submit it again."),
            number=number,
            total=grouped_yuan(priced.total_cents),
        )
    submission = advance_order(
        order,
        OrderStatus.SUBMITTED,
        total_cents=priced.total_cents,
        tax_cents=priced.tax_cents,
        content_sha256=priced.content_sha256,
        submitted_by=actor.person,
        submitted_at=now(),
    )
    submitted, *used_cents = run_operations(session, submission, *place_holds(buyer, priced.total_cents))
    if lines != stored:
        replace_lines(session, [(order.id, buyer.path, lines)])
    facts = {"total": yuan(priced.total_cents)}
    event = EventDraft(number, buyer.path, status_change(order, submitted), facts, submitted.version)
    events = record_one(session, "order.submitted", "orders", event)
    run_operations(session, *events, *submit_for_approval(submitted, buyer, used_cents[0]))
    return submitted


def withdraw_order(session: Session, number: str, *, version: int | None = None) -> OrderState:
    """Withdraw a submitted order before it is decided: it is a draft again, and its holds are released.

    Raises:
        NotPermitted: The actor may not place orders.
        NotFound: ``orders.not_found``.
        Conflict: ``orders.already_decided``, ``orders.wrong_status``, ``orders.changed_meanwhile``.
    """
    actor_of(session).require(Permission.ORDER_PLACE)
    order, buyer = lock_order(session, number)
    require_order_status(order, OrderStatus.SUBMITTED, version)
    withdrawal = advance_order(order, OrderStatus.DRAFT, submitted_by=None, submitted_at=None)
    reopened, *_ = run_operations(session, withdrawal, *withdraw_case(ORDER_APPROVALS.name, number))
    event = EventDraft(number, buyer.path, status_change(order, reopened), version=reopened.version)
    events = record_one(session, "order.withdrawn", "orders", event)
    run_operations(session, *events, *release_holds(buyer, order.total_cents))
    return reopened


def discard_order(session: Session, number: str, *, version: int | None = None) -> None:
    """Remove a draft; its events stay. Raises as ``withdraw_order``."""
    actor_of(session).require(Permission.ORDER_PLACE)
    order = find_order(session, number)
    require_order_status(order, OrderStatus.DRAFT, version)
    if decided_keys(session, ORDER_APPROVALS.name, [number]):
        raise Conflict(
            "orders.decided_before",
            N_("Order {number} was returned for change before, so it stays on record. Change it, or leave it a draft."),
            number=number,
        )
    advance_order(order, OrderStatus.DRAFT).run(session)  # the new version makes a concurrent change fail
    session.execute(delete(OrderLine).where(OrderLine.order_id == order.id), execution_options=QUIET)
    session.execute(delete(Order).where(Order.id == order.id), execution_options=QUIET)
    record(
        session, "order.discarded", "orders", [EventDraft(number, order.path, data={"total": yuan(order.total_cents)})]
    )


def rewrite_draft(
    session: Session, order: OrderState, priced: PricedOrder, *, batch_id: int | None = None
) -> OrderState:
    """Write priced content to a draft that is locked, with the event; unchanged content writes nothing."""
    digest = priced.content_sha256
    if digest == order.content_sha256:
        return order
    amounts = {"total_cents": priced.total_cents, "tax_cents": priced.tax_cents}
    values = {
        **priced.header,
        **amounts,
        "buyer_id": priced.buyer.id,
        "path": priced.buyer.path,
        "content_sha256": digest,
    }
    changes = _changes(session, order, priced)
    changed = advance_order(order, OrderStatus.DRAFT, **values).run(session)
    replace_lines(session, [(order.id, priced.buyer.path, priced.lines)])
    change = EventDraft(order.number, priced.buyer.path, changes, version=changed.version)
    record(session, "order.changed", "orders", [change], batch_id=batch_id)
    return changed


def status_change(before: OrderState, after: OrderState) -> dict[str, list[str]]:
    """Return the change of status, as events state it."""
    return {"status": [before.status, after.status]}


def _changes(session: Session, order: OrderState, priced: PricedOrder) -> dict[str, list[Any]]:
    """Return field name → [before, after] of a draft's content."""
    header, lines = stored_content(session, order.id)
    pairs: dict[str, list[Any]] = {name: [header[name], priced.header[name]] for name in HEADER}
    pairs["total"] = [order.total_cents, priced.total_cents]
    pairs["lines"] = [[f"{line.sku} × {line.units}" for line in group] for group in (lines, priced.lines)]
    pairs["buyer"] = [order.buyer_id, priced.buyer.id]
    return {name: [before, after] for name, (before, after) in pairs.items() if before != after}
