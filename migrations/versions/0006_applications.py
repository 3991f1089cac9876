"""Partners that apply: invite codes, applications and changes of upstream."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_invites()
    create_applications()
    create_affiliation_requests()


def create_invites() -> None:
    op.create_table(
        "invites",
        sa.Column("code", code_text(8), nullable=False),
        sa.Column("partner_id", BIG_ID, nullable=True),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("tiers", code_text(300), nullable=False),
        sa.Column("uses_max", sa.BigInteger(), nullable=False),
        sa.Column("used_count", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("used_count >= 0 AND used_count <= uses_max", name=op.f("ck_invites_used_within_uses")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_invites_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invites")),
        sa.UniqueConstraint("code", name=op.f("uq_invites_code")),
    )
    op.create_index("ix_invites_partner_id", "invites", ["partner_id"], unique=False)
    op.create_index("ix_invites_path", "invites", ["path", "id"], unique=False)


def create_applications() -> None:
    op.create_table(
        "applications",
        sa.Column("number", code_text(64), nullable=False),
        sa.Column("token_hash", code_text(64), nullable=True),
        sa.Column("partner_id", BIG_ID, nullable=True),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("status", code_text(20), nullable=False),
        sa.Column("stated", sa.JSON(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("tier", code_text(20), nullable=True),
        sa.Column("uscc", code_text(18), nullable=True),
        sa.Column("contact", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("email", code_text(200), nullable=True),
        sa.Column("region", code_text(6), nullable=True),
        sa.Column("address", sa.String(length=2000), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("licence_sha256", code_text(64), nullable=True),
        sa.Column("language", code_text(10), nullable=False),
        sa.Column("upstream_id", BIG_ID, nullable=True),
        sa.Column("invite_id", BIG_ID, nullable=True),
        sa.Column("upstream_word", code_text(20), nullable=True),
        sa.Column("upstream_by", sa.String(length=200), nullable=True),
        sa.Column("upstream_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("upstream_note", sa.String(length=2000), nullable=True),
        sa.Column("entered_by", sa.String(length=200), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waits_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["invite_id"], ["invites.id"], name=op.f("fk_applications_invite_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_applications_partner_id")),
        sa.ForeignKeyConstraint(["upstream_id"], ["partners.id"], name=op.f("fk_applications_upstream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("number", name=op.f("uq_applications_number")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_applications_token_hash")),
    )
    op.create_index("ix_applications_created_at", "applications", ["created_at", "id"], unique=False)
    op.create_index("ix_applications_partner_id", "applications", ["partner_id"], unique=False)
    op.create_index("ix_applications_path", "applications", ["path", "id"], unique=False)
    op.create_index("ix_applications_status", "applications", ["status", "waits_since", "id"], unique=False)
    op.create_index("ix_applications_upstream_id", "applications", ["upstream_id"], unique=False)


def create_affiliation_requests() -> None:
    op.create_table(
        "affiliation_requests",
        sa.Column("number", code_text(64), nullable=False),
        sa.Column("partner_id", BIG_ID, nullable=False),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("from_upstream_id", BIG_ID, nullable=True),
        sa.Column("to_upstream_id", BIG_ID, nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("status", code_text(20), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("owner_answer", code_text(20), nullable=True),
        sa.Column("owner_by", sa.String(length=200), nullable=True),
        sa.Column("owner_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("upstream_answer", code_text(20), nullable=True),
        sa.Column("upstream_by", sa.String(length=200), nullable=True),
        sa.Column("upstream_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("objection", sa.String(length=2000), nullable=True),
        sa.Column("objected_by", sa.String(length=200), nullable=True),
        sa.Column("objected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waits_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.String(length=2000), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(length=2000), nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_upstream_id"], ["partners.id"], name=op.f("fk_affiliation_requests_from_upstream_id")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_affiliation_requests_partner_id")),
        sa.ForeignKeyConstraint(
            ["to_upstream_id"], ["partners.id"], name=op.f("fk_affiliation_requests_to_upstream_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliation_requests")),
        sa.UniqueConstraint("number", name=op.f("uq_affiliation_requests_number")),
    )
    op.create_index("ix_affiliation_requests_partner_id", "affiliation_requests", ["partner_id"], unique=False)
    op.create_index("ix_affiliation_requests_path", "affiliation_requests", ["path", "id"], unique=False)
    op.create_index(
        "ix_affiliation_requests_status", "affiliation_requests", ["status", "waits_since", "id"], unique=False
    )
    op.create_index("ix_affiliation_requests_to_upstream_id", "affiliation_requests", ["to_upstream_id"], unique=False)


def code_text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
