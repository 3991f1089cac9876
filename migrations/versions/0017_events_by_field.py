"""Events say in which format they were recorded; the outbox of what is to be delivered because of them.

Rows of before are format 1 and stay as they are: they are sealed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("events", sa.Column("format", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("events", sa.Column("subject_version", sa.BigInteger(), nullable=True))
    op.add_column("events", sa.Column("created_values", sa.JSON(), nullable=True))
    partial_index("ix_events_batch_id", "events", ["batch_id", "id"], "batch_id IS NOT NULL")
    op.create_table(
        "outbox",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("event_id", BIG_ID, nullable=False),
        sa.Column("consumer", code_text(40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_outbox_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_delivered_at", "outbox", ["delivered_at"])
    partial_index("ix_outbox_pending", "outbox", ["consumer", "id"], "delivered_at IS NULL")


def partial_index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def code_text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
