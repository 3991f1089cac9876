"""Stores: their positions, findings and photos."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_stores()
    create_store_positions()
    create_store_findings()
    create_store_photos()


def create_stores() -> None:
    op.create_table(
        "stores",
        sa.Column("code", code_text(64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("partner_id", BIG_ID, nullable=True),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("region", code_text(6), nullable=True),
        sa.Column("address", sa.String(length=2000), nullable=True),
        sa.Column("status", code_text(20), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("datum", code_text(10), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("position_source", code_text(10), nullable=True),
        sa.Column("fixed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wgs84_latitude", sa.Double(), nullable=True),
        sa.Column("wgs84_longitude", sa.Double(), nullable=True),
        sa.Column("cell", sa.BigInteger(), nullable=True),
        sa.Column("name_key", sa.String(length=200), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("finding_count", sa.BigInteger(), nullable=False),
        sa.Column("ordering_partner_id", BIG_ID, nullable=True),
        sa.Column("registered_by", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("ck_stores_latitude_on_earth")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("ck_stores_longitude_on_earth")),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_stores_score_in_range")),
        sa.ForeignKeyConstraint(["ordering_partner_id"], ["partners.id"], name=op.f("fk_stores_ordering_partner_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_stores_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stores")),
        sa.UniqueConstraint("code", name=op.f("uq_stores_code")),
    )
    op.create_index("ix_stores_cell", "stores", ["cell", "wgs84_latitude", "wgs84_longitude"], unique=False)
    op.create_index("ix_stores_created_at", "stores", ["created_at", "id"], unique=False)
    op.create_index("ix_stores_ordering_partner_id", "stores", ["ordering_partner_id"], unique=True)
    op.create_index("ix_stores_partner_id", "stores", ["partner_id"], unique=False)
    op.create_index("ix_stores_path", "stores", ["path", "created_at", "id"], unique=False)
    op.create_index("ix_stores_phone", "stores", ["phone"], unique=False)
    op.create_index("ix_stores_status", "stores", ["status", "score", "id"], unique=False)


def create_store_positions() -> None:
    op.create_table(
        "store_positions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("store_id", BIG_ID, nullable=False),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("datum", code_text(10), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("position_source", code_text(10), nullable=True),
        sa.Column("fixed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wgs84_latitude", sa.Double(), nullable=True),
        sa.Column("wgs84_longitude", sa.Double(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_store_positions_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_positions")),
    )
    op.create_index("ix_store_positions_store_id", "store_positions", ["store_id", "valid_from"], unique=False)


def create_store_findings() -> None:
    op.create_table(
        "store_findings",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("store_id", BIG_ID, nullable=False),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("code", code_text(40), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("other_store_id", BIG_ID, nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", code_text(20), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.CheckConstraint("points BETWEEN 0 AND 100", name=op.f("ck_store_findings_points_in_range")),
        sa.ForeignKeyConstraint(["other_store_id"], ["stores.id"], name=op.f("fk_store_findings_other_store_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_store_findings_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_findings")),
    )
    op.create_index("ix_store_findings_other_store_id", "store_findings", ["other_store_id"], unique=False)
    op.create_index("ix_store_findings_store_id", "store_findings", ["store_id", "code"], unique=False)


def create_store_photos() -> None:
    op.create_table(
        "store_photos",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("store_id", BIG_ID, nullable=False),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("sha256", code_text(64), nullable=False),
        sa.Column("original_sha256", code_text(64), nullable=False),
        sa.Column("look", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("software", sa.String(length=200), nullable=False),
        sa.Column("camera", sa.String(length=200), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_store_photos_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_photos")),
    )
    op.create_index("ix_store_photos_look", "store_photos", ["look"], unique=False)
    op.create_index("ix_store_photos_original_sha256", "store_photos", ["original_sha256"], unique=False)
    op.create_index("ix_store_photos_store_id", "store_photos", ["store_id"], unique=False)


def code_text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
