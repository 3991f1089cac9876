"""Departments, positions and managers of the brand's people; who has left; room for sealed second factors.

The secrets of second factors stay as they are stored: a migration does not know the key. Each is sealed when it is
next used. SQLite copies a table to alter it, so ``users`` gets all that is new in one go.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_departments()
    order_users()
    with op.batch_alter_table("user_sessions") as user_sessions:
        user_sessions.alter_column("totp_offered", existing_type=sa.String(length=64), type_=sa.String(length=200))
    with op.batch_alter_table("one_time_links") as one_time_links:
        one_time_links.add_column(sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_api_tokens_user_id", "api_tokens", ["user_id"], unique=False)


def create_departments() -> None:
    op.create_table(
        "departments",
        sa.Column("code", code_text(64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parent_id", BIG_ID, nullable=True),
        sa.Column("manager_id", BIG_ID, nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["manager_id"], ["users.id"], name=op.f("fk_departments_manager_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["departments.id"], name=op.f("fk_departments_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departments")),
        sa.UniqueConstraint("code", name=op.f("uq_departments_code")),
    )
    op.create_index("ix_departments_manager_id", "departments", ["manager_id"], unique=False)
    op.create_index("ix_departments_parent_id", "departments", ["parent_id"], unique=False)


def order_users() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("department_id", BIG_ID, nullable=True))
        users.add_column(sa.Column("position", sa.String(length=200), nullable=True))
        users.add_column(sa.Column("manager_id", BIG_ID, nullable=True))
        users.add_column(sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
        users.alter_column("totp_secret", existing_type=sa.String(length=64), type_=sa.String(length=200))
        users.create_foreign_key("fk_users_department_id", "departments", ["department_id"], ["id"])
        users.create_foreign_key("fk_users_manager_id", "users", ["manager_id"], ["id"])
    op.create_index("ix_users_department_id", "users", ["department_id"], unique=False)
    op.create_index("ix_users_manager_id", "users", ["manager_id"], unique=False)


def code_text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
