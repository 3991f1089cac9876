"""Jobs that name their owner and not what the owner may do, with their weight; the last instant of the clock."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SYSTEM = {("worker", ""): "worker", ("command line", "command line"): "command line"}
"""(name, person) of jobs without an account → program of the installation they belong to."""
JOBS = sa.table(
    "jobs",
    sa.column("id", sa.BigInteger),
    sa.column("status", sa.String),
    sa.column("on_behalf", sa.JSON),
)


def upgrade() -> None:
    create_clock_marks()
    op.add_column("jobs", sa.Column("weight", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("advanced_count", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index("ix_jobs_person_status", "jobs", ["person", "status"])
    op.create_index("ix_jobs_person_started_at", "jobs", ["person", "started_at"])
    keep_owners_only()


def create_clock_marks() -> None:
    op.create_table(
        "clock_marks",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doubted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_marks")),
    )


def keep_owners_only() -> None:
    """Drop role, branch and language from jobs that are not done: they are looked up when a job runs."""
    connection = op.get_bind()
    kept = sa.select(JOBS.c.id, JOBS.c.on_behalf).where(JOBS.c.status != "done")
    for number, facts in connection.execute(kept).all():
        changed = sa.update(JOBS).where(JOBS.c.id == number).values(on_behalf=owner_facts(facts))
        connection.execute(changed)


def owner_facts(facts: dict[str, Any]) -> dict[str, Any]:
    """Return whose job it is, as ``core.jobs.rows.owner_facts`` writes it."""
    user_id = facts.get("user_id")
    program = (str(facts.get("name", "")), str(facts.get("person", "")))
    return {
        "name": facts.get("name", ""),
        "user_id": user_id,
        "partner_id": facts.get("partner_id"),
        "system": None if user_id is not None else SYSTEM.get(program),
    }
