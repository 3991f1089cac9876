"""Imports whose job has ended are cancelled, so that their owners can let them go on; they stayed "running" before."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    ended = (
        "SELECT finished_at FROM jobs WHERE jobs.id = import_batches.job_id AND jobs.status IN ('failed', 'cancelled')"
    )
    op.execute(
        sa.text(
            f"UPDATE import_batches SET status = 'cancelled', finished_at = ({ended})"  # noqa: S608
            f" WHERE status = 'running' AND EXISTS ({ended})"
        )
    )
