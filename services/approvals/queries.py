"""Reads for the inbox of orders: which wait, which a person decided, which a person has sent."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.clock import now
from models.approvals import Approval
from models.orders import Order, OrderStatus
from models.partners.partners import Partner

SENT = timedelta(days=90)


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


def waiting_numbers(session: Session, limit: int) -> set[str]:
    """Return the numbers of the orders that wait for a decision, of the first ``limit``."""
    query = select(Order.number).where(Order.status == OrderStatus.SUBMITTED.value)
    return set(session.scalars(query.order_by(Order.submitted_at, Order.id).limit(limit)))


def decided_orders(session: Session, person: str, limit: int) -> list[DecidedOrder]:
    """Return what a person decided, the latest first, each order once."""
    decided = (Approval.total_cents, Approval.decision, Approval.reason, Approval.decided_at)
    query = (
        select(Order.number, Partner.name, *decided)
        .join(Order, Approval.order_id == Order.id)
        .join(Partner, Order.buyer_id == Partner.id)
        .where(Approval.person == person)
        .order_by(Approval.id.desc())
        .limit(limit)
    )
    found: dict[str, DecidedOrder] = {}
    for row in session.execute(query):
        found.setdefault(row[0], DecidedOrder(*row))
    return list(found.values())


def decided_count(session: Session, person: str) -> int:
    """Return how many orders a person decided about."""
    query = select(func.count(func.distinct(Approval.order_id))).where(Approval.person == person)
    return session.scalar(query) or 0


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
