"""Jobs run in lanes: those that are there get the lane of their kind, and heavy files are told from light ones."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

LIGHT_WEIGHT_MAX = 5_000
JOBS = sa.table("jobs", sa.column("name", sa.String), sa.column("weight", sa.BigInteger), sa.column("lane", sa.String))


def upgrade() -> None:
    lane = sa.Column("lane", code_text(20), server_default="interactive", nullable=False)
    op.add_column("jobs", lane)
    is_heavy_file = JOBS.c.name.like("imports.%") & (JOBS.c.weight > LIGHT_WEIGHT_MAX)
    op.execute(sa.update(JOBS).where(is_heavy_file).values(lane="import"))
    op.execute(sa.update(JOBS).where(JOBS.c.name.like("housekeeping.%")).values(lane="night"))
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("weight")


def code_text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
