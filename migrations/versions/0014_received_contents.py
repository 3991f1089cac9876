"""What came in within a day, by sender: quotas of storage are counted from it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "received_contents",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("caller", code_text(250), nullable=False),
        sa.Column("kind", code_text(20), nullable=False),
        sa.Column("sha256", code_text(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_contents")),
    )
    op.create_index("ix_received_contents_caller_kind", "received_contents", ["caller", "kind", "created_at"])
    op.create_index("ix_received_contents_created_at", "received_contents", ["created_at"])


def code_text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
