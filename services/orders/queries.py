"""Reads of orders: buyers, what they can order at which price and usually order; what is submitted and decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from core.clock import now, today
from core.database.sessions import actor_of
from core.permissions import Permission
from models.orders import Order, OrderLine, OrderStatus
from models.partners.partners import Partner, PartnerStatus
from models.products import Product, ProductStatus
from services.approvals.queries import decided_by
from services.approvals.worklist import waiting_keys
from services.money.credit import BUYER_COLUMNS, Buyer, used_credit_cents
from services.products.prices import Article, TierPrice, price_catalogue

BUYERS_SHOWN = 50
OFFERS_SHOWN = 60
USUAL = timedelta(days=90)
SENT = timedelta(days=90)


class Offered(NamedTuple):
    """A product and what the buyer pays for one unit; None where its tier has no price."""

    article: Article
    offer: TierPrice | None


class DecidedOrder(NamedTuple):
    """An order as somebody decided about it."""

    number: str
    buyer_name: str
    total_cents: int
    decision: str
    reason: str
    decided_at: datetime


class SentOrder(NamedTuple):
    """An order that somebody placed or submitted."""

    number: str
    buyer_name: str
    total_cents: int
    status: str
    submitted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """A buyer as an order form needs it.

    Attributes:
        limit_cents: Of its credit; None = not limited. used_cents: of it.
        sees_credit: Whether the viewer may know both.
    """

    buyer: Buyer
    limit_cents: int | None
    used_cents: int
    sees_credit: bool


def find_account(session: Session, code: str | None) -> Account | None:
    """Return a buyer with its credit; ``code`` None is the partner the actor belongs to. None if not to be seen."""
    actor = actor_of(session)
    if code is None and actor.partner_id is None:
        return None
    query = select(*BUYER_COLUMNS).where(Partner.id == actor.partner_id if code is None else Partner.code == code)
    row = session.execute(query).first()
    if row is None:
        return None
    buyer = Buyer(*row)
    if not actor.can(Permission.PARTNER_CREDIT_VIEW):
        return Account(buyer._replace(credit_limit_cents=None), None, 0, False)
    return Account(buyer, buyer.credit_limit_cents, used_credit_cents(session, buyer.id) or 0, True)


def find_buyers(session: Session, text: str = "") -> dict[str, str]:
    """Return code → name of active partners the actor may order for, whose code or name contains ``text``."""
    query = select(Partner.code, Partner.name).where(Partner.status == PartnerStatus.ACTIVE.value)
    if text:
        query = query.where(_contains(text, Partner.code, Partner.name))
    rows = session.execute(query.order_by(Partner.path).limit(BUYERS_SHOWN))
    return {code: f"{name} · {code}" for code, name in rows}


def find_offers(
    session: Session, tier: str, *, text: str = "", skus: Iterable[str] | None = None, limit: int = OFFERS_SHOWN
) -> list[Offered]:
    """Return products that are sold, with today's price of a tier.

    Args:
        session: The viewer's.
        tier: Of the buyer.
        text: What SKU or name contains.
        skus: Only these, whether they are still sold or not.
        limit: At most so many.
    """
    query = select(Product.sku)
    if skus is None:
        query = query.where(Product.status == ProductStatus.ACTIVE.value)
    else:
        query = query.where(Product.sku.in_(list(skus)))
    if text:
        query = query.where(_contains(text, Product.sku, Product.name))
    found = list(session.scalars(query.order_by(Product.sku).limit(limit)))
    prices = price_catalogue(session, found, [tier], today())
    return [Offered(prices.articles[sku], prices.offers.get((sku, tier))) for sku in found]


def find_written(session: Session, tier: str, skus: Sequence[str]) -> list[Offered]:
    """Return the products whose SKU is one of ``skus`` in any mix of capitals, if they can be ordered by a tier."""
    wanted = {sku.lower() for sku in skus}
    query = select(Product.sku).where(func.lower(Product.sku).in_(wanted))
    offered = find_offers(session, tier, skus=list(session.scalars(query)), limit=len(wanted) * 2)
    return [one for one in offered if one.offer is not None and one.article.is_active]


def usual_skus(session: Session, buyer_id: int) -> list[str]:
    """Return what a buyer ordered in the last 90 days, most often first."""
    query = (
        select(OrderLine.sku)
        .join(Order, OrderLine.order_id == Order.id)
        .where(Order.buyer_id == buyer_id, Order.created_at >= now() - USUAL)
        .where(Order.status != OrderStatus.REJECTED.value)
        .group_by(OrderLine.sku)
        .order_by(func.count().desc(), OrderLine.sku)
        .limit(OFFERS_SHOWN)
    )
    return list(session.scalars(query))


def waiting_numbers(session: Session, limit: int) -> set[str]:
    """Return the numbers of the orders that wait for the session's person, of the first ``limit``."""
    query = select(Order.number).where(Order.number.in_(waiting_keys(actor_of(session), "orders")))
    return set(session.scalars(query.order_by(Order.submitted_at, Order.id).limit(limit)))


def decided_orders(session: Session, person: str, limit: int) -> list[DecidedOrder]:
    """Return what a person decided, the latest first, each order once."""
    decided = decided_by(session, "orders", person, limit)
    query = select(Order.number, Partner.name).join(Partner, Order.buyer_id == Partner.id)
    rows = session.execute(query.where(Order.number.in_([one.key for one in decided])))
    names = {row.number: row.name for row in rows}
    return [
        DecidedOrder(key, names[key], one.facts["total_cents"], one.decision, one.reason, one.decided_at)
        for key, one in decided
        if key in names
    ]


def sent_orders(session: Session, person: str, limit: int) -> list[SentOrder]:
    """Return what a person placed or submitted in the last 90 days and is no draft, the latest first."""
    query = (
        select(Order.number, Partner.name, Order.total_cents, Order.status, Order.submitted_at)
        .join(Partner, Order.buyer_id == Partner.id)
        .where(or_(Order.submitted_by == person, Order.placed_by == person))
        .where(Order.status != OrderStatus.DRAFT.value, Order.created_at >= now() - SENT)
        .order_by(Order.created_at.desc(), Order.id.desc())
        .limit(limit)
    )
    return [SentOrder(*row) for row in session.execute(query)]


def sent_waiting_count(session: Session, person: str) -> int:
    """Return how many orders that a person placed or submitted wait for a decision."""
    query = select(func.count()).where(
        Order.status == OrderStatus.SUBMITTED.value, or_(Order.submitted_by == person, Order.placed_by == person)
    )
    return session.scalar(query) or 0


def _contains(text: str, *columns: ColumnElement[str] | object) -> ColumnElement[bool]:
    wanted = text.strip().lower()
    return or_(*(func.lower(column).contains(wanted, autoescape=True) for column in columns))
