"""Consistency checks of orders, each a query that must find nothing."""

from collections.abc import Callable, Iterator

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.kinds.standard import yuan
from models.orders import Order, OrderLine
from services.partners.checks import path_check


def check_lines(session: Session) -> Iterator[str]:
    """Total and tax of an order are the sums of its lines, which stand in its branch."""
    lines = (
        select(
            OrderLine.order_id.label("order_id"),
            func.sum(OrderLine.total_cents).label("total_cents"),
            func.sum(OrderLine.tax_cents).label("tax_cents"),
            func.min(OrderLine.path).label("first_path"),
            func.max(OrderLine.path).label("last_path"),
        )
        .group_by(OrderLine.order_id)
        .subquery()
    )
    total_cents, tax_cents = func.coalesce(lines.c.total_cents, 0), func.coalesce(lines.c.tax_cents, 0)
    differs = or_(Order.total_cents != total_cents, Order.tax_cents != tax_cents)
    is_astray = or_(lines.c.first_path != Order.path, lines.c.last_path != Order.path)
    query = select(Order.number, Order.total_cents, total_cents, Order.tax_cents, tax_cents, differs, is_astray)
    query = query.outerjoin(lines, lines.c.order_id == Order.id).where(or_(differs, is_astray)).order_by(Order.id)
    for number, total, of_lines, tax, tax_of_lines, has_other_sum, has_other_path in session.execute(query):
        if has_other_sum:
            sums = f"{yuan(int(of_lines))} yuan with {yuan(int(tax_of_lines))} yuan of tax"
            yield f"order {number}: it states {yuan(total)} yuan with {yuan(tax)} yuan of tax, its lines come to {sums}"
        if has_other_path:
            yield f"order_lines of order {number}: their path is not the order's"


ORDER_CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {
    "order lines": check_lines,
    "order paths": path_check(Order, Order.buyer_id, Order.number),
}
