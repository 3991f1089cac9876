"""Hash chain of the audit log. Events of before are sealed at the next start."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
GUARDS = {
    "sqlite": (
        "CREATE TRIGGER event_seals_no_update BEFORE UPDATE ON event_seals BEGIN SELECT RAISE(ABORT, 'event_seals are never changed'); END",
        "CREATE TRIGGER event_seals_no_delete BEFORE DELETE ON event_seals BEGIN SELECT RAISE(ABORT, 'event_seals are never deleted'); END",
        "CREATE TRIGGER event_seals_no_replace BEFORE INSERT ON event_seals WHEN NEW.id IN (SELECT id FROM event_seals) BEGIN SELECT RAISE(ABORT, 'event_seals are never replaced'); END",
    ),
    "postgresql": (
        "CREATE TRIGGER event_seals_no_change BEFORE UPDATE OR DELETE ON event_seals FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        "CREATE TRIGGER event_seals_no_truncate BEFORE TRUNCATE ON event_seals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    ),
}


def upgrade() -> None:
    """Add the table of seals; like events, they can only be added."""
    hash_text = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
    op.create_table(
        "event_seals",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("after_event_id", sa.BigInteger(), nullable=False),
        sa.Column("last_event_id", sa.BigInteger(), nullable=False),
        sa.Column("event_count", sa.BigInteger(), nullable=False),
        sa.Column("digests", sa.Text(), nullable=False),
        sa.Column("previous_hash", hash_text, nullable=False),
        sa.Column("hash", hash_text, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_seals")),
    )
    connection = op.get_bind()
    for guard in GUARDS[connection.dialect.name]:
        connection.exec_driver_sql(guard)
    if connection.dialect.name == "postgresql" and connection.scalar(
        sa.text("SELECT count(*) FROM pg_roles WHERE rolname = 'qudao_app'")
    ):
        op.execute(sa.text("REVOKE UPDATE, DELETE, TRUNCATE ON event_seals FROM qudao_app"))
