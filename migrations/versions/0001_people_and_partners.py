"""Who is who: partners and the tree they form, people, sessions, keys of programs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_attempt_counts()
    create_partners()
    create_affiliations()
    create_users()
    create_api_tokens()
    create_known_devices()
    create_one_time_links()
    create_recovery_codes()
    create_user_sessions()
    grant()


def create_attempt_counts() -> None:
    op.create_table(
        "attempt_counts",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("subject", code_text(120), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt_counts")),
        sa.UniqueConstraint("subject", name=op.f("uq_attempt_counts_subject")),
    )
    op.create_index("ix_attempt_counts_last_at", "attempt_counts", ["last_at"], unique=False)


def create_partners() -> None:
    op.create_table(
        "partners",
        sa.Column("code", code_text(64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("tier", code_text(20), nullable=False),
        sa.Column("upstream_id", BIG_ID, nullable=True),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("uscc", code_text(18), nullable=True),
        sa.Column("contact", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("region", code_text(6), nullable=True),
        sa.Column("address", sa.String(length=2000), nullable=True),
        sa.Column("status", code_text(20), nullable=False),
        sa.Column("credit_limit_cents", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("credit_limit_cents >= 0", name=op.f("ck_partners_credit_limit_not_negative")),
        sa.ForeignKeyConstraint(["upstream_id"], ["partners.id"], name=op.f("fk_partners_upstream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("code", name=op.f("uq_partners_code")),
    )
    op.create_index("ix_partners_name", "partners", ["name"], unique=False)
    op.create_index("ix_partners_path", "partners", ["path"], unique=False)
    op.create_index("ix_partners_upstream_id", "partners", ["upstream_id"], unique=False)


def create_affiliations() -> None:
    op.create_table(
        "affiliations",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("partner_id", BIG_ID, nullable=False),
        sa.Column("upstream_id", BIG_ID, nullable=True),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_affiliations_days_in_order")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_affiliations_partner_id")),
        sa.ForeignKeyConstraint(["upstream_id"], ["partners.id"], name=op.f("fk_affiliations_upstream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliations")),
    )
    op.create_index("ix_affiliations_partner_id_valid_from", "affiliations", ["partner_id", "valid_from"], unique=True)
    op.create_index("ix_affiliations_upstream_id", "affiliations", ["upstream_id"], unique=False)


def create_users() -> None:
    op.create_table(
        "users",
        sa.Column("email", code_text(200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", code_text(20), nullable=False),
        sa.Column("partner_id", BIG_ID, nullable=True),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("status", code_text(20), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_secret", sa.String(length=64), nullable=True),
        sa.Column("totp_used", sa.BigInteger(), nullable=True),
        sa.Column("language", code_text(10), nullable=False),
        sa.Column("theme", code_text(10), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_users_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_index("ix_users_partner_id", "users", ["partner_id"], unique=False)
    op.create_index("ix_users_path", "users", ["path"], unique=False)


def create_api_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("prefix", code_text(12), nullable=False),
        sa.Column("token_hash", code_text(64), nullable=False),
        sa.Column("role", code_text(20), nullable=False),
        sa.Column("partner_id", BIG_ID, nullable=True),
        sa.Column("user_id", BIG_ID, nullable=True),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_api_tokens_partner_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )


def create_known_devices() -> None:
    op.create_table(
        "known_devices",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("token_hash", code_text(64), nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_known_devices_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_devices")),
    )
    op.create_index("ix_known_devices_user_id", "known_devices", ["user_id"], unique=False)


def create_one_time_links() -> None:
    op.create_table(
        "one_time_links",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("token_hash", code_text(64), nullable=False),
        sa.Column("purpose", code_text(20), nullable=False),
        sa.Column("user_id", BIG_ID, nullable=True),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_one_time_links_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_links_token_hash")),
    )
    op.create_index("ix_one_time_links_user_id", "one_time_links", ["user_id"], unique=False)


def create_recovery_codes() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("code_hash", code_text(64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_index("ix_recovery_codes_user_id_code_hash", "recovery_codes", ["user_id", "code_hash"], unique=True)


def create_user_sessions() -> None:
    op.create_table(
        "user_sessions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("token_hash", code_text(64), nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("role", code_text(20), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=True),
        sa.Column("state", code_text(20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stepped_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", code_text(30), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("totp_offered", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_sessions_token_hash")),
    )
    op.create_index("ix_user_sessions_expires_at", "user_sessions", ["expires_at"], unique=False)
    op.create_index("ix_user_sessions_user_id_state", "user_sessions", ["user_id", "state"], unique=False)


def code_text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def grant() -> None:
    """Let the application's role read and write what the login that migrates makes, now and later."""
    if not has_role():
        return
    schema = op.get_bind().scalar(sa.text("SELECT current_schema()"))
    for statement in (
        f'GRANT USAGE ON SCHEMA "{schema}" TO qudao_app',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO qudao_app',
        f'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA "{schema}" TO qudao_app',
        f'ALTER DEFAULT PRIVILEGES IN SCHEMA "{schema}" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO qudao_app',
        f'ALTER DEFAULT PRIVILEGES IN SCHEMA "{schema}" GRANT USAGE, SELECT ON SEQUENCES TO qudao_app',
        "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM qudao_app",
    ):
        op.execute(sa.text(statement))


def has_role() -> bool:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return False
    return bool(connection.scalar(sa.text("SELECT 1 FROM pg_roles WHERE rolname = 'qudao_app'")))
