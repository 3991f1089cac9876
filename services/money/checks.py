"""Consistency checks of credit, each a query that must find nothing."""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from core.kinds.standard import yuan
from models.money.credit import CreditBalance
from models.partners.partners import Partner
from services.money.credit import credit_differences
from services.partners.checks import path_check


def check_balances(session: Session) -> Iterator[str]:
    """The used credit of a partner is the sum of its orders that use credit."""
    for one in credit_differences(session):
        used, ordered = yuan(one.used_cents), yuan(one.orders_cents)
        yield f"partner {one.partner}: {used} yuan of credit are used, its orders come to {ordered} yuan"


CREDIT_CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {
    "credit": check_balances,
    "credit paths": path_check(CreditBalance, CreditBalance.partner_id, Partner.code),
}
