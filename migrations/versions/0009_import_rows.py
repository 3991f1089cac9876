"""What became of each row of an import, and workbooks with errors that take longer than a click."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_import_slices()
    create_import_workbooks()


def create_import_slices() -> None:
    op.create_table(
        "import_slices",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("batch_id", BIG_ID, nullable=False),
        sa.Column("first_row", sa.BigInteger(), nullable=False),
        sa.Column("last_row", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("created_count", sa.BigInteger(), nullable=False),
        sa.Column("updated_count", sa.BigInteger(), nullable=False),
        sa.Column("unchanged_count", sa.BigInteger(), nullable=False),
        sa.Column("refused_count", sa.BigInteger(), nullable=False),
        sa.Column("fates", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batches.id"], name=op.f("fk_import_slices_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_slices")),
        sa.UniqueConstraint("batch_id", "first_row", name=op.f("uq_import_slices_batch_id_first_row")),
    )


def create_import_workbooks() -> None:
    op.create_table(
        "import_workbooks",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("batch_id", BIG_ID, nullable=False),
        sa.Column("job_id", BIG_ID, nullable=False),
        sa.Column("file_id", BIG_ID, nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batches.id"], name=op.f("fk_import_workbooks_batch_id")),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_import_workbooks_file_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_import_workbooks_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_workbooks")),
        sa.UniqueConstraint("batch_id", name=op.f("uq_import_workbooks_batch_id")),
    )
