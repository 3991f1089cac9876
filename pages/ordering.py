"""The pages of ordering and deciding, registered in the order that their addresses need."""

from pages.approvals.inbox import register_approvals
from pages.orders.form import register_order_form
from pages.orders.record import register_orders


def register_ordering() -> None:
    """Register order form, orders and approvals; after ``register_importing``, whose ``/orders/import`` comes first."""
    register_order_form()
    register_orders()
    register_approvals()
