"""Rows of earlier releases that `check` names from now on are put right.

Imports whose job has ended stayed "running": they are cancelled, so that their owners can let them go on. A past
affiliation of the demo stood in the branch its partner has left: it follows the partner, as all others do.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

ENDED = "SELECT finished_at FROM jobs WHERE jobs.id = import_batches.job_id AND jobs.status IN ('failed', 'cancelled')"
OWN = "SELECT path FROM partners WHERE partners.id = affiliations.partner_id"


def upgrade() -> None:
    op.execute(
        sa.text(
            f"UPDATE import_batches SET status = 'cancelled', finished_at = ({ENDED})"  # noqa: S608
            f" WHERE status = 'running' AND EXISTS ({ENDED})"
        )
    )
    op.execute(sa.text(f"UPDATE affiliations SET path = ({OWN}) WHERE path <> ({OWN})"))  # noqa: S608
