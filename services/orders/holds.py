"""Holds: amounts that an order reserves on its buyer's accounts from its submission until they are released.

Each type of account on which orders reserve amounts is one ``Hold`` in ``HOLDS``; credit is the only one. The buyer's
row is locked first and the accounts follow in the order of ``HOLDS``, so orders of one buyer cannot deadlock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from core.database.operations import Operation, run_operations
from services.money.credit import Buyer, credit_used_for_order, hold_credit, recheck_credit, release_credit
from services.orders.states import OrderState, locked_order

T = TypeVar("T")
UsedCents = Mapping[str, int]
"""Name of a hold → cents reserved on that account by all open orders of the buyer, read under the lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A type of account on which orders reserve amounts.

    Attributes:
        name: Identifier; never changes.
        used: Operation that reads the cents reserved on the account, given the session and the order's number.
        place: Operation that reserves an amount in cents and returns the cents reserved on the account afterwards;
            finishing it raises ``Conflict`` if too little is left.
        confirm: Check at the approval against the current limit, given the reserved cents; raises ``Conflict``.
        release: Operation that releases an amount in cents.
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


def lock_order_with_holds(session: Session, number: str, other: Operation[T]) -> tuple[OrderState, Buyer, UsedCents, T]:
    """Lock an order's buyer as ``lock_order`` does and read both, the reserved cents, and ``other``.

    Raises:
        NotFound: ``orders.not_found``.
    """
    reads: list[Operation[Any]] = [hold.used(session, number) for hold in HOLDS]
    (order, buyer), *cents_by_hold, others = run_operations(session, locked_order(session, number), *reads, other)
    return order, buyer, {hold.name: cents for hold, cents in zip(HOLDS, cents_by_hold, strict=True)}, others


def place_holds(buyer: Buyer, cents: int) -> list[Operation[int]]:
    """Return the operations that reserve an order's total. Raises as ``Hold.place`` when they finish."""
    return [hold.place(buyer, cents) for hold in HOLDS]


def confirm_holds(session: Session, buyer: Buyer, used_cents: UsedCents) -> None:
    """Check that every account still covers the amounts reserved on it. Raises as ``Hold.confirm``."""
    for hold in HOLDS:
        hold.confirm(session, buyer, used_cents[hold.name])


def release_holds(buyer: Buyer, cents: int) -> list[Operation[int]]:
    """Return the operations that release the amounts reserved by an order.

    They run after the operation that changes the order's status: of two transactions only one may release them.
    """
    return [hold.release(buyer, cents) for hold in HOLDS]
