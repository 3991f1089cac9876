"""The tools of those who change the product: the next migration, and the tests of what was changed."""

from sqlalchemy import Column, MetaData, String, Table

import models  # noqa: F401  (maps every table)
from core.database.columns import BIG_ID, Instant, code_text
from core.database.sessions import Base, connect
from core.schema.versions import migrate
from migrations.new import migration_text, upgrade_code
from tests.support.changed import places_of


def test_a_migration_is_written_from_what_the_models_say(tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'newest.db'}")
    migrate(engine)
    wanted = MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.sorted_tables:
        table.to_metadata(wanted)
    wanted.tables["customers"].append_column(Column("wechat", String(64)))
    code = Column("code", code_text(64), nullable=False)
    Table("warehouses", wanted, Column("id", BIG_ID, primary_key=True), code, Column("opened_at", Instant))

    with engine.connect() as connection:
        unchanged = upgrade_code(connection, Base.metadata)
        body = upgrade_code(connection, wanted)
    engine.dispose()
    text = migration_text("0099", "0098", "warehouses", body)

    assert unchanged == "pass"
    assert "batch_op.add_column(sa.Column('wechat', sa.String(length=64), nullable=True))" in text
    assert "sa.Column('code', code_text(64), nullable=False)" in text
    assert "sa.Column('id', BIG_ID, nullable=False)" in text
    assert "sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True)" in text
    assert text.startswith('"""Warehouses."""')
    assert text.index("BIG_ID = ") < text.index("def upgrade") < text.index("def code_text")


def test_what_was_changed_is_tested_where_it_stands():
    chosen = places_of(["services/orders/lifecycle.py", "models/stores.py", "tests/api/test_load.py", "README.md"])

    assert {
        "tests/services/orders",
        "tests/services/stores",
        "tests/test_migrations.py",
        "tests/api/test_load.py",
    } <= set(chosen)
    assert "tests/services/accounts" not in chosen
