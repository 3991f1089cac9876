"""Indexes that answer for a whole branch of the channel without looking at the orders themselves."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make both indexes hold all that finding a page of a branch, its count and its sum needs."""
    _again("ix_orders_path", ["path", "created_at", "total_cents", "id"])
    _again("ix_orders_created_at", ["created_at", "id", "path"])


def _again(name: str, columns: list[str]) -> None:
    op.drop_index(name, table_name="orders")
    op.create_index(name, "orders", columns)
