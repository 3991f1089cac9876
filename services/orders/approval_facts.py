"""What an approver needs to know before deciding: who buys, on what credit, at which prices, and what looks odd."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import now, today
from core.database.paths import ancestor_ids
from core.database.sessions import actor_of
from core.errors import Problem
from core.i18n import N_, translate
from core.kinds.standard import UNIT_PRICE_SCALE, scaled_text
from core.permissions import Permission
from models.approvals import ApprovalDecision
from models.orders import USES_CREDIT, Order, OrderStatus
from models.partners.partners import STATUS_LABELS, Partner, PartnerStatus
from services.approvals.queries import decisions_about
from services.approvals.worklist import waiting_keys
from services.money.credit import BUYER_COLUMNS, Buyer, used_credit_cents
from services.orders.approval import ORDER_APPROVALS, is_own_order
from services.orders.contents import stored_content
from services.orders.pricing import PricedLine, quantity_problem
from services.orders.states import STATE_COLUMNS, OrderState, unknown_order
from services.products.prices import Catalogue, price_catalogue

HISTORY = timedelta(days=90)
WAITING_MAX = 500  # shown at once; the oldest first
RULE = Problem("approvals.every_order", N_("Every order waits for one decision by operations or finance."))


class LineFacts(NamedTuple):
    """A line beside the price of today.

    Attributes:
        price_today: At 4 decimals of a yuan; None if the tier has none today.
        difference_ppm: How much the order's price is above (+) or below (-) it, in parts per million.
    """

    line: PricedLine
    price_today: int | None
    difference_ppm: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """Everything about one order that its approver decides on. Amounts in cents.

    Attributes:
        order: As it is; pass its ``version`` on to the decision.
        header: Ship-to and note.
        buyer: With its credit limit (None = not limited).
        upstream: Code and name of the partner above; None directly under the brand.
        credit_used_cents: By all open orders, this one included while it is submitted, approved or shipped.
        credit_left_cents: After this order; negative = exceeded, None = not limited.
        history_count, history_cents: The buyer's other orders of the last 90 days that were not turned down.
        rule: Why it came to whom it came.
        findings: What an approver should look at; none of them refuses.
        is_own: Whether the viewer placed or submitted it, so that someone else has to decide.
        decisions: All so far, oldest first.
    """

    order: OrderState
    header: dict[str, str | None]
    buyer: Buyer
    upstream: tuple[str, str] | None
    credit_used_cents: int
    credit_left_cents: int | None
    history_count: int
    history_cents: int
    lines: tuple[LineFacts, ...]
    waiting_since: datetime | None
    rule: Problem
    findings: tuple[Problem, ...]
    is_own: bool
    decisions: tuple[ApprovalDecision, ...]


class WaitingOrder(NamedTuple):
    """An order in the inbox."""

    number: str
    buyer_code: str
    buyer_name: str
    total_cents: int
    submitted_at: datetime
    version: int
    rule: Problem


def waiting_orders(session: Session, *, limit: int = WAITING_MAX) -> list[WaitingOrder]:
    """Return the orders that wait for the session's person, those that wait longest first. Raises ``NotPermitted``."""
    actor = actor_of(session)
    actor.require(Permission.ORDER_APPROVE)
    query = select(*STATE_COLUMNS, Partner.code, Partner.name).join(Partner, Order.buyer_id == Partner.id)
    waiting = query.where(Order.number.in_(waiting_keys(actor, ORDER_APPROVALS.name)))
    found = []
    for *state, code, name in session.execute(waiting.order_by(Order.submitted_at, Order.id).limit(limit)):
        order = OrderState(*state)
        since = order.submitted_at or now()
        found.append(WaitingOrder(order.number, code, name, order.total_cents, since, order.version, RULE))
    return found


