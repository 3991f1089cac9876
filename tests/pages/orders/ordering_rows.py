"""A small range with prices for two tiers, and orders of it, for the tests of ordering pages.

QH-500 comes in boxes of 6, QH-501 in boxes of 12, QH-502 singly from 5 up; QH-509 has no price, QH-510 is not sold.
"""

from nicegui.testing import User
from sqlalchemy import select

from core.access import Actor
from core.database.sessions import reading, unit_of_work
from models.orders import Order
from services.orders.drafts import OrderDraft
from services.orders.lifecycle import place_order
from services.orders.pricing import LineDraft
from tests.browser.finding import found, one
from tests.conftest import ADMIN
from tests.pages.staff_rows import state_rows

SKUS = ("QH-500", "QH-501", "QH-502", "QH-509", "QH-510")


def stock_range() -> None:
    """Save the products, with prices of 100, 20 and 5 yuan for master agents, 10 % more for tier-1 agents."""
    state_rows(
        "products",
        {
            "sku": SKUS,
            "name": ["有机山茶油礼盒 500ml×2", "有机山茶油 1L", "冷榨亚麻籽油 500ml", "花椒油 210ml", "旧装菜籽油"],
            "unit": ["件", "瓶", "件", "件", "件"],
            "box_units": ["6", "12", "1", "1", "1"],
            "minimum_quantity": ["6", "12", "5", "1", "1"],
            "status": ["active", "active", "active", "active", "inactive"],
        },
    )
    prices = {"master_agent": ("100", "20", "5"), "agent_1": ("110", "22", "5.5")}
    for tier, amounts in prices.items():
        for sku, amount in zip(SKUS, amounts, strict=False):
            state_price(sku, tier, amount, "2026-01-01")


async def seen(user: User, text: str) -> None:
    """Wait until the page shows a text; a page that follows a click may take a moment on a busy machine."""
    await user.should_see(text, retries=100)


def state_price(sku: str, tier: str, amount: str, day: str) -> None:
    """Save one price."""
    state_rows("prices", {"sku": [sku], "tier": [tier], "unit_price": [amount], "valid_from": [day]})


def order(actor: Actor, *lines: tuple[str, int], buyer: str | None = None, submit: bool = True) -> str:
    """Place an order of SKUs and quantities and return its number; without lines 12 × QH-500."""
    stated = tuple(LineDraft(sku, quantity) for sku, quantity in lines or (("QH-500", 12),))
    with unit_of_work(actor) as session:
        return place_order(session, OrderDraft(buyer=buyer, lines=stated), submit=submit).number


def newest_order() -> Order:
    """Return the order that was placed last."""
    with reading(ADMIN) as session:
        return session.scalars(select(Order).order_by(Order.id.desc()).limit(1)).one()


def submit(user: User) -> None:
    """Submit the order as the browser does: the click states the total it shows."""
    found(user, "action-submit").trigger("click", one(user, "basket-total").text)
