"""Loading of demo data: partners, stores, products, customers, 18 months of orders.

Everything follows from a seed, today's date and the shipped regions; only the passwords are drawn anew each time.
Orders go in by slices, each with its mark in a unit of work of its own, so that any number of them needs the same
memory, nobody else waits long for the database, and what a killed load left can be cleared.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.sessions import transact
from core.errors import Conflict, InvalidInput
from core.events.log import EventDraft, record
from core.i18n import N_
from core.kinds.standard import yuan
from core.permissions import Permission
from models.accounts.users import User
from models.customers import Customer
from models.orders import Order, OrderStatus
from models.partners.affiliation_requests import AffiliationRequest
from models.partners.applications import Application
from models.partners.invites import Invite
from models.partners.partners import Partner
from models.prices import Price
from models.products import Product
from models.stores import Store
from services.approvals.cases import open_cases
from services.demo._base import MasterData, add_master_data
from services.demo._credit import add_to_balances, set_limits
from services.demo._names import PEOPLE
from services.demo._orders import PLACER, DemoOrder, OrderMaker, moments
from services.demo._rows import demo_marks, id_runs, insert_numbered, mark_rows, reserve_row_ids
from services.hierarchies import lock_organisation
from services.orders.approval import ORDER_APPROVALS
from services.orders.contents import HEADER, insert_lines
from services.partners.tree import lock_tree

BUSINESS = (Partner, Store, Product, Price, Customer, Order, Application, AffiliationRequest, Invite)
"""Tables that must be empty before a load."""
NEEDED = (Permission.PARTNER_CREDIT_EDIT, Permission.PRICE_EDIT, Permission.ORDER_APPROVE, Permission.USER_EDIT)
SLICE = 2_500  # orders in one unit of work
ORDER_COLUMNS = (
    "number", "buyer_id", "path", "status", *HEADER, "total_cents", "tax_cents", "content_sha256", "placed_by",
    "submitted_by", "submitted_at", "decided_by", "decided_at", "shipped_by", "shipped_at", "version", "created_at",
    "updated_at",
)  # fmt: skip
SHIPPER = "ling@demo.example"
TO_SUBMIT = timedelta(minutes=4)  # from placing an order to submitting it
VERSIONS = {OrderStatus.DRAFT: 1, OrderStatus.SUBMITTED: 1, OrderStatus.SHIPPED: 3}  # 2 for one that is decided


@dataclass(frozen=True, slots=True)
class DemoSize:
    """Amount of demo data. ``stores`` are stores that order, so each is a partner too, beside the ``partners``."""

    partners: int = 200
    stores: int = 1_000
    orders: int = 6_000
    seed: int = 20_261_122


def load_demo(actor: Actor, size: DemoSize, on_slice: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
    """Fill a database without business rows with a made-up brand.

    Args:
        actor: An administrator; its transactions are its own.
        size: How much of everything.
        on_slice: Called with the number of orders loaded, after each slice.

    Returns:
        How many rows of each, ``people`` (e-mail, role, password: shown nowhere else), and ``to_find``: the codes of
        the partners and stores in the three frauds.

    Raises:
        NotPermitted: The actor is no administrator.
        Conflict: ``demo.already_loaded``, ``demo.not_empty``.
        InvalidInput: ``demo.nobody_orders``.
    """
    for permission in NEEDED:
        actor.require(permission)
    if size.orders and not size.partners:
        raise InvalidInput("demo.nobody_orders", N_("Orders need partners: state at least one."))
    started_at = now().replace(microsecond=0)
    base = transact(actor, lambda session: _begin(session, size, started_at))
    random = Random(f"{size.seed} orders")  # noqa: S311  (made-up orders protect nothing)
    maker = OrderMaker(random, base.channel, base.goods, started_at)
    coming = (maker.make(*moment) for moment in moments(random, size.orders, base.first_day, started_at))
    count = 0
    while orders := list(islice(coming, SLICE)):
        transact(actor, lambda session, orders=orders: _add_orders(session, orders))  # type: ignore[misc]
        count += len(orders)
        on_slice(count)
    limits = Random(f"{size.seed} limits")  # noqa: S311
    transact(actor, lambda session: set_limits(session, base.channel, limits))
    return _facts(size, base)


def _begin(session: Session, size: DemoSize, started_at: datetime) -> MasterData:
    lock_organisation(session)
    lock_tree(session)  # a second load waits here, and then finds the first one's rows
    require_empty(session)
    return add_master_data(session, size.partners, size.stores, size.seed, started_at, {"size": asdict(size)})


def require_empty(session: Session) -> None:
    """Require a database without business rows. Raises ``Conflict``."""
    if demo_marks(session):
        raise Conflict(
            "demo.already_loaded",
            N_("Demo data is here already. Remove it first: python app.py demo clear"),
        )
    counts = {model.__tablename__: session.scalar(select(func.count()).select_from(model)) for model in BUSINESS}
    emails = [person.email for person in PEOPLE]
    counts["users"] = session.scalar(select(func.count()).select_from(User).where(User.email.in_(emails)))
    found = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    if found:
        raise Conflict(
            "demo.not_empty",
            N_("Demo data goes only into a database without business rows, and this one has some: {found}"),
            found=found,
        )


def _add_orders(session: Session, orders: Sequence[DemoOrder]) -> None:
    """Add orders with their lines, the credit they use, one event each, and the mark."""
    ids = reserve_row_ids(session, Order, len(orders))
    insert_numbered(session, Order, ids, ORDER_COLUMNS, map(_row, orders))
    insert_lines(
        session,
        [(order_id, one.priced.buyer.path, one.priced.lines) for order_id, one in zip(ids, orders, strict=True)],
    )
    add_to_balances(session, or_(*(Order.id.between(first, last) for first, last in id_runs(ids))))
    happenings = [
        EventDraft(one.priced.number, one.priced.buyer.path, data={"total": yuan(one.priced.total_cents), "demo": True})
        for one in orders
    ]
    record(session, "order.placed", "orders", happenings)
    open_cases(session, ORDER_APPROVALS, [one.priced.number for one in orders if one.status is OrderStatus.SUBMITTED])
    mark_rows(session, {Order: ids}, {})


def _row(order: DemoOrder) -> tuple[Any, ...]:
    priced, is_draft = order.priced, order.status is OrderStatus.DRAFT
    submitted_at = None if is_draft else order.placed_at + TO_SUBMIT
    return (
        priced.number,
        priced.buyer.id,
        priced.buyer.path,
        order.status.value,
        *(priced.header[name] for name in HEADER),
        priced.total_cents,
        priced.tax_cents,
        priced.content_sha256,
        PLACER,
        None if is_draft else PLACER,
        submitted_at,
        order.decided_by,
        order.decided_at,
        SHIPPER if order.shipped_at else None,
        order.shipped_at,
        VERSIONS.get(order.status, 2),
        order.placed_at,
        order.shipped_at or order.decided_at or submitted_at or order.placed_at,
    )


def _facts(size: DemoSize, base: MasterData) -> dict[str, Any]:
    frauds = {"one_company": base.channel.twins, "diversion": base.channel.diverting[:1]}
    to_find = {name: [one.buyer.code for one in found] for name, found in frauds.items()}
    return {
        "partners": size.partners,
        "stores": size.stores,
        "products": len(base.goods.articles),
        "customers": base.customer_count,
        "orders": size.orders,
        "seed": size.seed,
        "to_find": to_find | {"fake_stores": base.fake_stores},
        "people": base.people,
    }
