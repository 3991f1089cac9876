"""Indexes that answer for a list by time or by number, filtered by status or total, without looking at the orders."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make both orders hold all that walking through a long list needs."""
    op.drop_index("ix_orders_created_at", table_name="orders")
    op.create_index("ix_orders_created_at", "orders", ["created_at", "id", "path", "status", "total_cents"])
    op.create_index("ix_orders_number", "orders", ["number", "id", "path", "status", "total_cents"])
