"""Customers and leads, and the files that bring them in."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_import_batches()
    create_customers()
    create_import_problems()


def create_import_batches() -> None:
    op.create_table(
        "import_batches",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("resource", code_text(40), nullable=False),
        sa.Column("person", code_text(200), nullable=False),
        sa.Column("file_id", BIG_ID, nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("sha256", code_text(64), nullable=False),
        sa.Column("kind", code_text(10), nullable=False),
        sa.Column("sheets", sa.JSON(), nullable=False),
        sa.Column("sheet", sa.String(length=200), nullable=False),
        sa.Column("header_row", sa.BigInteger(), nullable=False),
        sa.Column("headings", sa.JSON(), nullable=False),
        sa.Column("headings_key", code_text(64), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("constants", sa.JSON(), nullable=False),
        sa.Column("match", code_text(40), nullable=False),
        sa.Column("mode", code_text(20), nullable=False),
        sa.Column("status", code_text(20), nullable=False),
        sa.Column("checked", sa.JSON(), nullable=True),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("created_count", sa.BigInteger(), nullable=False),
        sa.Column("updated_count", sa.BigInteger(), nullable=False),
        sa.Column("unchanged_count", sa.BigInteger(), nullable=False),
        sa.Column("refused_count", sa.BigInteger(), nullable=False),
        sa.Column("last_row", sa.BigInteger(), nullable=False),
        sa.Column("job_id", BIG_ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_import_batches_file_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_import_batches_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batches")),
    )
    op.create_index(
        "ix_import_batches_headings_key", "import_batches", ["resource", "headings_key", "id"], unique=False
    )
    op.create_index("ix_import_batches_person", "import_batches", ["person", "id"], unique=False)


def create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("code", code_text(64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("uscc", code_text(18), nullable=True),
        sa.Column("region", code_text(6), nullable=True),
        sa.Column("address", sa.String(length=2000), nullable=True),
        sa.Column("stage", code_text(20), nullable=False),
        sa.Column("owner_id", BIG_ID, nullable=True),
        sa.Column("source", sa.String(length=200), nullable=True),
        sa.Column("tags", sa.String(length=2000), nullable=True),
        sa.Column("partner_id", BIG_ID, nullable=True),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_customers_owner_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_customers_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("code", name=op.f("uq_customers_code")),
    )
    op.create_index("ix_customers_created_at", "customers", ["created_at", "id"], unique=False)
    op.create_index("ix_customers_owner_id", "customers", ["owner_id"], unique=False)
    op.create_index("ix_customers_partner_id", "customers", ["partner_id"], unique=False)
    op.create_index("ix_customers_path", "customers", ["path", "created_at", "id"], unique=False)
    op.create_index("ix_customers_stage", "customers", ["stage", "created_at", "id"], unique=False)


def create_import_problems() -> None:
    op.create_table(
        "import_problems",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("batch_id", BIG_ID, nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("field", code_text(40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("code", code_text(80), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batches.id"], name=op.f("fk_import_problems_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_problems")),
    )
    op.create_index("ix_import_problems_batch_id", "import_problems", ["batch_id", "row"], unique=False)


def code_text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
