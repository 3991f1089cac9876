"""Credit of demo partners: balances of the orders, and limits that some have nearly reached or exceeded."""

from random import Random
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.orm import Session

from core.events.log import EventDraft, record
from models.orders import USES_CREDIT, Order
from models.partners.partners import PartnerStatus
from services.demo._partners import DemoChannel
from services.demo._rows import table_of

STEP_CENTS = 1_000_00
ROOM_CENTS = 20_000_00  # beyond what is used, for a store or an agent that has hardly ordered yet
UNLIMITED = "master_agent"


def add_to_balances(session: Session, chosen: ColumnElement[bool], sign: int = 1) -> None:
    """Add what the chosen orders use of their buyers' credit to the balances, or take it away with ``sign`` -1.

    Args:
        session: That of the orders.
        chosen: Condition on ``Order``.
        sign: 1 or -1.
    """
    balances = table_of("credit_balances")
    sums = (
        select(Order.buyer_id.label("buyer_id"), func.sum(Order.total_cents).label("cents"))
        .where(chosen, Order.status.in_(USES_CREDIT))
        .group_by(Order.buyer_id)
    )
    changes = [{"buyer": buyer_id, "cents": sign * int(cents)} for buyer_id, cents in session.execute(sums)]
    if changes:
        changed = update(balances).where(balances.c.partner_id == bindparam("buyer"))
        session.execute(changed.values(used_cents=balances.c.used_cents + bindparam("cents")), changes)


def set_limits(session: Session, channel: DemoChannel, random: Random) -> None:
    """Give every partner a limit that its orders fit in, then lower it for those who are to be over it.

    Applicants have none yet.
    """
    balances = table_of("credit_balances")
    rows = session.execute(select(balances.c.partner_id, balances.c.used_cents))
    used: dict[int, int] = {row.partner_id: row.used_cents for row in rows}
    nearly = {one.buyer.id for one in channel.nearly}
    limits: dict[int, int] = {}
    asking = {one.buyer.id for one, _ in channel.applicants if one.buyer.status != PartnerStatus.ACTIVE.value}
    for one in channel.partners:
        percent = 102 if one.buyer.id in nearly else random.randrange(125, 220)
        room = 0 if one.buyer.id in nearly else ROOM_CENTS
        if one.buyer.tier != UNLIMITED and one.buyer.id not in asking:
            limits[one.buyer.id] = -(-(used[one.buyer.id] * percent // 100 + room) // STEP_CENTS) * STEP_CENTS
    _write_limits(session, limits)
    lowered = {one.buyer.id: used[one.buyer.id] * 85 // 100 // STEP_CENTS * STEP_CENTS for one in channel.overdue}
    _write_limits(session, lowered, versions=1)
    record(
        session,
        "partner.changed",
        "partners",
        [
            EventDraft(
                one.buyer.code,
                one.buyer.path,
                {"credit_limit": [limits[one.buyer.id], lowered[one.buyer.id]]},
                {"demo": True},
            )
            for one in channel.overdue
        ],
    )


def _write_limits(session: Session, limits: dict[int, int], *, versions: int = 0) -> None:
    partners: Any = table_of("partners")
    rows = [{"partner": partner_id, "cents": cents} for partner_id, cents in limits.items()]
    if rows:
        changed = update(partners).where(partners.c.id == bindparam("partner"))
        values = {"credit_limit_cents": bindparam("cents"), "version": partners.c.version + versions}
        session.execute(changed.values(**values), rows)
