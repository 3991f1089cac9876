"""Holds of an order: amounts set aside on its buyer's accounts from submission until they are given back.

An account that an order can use up is one ``Hold`` in ``HOLDS``; credit is the only one. The buyer's
row is locked first and the accounts are used in that order, so orders of one buyer never wait for each other in a
circle.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from core.database.operations import Operation, together
from services.money.credit import Buyer, credit_used_for_order, hold_credit, recheck_credit, release_credit
from services.orders.states import OrderState, locked_order

T = TypeVar("T")
Balances = Mapping[str, int]
"""Name of a hold → cents used up on that account by all open orders of the buyer, read under the lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One kind of account that an order uses up.

    Attributes:
        name: Stable.
        used: Operation that reads how much of the account is used, given the session and the order's number.
        place: Operation that sets an amount in cents aside; finishing it raises ``Conflict`` if too little is left.
        confirm: Checks at the approval, with the limit as it is now, given what is used; raises ``Conflict``.
        release: Operation that gives an amount in cents back.
    """

    name: str
    used: Callable[[Session, str], Operation[int]]
    place: Callable[[Buyer, int], Operation[int]]
    confirm: Callable[[Session, Buyer, int], None]
    release: Callable[[Buyer, int], Operation[int]]


HOLDS = (
    Hold(
        name="credit",
        used=credit_used_for_order,
        place=hold_credit,
        confirm=recheck_credit,
        release=release_credit,
    ),
)


def lock_order_with_balances(
    session: Session, number: str, other: Operation[T]
) -> tuple[OrderState, Buyer, Balances, T]:
    """Lock an order's buyer as ``lock_order`` does and read both, the balances of the buyer's accounts, and ``other``.

    Raises:
        NotFound: ``orders.not_found``.
    """
    reads: list[Operation[Any]] = [hold.used(session, number) for hold in HOLDS]
    (order, buyer), *used_cents, others = together(session, locked_order(session, number), *reads, other)
    return order, buyer, {hold.name: cents for hold, cents in zip(HOLDS, used_cents, strict=True)}, others


def place_holds(buyer: Buyer, cents: int) -> list[Operation[int]]:
    """Return the operations that set an order's total aside. Raises as ``Hold.place`` when they finish."""
    return [hold.place(buyer, cents) for hold in HOLDS]


def confirm_holds(session: Session, buyer: Buyer, balances: Balances) -> None:
    """Go on only if every account still covers what is set aside on it. Raises as ``Hold.confirm``."""
    for hold in HOLDS:
        hold.confirm(session, buyer, balances[hold.name])


def release_holds(buyer: Buyer, cents: int) -> list[Operation[int]]:
    """Return the operations that give back what an order set aside.

    They run after the operation that moves the order has finished: of two transactions only one may give it back.
    """
    return [hold.release(buyer, cents) for hold in HOLDS]
