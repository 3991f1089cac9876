"""Products, prices per tier, orders with their decisions and the credit they use."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
GUARDS = {
    "sqlite": (
        "CREATE TRIGGER approvals_no_update BEFORE UPDATE OF id, order_id, decision, person, name, role, decided_at, reason, order_version, content_sha256, total_cents, credit_limit_cents, credit_used_cents ON approvals BEGIN SELECT RAISE(ABORT, 'approvals are never changed'); END",
        "CREATE TRIGGER approvals_no_delete BEFORE DELETE ON approvals BEGIN SELECT RAISE(ABORT, 'approvals are never deleted'); END",
        "CREATE TRIGGER approvals_no_replace BEFORE INSERT ON approvals WHEN NEW.id IN (SELECT id FROM approvals) BEGIN SELECT RAISE(ABORT, 'approvals are never replaced'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
        "CREATE TRIGGER approvals_no_update BEFORE UPDATE OF id, order_id, decision, person, name, role, decided_at, reason, order_version, content_sha256, total_cents, credit_limit_cents, credit_used_cents ON approvals FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        "CREATE TRIGGER approvals_no_delete BEFORE DELETE ON approvals FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        "CREATE TRIGGER approvals_no_truncate BEFORE TRUNCATE ON approvals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    ),
}


def upgrade() -> None:
    create_number_series()
    create_products()
    create_credit_balances()
    create_orders()
    create_prices()
    create_approvals()
    create_order_lines()
    for guard in GUARDS[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(guard.replace("%", "%%") if op.get_bind().dialect.name == "postgresql" else guard)
    revoke()


def create_number_series() -> None:
    op.create_table(
        "number_series",
        sa.Column("name", code_text(40), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_number_series")),
    )


def create_products() -> None:
    op.create_table(
        "products",
        sa.Column("sku", code_text(64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=True),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("box_units", sa.BigInteger(), nullable=False),
        sa.Column("minimum_quantity", sa.BigInteger(), nullable=False),
        sa.Column("barcode", code_text(32), nullable=True),
        sa.Column("tax_rate_ppm", sa.BigInteger(), nullable=False),
        sa.Column("status", code_text(20), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("box_units >= 1", name=op.f("ck_products_box_units_positive")),
        sa.CheckConstraint("minimum_quantity >= 1", name=op.f("ck_products_minimum_quantity_positive")),
        sa.CheckConstraint("tax_rate_ppm BETWEEN 0 AND 1000000", name=op.f("ck_products_tax_rate_is_a_share")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("sku", name=op.f("uq_products_sku")),
    )
    op.create_index("ix_products_barcode", "products", ["barcode"], unique=False)
    op.create_index("ix_products_name", "products", ["name"], unique=False)


def create_credit_balances() -> None:
    op.create_table(
        "credit_balances",
        sa.Column("partner_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("used_cents", sa.BigInteger(), nullable=False),
        *on_sqlite(sa.CheckConstraint("typeof(used_cents) = 'integer'", name=op.f("ck_credit_balances_used_is_whole"))),
        sa.CheckConstraint("used_cents >= 0", name=op.f("ck_credit_balances_used_not_negative")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_credit_balances_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_credit_balances")),
    )


def create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("number", code_text(64), nullable=False),
        sa.Column("buyer_id", BIG_ID, nullable=False),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("status", code_text(20), nullable=False),
        sa.Column("ship_to_name", sa.String(length=200), nullable=True),
        sa.Column("ship_to_phone", sa.String(length=16), nullable=True),
        sa.Column("ship_to_region", code_text(6), nullable=True),
        sa.Column("ship_to_address", sa.String(length=2000), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("tax_cents", sa.BigInteger(), nullable=False),
        sa.Column("content_sha256", code_text(64), nullable=False),
        sa.Column("placed_by", sa.String(length=200), nullable=False),
        sa.Column("submitted_by", sa.String(length=200), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_by", sa.String(length=200), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        *on_sqlite(sa.CheckConstraint("typeof(tax_cents) = 'integer'", name=op.f("ck_orders_tax_cents_is_whole"))),
        *on_sqlite(sa.CheckConstraint("typeof(total_cents) = 'integer'", name=op.f("ck_orders_total_cents_is_whole"))),
        sa.CheckConstraint("tax_cents >= 0 AND tax_cents <= total_cents", name=op.f("ck_orders_tax_within_total")),
        sa.CheckConstraint("total_cents >= 0", name=op.f("ck_orders_total_not_negative")),
        sa.ForeignKeyConstraint(["buyer_id"], ["partners.id"], name=op.f("fk_orders_buyer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_number")),
    )
    op.create_index("ix_orders_buyer_id", "orders", ["buyer_id", "created_at", "id"], unique=False)
    op.create_index("ix_orders_created_at", "orders", ["created_at", "id"], unique=False)
    op.create_index("ix_orders_path", "orders", ["path", "created_at", "total_cents"], unique=False)
    op.create_index("ix_orders_status", "orders", ["status", "created_at", "id"], unique=False)
    op.create_index("ix_orders_total_cents", "orders", ["total_cents", "id"], unique=False)


def create_prices() -> None:
    op.create_table(
        "prices",
        sa.Column("product_id", BIG_ID, nullable=False),
        sa.Column("tier", code_text(20), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("unit_price >= 0", name=op.f("ck_prices_unit_price_not_negative")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_prices_days_in_order")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_prices_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prices")),
    )
    op.create_index("uq_prices_product_id_tier_valid_from", "prices", ["product_id", "tier", "valid_from"], unique=True)


def create_approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("order_id", BIG_ID, nullable=False),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("decision", code_text(20), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", code_text(20), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("order_version", sa.BigInteger(), nullable=False),
        sa.Column("content_sha256", code_text(64), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("credit_limit_cents", sa.BigInteger(), nullable=True),
        sa.Column("credit_used_cents", sa.BigInteger(), nullable=False),
        *on_sqlite(
            sa.CheckConstraint("typeof(total_cents) = 'integer'", name=op.f("ck_approvals_total_cents_is_whole"))
        ),
        sa.CheckConstraint("total_cents >= 0", name=op.f("ck_approvals_total_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_approvals_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index("ix_approvals_order_id", "approvals", ["order_id", "id"], unique=False)
    op.create_index("ix_approvals_person", "approvals", ["person", "id"], unique=False)


def create_order_lines() -> None:
    op.create_table(
        "order_lines",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("order_id", BIG_ID, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("product_id", BIG_ID, nullable=False),
        sa.Column("sku", code_text(64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", code_text(10), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("price_valid_from", sa.Date(), nullable=False),
        sa.Column("tax_rate_ppm", sa.BigInteger(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("tax_cents", sa.BigInteger(), nullable=False),
        *on_sqlite(sa.CheckConstraint("typeof(tax_cents) = 'integer'", name=op.f("ck_order_lines_tax_cents_is_whole"))),
        *on_sqlite(
            sa.CheckConstraint("typeof(total_cents) = 'integer'", name=op.f("ck_order_lines_total_cents_is_whole"))
        ),
        *on_sqlite(
            sa.CheckConstraint("typeof(unit_price) = 'integer'", name=op.f("ck_order_lines_unit_price_is_whole"))
        ),
        sa.CheckConstraint("quantity > 0 AND units > 0", name=op.f("ck_order_lines_quantity_positive")),
        sa.CheckConstraint("tax_cents >= 0 AND tax_cents <= total_cents", name=op.f("ck_order_lines_tax_within_total")),
        sa.CheckConstraint("unit_price >= 0", name=op.f("ck_order_lines_unit_price_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_order_lines_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
    )
    op.create_index("ix_order_lines_product_id", "order_lines", ["product_id"], unique=False)
    op.create_index("uq_order_lines_order_id_line", "order_lines", ["order_id", "line"], unique=True)


def code_text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def on_sqlite(check: sa.CheckConstraint) -> list[sa.CheckConstraint]:
    """SQLite would keep a text in a column of whole numbers; PostgreSQL has types."""
    return [check] if op.get_bind().dialect.name == "sqlite" else []


def revoke() -> None:
    """Let the application's role add decisions and move them with their branch, and nothing else."""
    if has_role():
        op.execute(sa.text("REVOKE UPDATE, DELETE, TRUNCATE ON approvals FROM qudao_app"))
        op.execute(sa.text("GRANT UPDATE (path) ON approvals TO qudao_app"))


def has_role() -> bool:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return False
    return bool(connection.scalar(sa.text("SELECT 1 FROM pg_roles WHERE rolname = 'qudao_app'")))
