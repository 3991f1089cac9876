"""The pages of ordering and deciding, registered in the order that their addresses need."""

from pages.approvals import register_approvals
from pages.order_form import register_order_form
from pages.orders import register_orders


def register_ordering() -> None:
    """Register order form, orders and approvals; after ``register_importing``, whose ``/orders/import`` comes first."""
    register_order_form()
    register_orders()
    register_approvals()
