"""What tests of ordering share: a small range with prices, and the steps of an order in units of work of their own."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from core.access import Actor
from core.database.sessions import reading, unit_of_work
from core.drafts import draft_rows
from core.errors import DomainError
from core.events.log import Event
from core.resource import Resource
from models.orders import Order
from models.prices import Price
from models.products import Product
from services.approvals.checks import APPROVAL_CHECKS
from services.money.checks import CREDIT_CHECKS
from services.money.credit import used_credit_cents
from services.orders.approval import approve_order
from services.orders.checks import ORDER_CHECKS
from services.orders.drafts import OrderDraft
from services.orders.lifecycle import place_order, submit_order
from services.orders.pricing import LineDraft
from services.orders.states import OrderState
from services.saving.plans import Saved, SaveOptions
from tests.conftest import ADMIN, HUADONG_CLERK, LING

SINCE = date(2026, 1, 1)
PRODUCTS = (  # sku, box_units, minimum_quantity, status
    ("MILK", 1, 1, "active"),
    ("TEA", 12, 24, "active"),
    ("OLD", 1, 1, "inactive"),
    ("UNPRICED", 1, 1, "active"),
)
PRICES = (  # sku, tier, yuan at 4 decimals
    ("MILK", "master_agent", 100_0000),
    ("MILK", "agent_1", 120_0000),
    ("TEA", "master_agent", 9_0833),
    ("TEA", "agent_1", 10_0000),
    ("OLD", "master_agent", 1_0000),
)


def add_range() -> None:
    """Add products, and prices for master agents and tier-1 agents."""
    with unit_of_work(ADMIN) as session:
        ids = {}
        for sku, box, minimum, status in PRODUCTS:
            product = Product(
                sku=sku, name=f"{sku} 名", unit="件", box_units=box, minimum_quantity=minimum,
                tax_rate_ppm=130_000, status=status,
            )  # fmt: skip
            session.add(product)
            session.flush()
            ids[sku] = product.id
        for sku, tier, price in PRICES:
            session.add(Price(product_id=ids[sku], tier=tier, unit_price=price, valid_from=SINCE))


def save(resource: Resource, actor: Actor, *rows: Mapping[str, Any], version: int | None = None) -> Saved:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = {name: [row.get(name) for row in rows] for name in names}
    drafts, problems = draft_rows(resource.stated_fields, list(range(2, len(rows) + 2)), cells)
    with unit_of_work(actor) as session:
        saved = resource.save(session, drafts, SaveOptions(version=version))
    saved.problems = problems + saved.problems
    return saved


def draft(*lines: tuple[Any, ...], **header: Any) -> OrderDraft:
    return OrderDraft(lines=tuple(LineDraft(*line) for line in lines), **header)


def place(actor: Actor = HUADONG_CLERK, *lines: tuple[Any, ...], submit: bool = False, **header: Any) -> OrderState:
    with unit_of_work(actor) as session:
        return place_order(session, draft(*(lines or (("MILK", 10),)), **header), submit=submit)


def submitted(actor: Actor = HUADONG_CLERK, *lines: tuple[Any, ...], **header: Any) -> OrderState:
    order = place(actor, *lines, **header)
    with unit_of_work(actor) as session:
        return submit_order(session, order.number)


def approved(actor: Actor = HUADONG_CLERK, *lines: tuple[Any, ...], **header: Any) -> OrderState:
    order = submitted(actor, *lines, **header)
    with unit_of_work(LING) as session:
        return approve_order(session, order.number)


def stored(number: str) -> Order | None:
    with reading(ADMIN) as session:
        return session.scalar(select(Order).where(Order.number == number))


def used(partner_id: int) -> int:
    with reading(ADMIN) as session:
        return used_credit_cents(session, partner_id) or 0


def books_are_right() -> bool:
    with reading(ADMIN) as session:
        checks = (APPROVAL_CHECKS | CREDIT_CHECKS | ORDER_CHECKS).values()
        return [fault for check in checks for fault in check(session)] == []


def everything() -> tuple[int, ...]:
    """What a refused step must leave as it is: counts and sums of all that ordering writes."""
    with reading(ADMIN) as session:
        orders = session.execute(select(func.count(), func.sum(Order.version), func.sum(Order.total_cents))).one()
        events = session.scalar(select(func.count()).select_from(Event))
        return (*orders, events, *(used(partner_id) for partner_id in (1, 2, 3)))


def refused(actor, work) -> DomainError:
    """Run a step that must be refused and leave everything as it is; return the error."""
    before = everything()
    with pytest.raises(DomainError) as error, unit_of_work(actor) as session:
        work(session)
    assert everything() == before
    return error.value


def actions() -> list[str]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(Event.action).where(Event.subject == "orders").order_by(Event.id)))
