"""Credit: a partner's limit against the orders that use it up, never more than that, also with concurrent orders.

The partner's row is locked first, then the order is moved on, then the balance changes by one conditional statement.
Everyone keeps to that sequence, so nobody waits in a circle. See ``models.money.credit.CreditBalance`` for what counts.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, cast, func, insert, or_, select, update
from sqlalchemy.orm import Session

from core.database.operations import Operation
from core.database.prepared import Prepared, StatementResult
from core.database.sessions import actor_of
from core.errors import Conflict, Problem
from core.i18n import N_, translate
from core.kinds.standard import grouped_yuan
from core.permissions import Permission
from models.money.credit import CreditBalance
from models.orders import USES_CREDIT, Order
from models.partners.partners import STATUS_LABELS, Partner, PartnerStatus
from services.branch_statements import in_branch, read_in_branch, read_operation, write


class Buyer(NamedTuple):
    """The partner that an order is for."""

    id: int
    code: str
    name: str
    tier: str
    path: str
    status: str
    credit_limit_cents: int | None
    contact: str | None
    phone: str | None
    region: str | None
    address: str | None


class CreditDifference(NamedTuple):
    """A balance that differs from the sum of its partner's orders: an inconsistency."""

    partner: str
    used_cents: int
    orders_cents: int


BUYER_COLUMNS: tuple[Any, ...] = tuple(getattr(Partner, name) for name in Buyer._fields)


_BEGIN = Prepared(insert(CreditBalance), columns=("partner_id", "path", "used_cents"))
_USED = Prepared(
    select(CreditBalance.used_cents).where(
        CreditBalance.partner_id == bindparam("partner_id"), in_branch(CreditBalance.path)
    )
)
_USED_BY_BUYER_OF_ORDER = Prepared(
    select(CreditBalance.used_cents).where(
        CreditBalance.partner_id == select(Order.buyer_id).where(Order.number == bindparam("number")).scalar_subquery(),
        in_branch(CreditBalance.path),
    )
)
_AFTERWARDS = CreditBalance.used_cents + bindparam("cents", type_=BigInteger)
_LIMIT = cast(bindparam("limit", type_=BigInteger), BigInteger)
_ADD = Prepared(
    update(CreditBalance)
    .where(CreditBalance.partner_id == bindparam("of_partner"), or_(_LIMIT.is_(None), _AFTERWARDS <= _LIMIT))
    .values(used_cents=_AFTERWARDS)
    .returning(CreditBalance.used_cents)
)


def require_active(buyer: Buyer) -> None:
    """Go on only for an active partner. Raises ``Conflict`` ``orders.buyer_not_active``."""
    if buyer.status != PartnerStatus.ACTIVE.value:
        problem = Problem("orders.buyer_not_active", N_("is not active, so nothing can be ordered for it"))
        raise Conflict(
            "orders.buyer_not_active",
            N_("{buyer} is not active (status: {status}), so nothing can be ordered for it."),
            fields={"buyer": problem},
            buyer=buyer.name,
            status=translate(STATUS_LABELS[PartnerStatus(buyer.status)][0]),
        )


def hold_credit(buyer: Buyer, cents: int) -> Operation[int]:
    """Return the operation that uses up ``cents`` of a buyer's credit and returns how much is used then.

    Args:
        buyer: Whose credit. The transaction holds the lock on its row, so the limit is the present one.
        cents: Amount of the order, 0 or more.

    Raises:
        Conflict: ``orders.credit_exceeded``, when the operation finishes.
    """

    def finish(session: Session, result: StatementResult) -> int:
        used_cents: int | None = result.scalar()
        return _open_balance(session, buyer, cents) if used_cents is None else used_cents

    return _add(buyer.id, cents, buyer.credit_limit_cents, finish)