def order_facts(session: Session, number: str) -> OrderFacts:
    """Return what an approver needs to know about an order.

    Raises:
        NotPermitted: The actor may not approve orders.
        NotFound: ``orders.not_found``.
    """
    actor = actor_of(session)
    actor.require(Permission.ORDER_APPROVE)
    query = select(*STATE_COLUMNS, *BUYER_COLUMNS).join(Partner, Order.buyer_id == Partner.id)
    row = session.execute(query.where(Order.number == number)).first()
    if row is None:
        raise unknown_order(number)
    order, buyer = OrderState(*row[: len(STATE_COLUMNS)]), Buyer(*row[len(STATE_COLUMNS) :])
    header, lines = stored_content(session, order.id)
    present = price_catalogue(session, [line.sku for line in lines], [buyer.tier], today())
    used_cents = used_credit_cents(session, buyer.id) or 0
    after_cents = used_cents if order.status in USES_CREDIT else used_cents + order.total_cents
    left_cents = None if buyer.credit_limit_cents is None else buyer.credit_limit_cents - after_cents
    count, cents = _history(session, order)
    priced = tuple(_line_facts(line, buyer, present) for line in lines)
    return OrderFacts(
        order=order,
        header=header,
        buyer=buyer,
        upstream=_upstream(session, buyer),
        credit_used_cents=used_cents,
        credit_left_cents=left_cents,
        history_count=count,
        history_cents=cents,
        lines=priced,
        waiting_since=order.submitted_at if order.status == OrderStatus.SUBMITTED else None,
        rule=RULE,
        findings=tuple(_findings(header, buyer, priced, present, left_cents)),
        is_own=is_own_order(actor, order),
        decisions=tuple(decisions_about(session, ORDER_APPROVALS.name, number)),
    )


def _upstream(session: Session, buyer: Buyer) -> tuple[str, str] | None:
    above = ancestor_ids(buyer.path)[:-1]
    if not above:
        return None
    row = session.execute(select(Partner.code, Partner.name).where(Partner.id == above[-1])).first()
    return None if row is None else (row[0], row[1])


def _history(session: Session, order: OrderState) -> tuple[int, int]:
    recent = select(func.count(), func.coalesce(func.sum(Order.total_cents), 0)).where(
        Order.buyer_id == order.buyer_id,
        Order.id != order.id,
        Order.status.in_(USES_CREDIT),
        Order.submitted_at >= now() - HISTORY,
    )
    count, cents = session.execute(recent).one()
    return int(count), int(cents)


def _line_facts(line: PricedLine, buyer: Buyer, present: Catalogue) -> LineFacts:
    offer = present.offers.get((line.sku, buyer.tier))
    if offer is None:
        return LineFacts(line, None, None)
    difference = line.unit_price - offer.unit_price
    return LineFacts(line, offer.unit_price, difference * 1_000_000 // offer.unit_price if offer.unit_price else None)


def _findings(
    header: dict[str, Any], buyer: Buyer, lines: Sequence[LineFacts], present: Catalogue, left_cents: int | None
) -> list[Problem]:
    found = []
    if buyer.status != PartnerStatus.ACTIVE.value:
        text = N_("{buyer} is not active any more (status: {status}).")
        status = translate(STATUS_LABELS[PartnerStatus(buyer.status)][0])
        found.append(Problem("orders.buyer_not_active", text, {"buyer": buyer.name, "status": status}))
    if left_cents is not None and left_cents < 0:
        text = N_("The credit limit has been lowered since: this order would exceed it.")
        found.append(Problem("orders.credit_exceeded", text))
    if header["ship_to_region"] is None:
        found.append(Problem("orders.region_unknown", N_("Nobody has said which region the goods go to.")))
    elif buyer.region is not None and header["ship_to_region"][:4] != buyer.region[:4]:
        found.append(Problem("orders.region_differs", N_("The goods go to another city than the buyer's own.")))
    for line, price_today, _difference in lines:
        found += _line_findings(line, price_today, present)
    return found


def _line_findings(line: PricedLine, price_today: int | None, present: Catalogue) -> list[Problem]:
    article = present.articles[line.sku]
    if not article.is_active:
        return [Problem("orders.product_inactive", N_("{sku} is not sold any more."), {"sku": line.sku})]
    if price_today is None:
        return [Problem("orders.no_price", N_("{sku} has no price for this tier today."), {"sku": line.sku})]
    found = []
    if price_today != line.unit_price:
        before, after = (scaled_text(price, UNIT_PRICE_SCALE) for price in (line.unit_price, price_today))
        text = N_("{sku} is ordered at {before} yuan, and the price is {after} yuan today.")
        found.append(Problem("orders.price_changed", text, {"sku": line.sku, "before": before, "after": after}))
    if quantity_problem(line.units, line.unit, article):
        text = N_("{sku}: the quantity does not fit today's minimum or box size.")
        found.append(Problem("orders.box_multiple", text, {"sku": line.sku}))
    return found