def release_credit(buyer: Buyer, cents: int) -> Operation[int]:
    """Return the operation that gives back what an order held and returns how much is used then.

    Needs the lock as ``hold_credit``.
    """

    def finish(session: Session, result: StatementResult) -> int:
        used_cents: int | None = result.scalar()
        if used_cents is None:
            raise RuntimeError(f"partner {buyer.code} has no balance to release credit from")
        return used_cents

    return _add(buyer.id, -cents, None, finish)


def recheck_credit(session: Session, buyer: Buyer, used_cents: int) -> None:
    """Go on only if a buyer's used credit is within the present limit.

    Both must have been read under the lock, see ``hold_credit``.

    Raises:
        Conflict: ``orders.credit_exceeded``.
    """
    if buyer.credit_limit_cents is not None and used_cents > buyer.credit_limit_cents:
        raise _exceeded(session, buyer, used_cents)


def used_credit_cents(session: Session, partner_id: int) -> int | None:
    """Return the used credit of a partner in cents; None if it never used any."""
    used: int | None = read_in_branch(session, _USED, partner_id=partner_id).scalar()
    return used


def credit_used_for_order(session: Session, number: str) -> Operation[int]:
    """Return the operation that reads how many cents of credit the buyer of an order has used; 0 if none ever."""
    return read_operation(session, _USED_BY_BUYER_OF_ORDER, lambda _, result: int(result.scalar() or 0), number=number)


def credit_differences(session: Session) -> list[CreditDifference]:
    """Return the balances that differ from the sum of their orders; empty if all are right."""
    sums = (
        select(Order.buyer_id, func.sum(Order.total_cents).label("cents"))
        .where(Order.status.in_(USES_CREDIT))
        .group_by(Order.buyer_id)
        .subquery()
    )
    orders_cents = func.coalesce(sums.c.cents, 0)
    used_cents = func.coalesce(CreditBalance.used_cents, 0)
    query = (
        select(Partner.code, used_cents, orders_cents)
        .outerjoin(CreditBalance, CreditBalance.partner_id == Partner.id)
        .outerjoin(sums, sums.c.buyer_id == Partner.id)
        .where(used_cents != orders_cents)
        .order_by(Partner.code)
    )
    return [CreditDifference(code, int(used), int(ordered)) for code, used, ordered in session.execute(query)]


def _add(
    partner_id: int, cents: int, limit_cents: int | None, finish: Callable[[Session, StatementResult], int]
) -> Operation[int]:
    """Return the operation that adds to a balance within a limit (None = any); no row if nothing changed."""
    return Operation(_ADD, {"of_partner": partner_id, "cents": cents, "limit": limit_cents}, finish)


def _open_balance(session: Session, buyer: Buyer, cents: int) -> int:
    """Begin the balance of a buyer who has none yet, and return it. Raises as ``hold_credit``."""
    limit_cents = buyer.credit_limit_cents
    used_cents = used_credit_cents(session, buyer.id)
    if used_cents is None and (limit_cents is None or cents <= limit_cents):
        write(session, _BEGIN, {"partner_id": buyer.id, "path": buyer.path, "used_cents": cents})
        return cents
    raise _exceeded(session, buyer, (used_cents or 0) + cents)


def _exceeded(session: Session, buyer: Buyer, needed_cents: int) -> Conflict:
    limit = buyer.credit_limit_cents or 0
    if not actor_of(session).can(Permission.PARTNER_CREDIT_VIEW):
        sentence = N_("The credit of {buyer} does not cover this order. Ask for a higher limit, or order less.")
        return Conflict("orders.credit_exceeded", sentence, buyer=buyer.name)
    return Conflict(
        "orders.credit_exceeded",
        N_(
            "The credit of {buyer} does not cover this: open orders would come to {needed} yuan, "
            "the limit is {limit} yuan ({over} yuan too much)."
        ),
        buyer=buyer.name,
        needed=grouped_yuan(needed_cents),
        limit=grouped_yuan(limit),
        over=grouped_yuan(needed_cents - limit),
    )
