"""The tools of those who change the product: the next migration, and the tests of what was changed."""

import os
import shutil
import subprocess

import pytest
from sqlalchemy import Column, MetaData, String, Table

import models  # noqa: F401  (maps every table)
from core.database.columns import BIG_ID, Instant, code_text
from core.database.sessions import Base, connect
from core.schema.versions import MIGRATIONS, migrate
from migrations.new import main, migration_text, upgrade_code
from tests.support.changed import chosen_places, places_of
from tests.support.source import ROOT, product_modules


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


ODD_NAMES = {
    "": "Say what it is for",
    "客户": "Name it in English",
    "customers get a \\ sign": "Name it in English",
    'say "hello"': "Name it in English",
    "two\nlines": "Name it in English",
    "_": "Name it in English",
    "$(touch made-by-a-name)": "Name it in English",
    "$(shell touch made-by-a-name)": "Name it in English",
    "`touch made-by-a-name`": "Name it in English",
    '"; touch made-by-a-name; "': "Name it in English",
    "n" * 300: "The name has 300 characters",
}


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: ascii(name)[:30])
def test_a_migration_with_an_impossible_name_is_refused_in_one_sentence_and_not_written(name):
    before = sorted((MIGRATIONS / "versions").iterdir())

    with pytest.raises(SystemExit) as refused:
        main(name)

    assert str(refused.value.code).startswith(ODD_NAMES[name])
    assert "\n" not in str(refused.value.code)
    assert sorted((MIGRATIONS / "versions").iterdir()) == before


@pytest.mark.parametrize("name", [name for name in ODD_NAMES if "\n" not in name], ids=lambda name: ascii(name)[:30])
def test_make_hands_the_name_on_as_it_was_typed(tmp_path, name):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for file in ("pyproject.toml", "constraints.txt", ".venv/bin/python", ".venv/setup-test"):  # the last is newest
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text('#!/bin/sh\nprintf %s "$MIGRATION_NAME" > name\n', encoding="utf-8")
        (tmp_path / file).chmod(0o755)
        os.utime(tmp_path / file, (1, 1 + file.endswith("setup-test")))

    subprocess.run(["make", "migration", f"NAME={name}"], cwd=tmp_path, check=True, capture_output=True)

    assert (tmp_path / "name").read_text(encoding="utf-8") == name
    assert not (tmp_path / "made-by-a-name").exists()


def test_what_was_changed_is_tested_where_it_stands():
    changed = ["services/orders/lifecycle.py", "models/stores.py", "tests/api/test_load.py", "README.md"]

    chosen = chosen_places(changed)

    assert chosen.pop("always")
    assert chosen == {
        "services/orders/lifecycle.py": ["tests/services/orders"],
        "models/stores.py": ["tests/services/stores", "tests/test_resources.py", "tests/test_migrations.py"],
        "tests/api/test_load.py": ["tests/api/test_load.py"],
        "README.md": [],
    }


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("core/permissions.py", "tests/test_permission_matrix.py"),
        ("core/access.py", "tests/core/test_i18n.py"),
        ("core/addresses.py", "tests/core/test_addresses.py"),
        ("api/authentication.py", "tests/api/test_keys.py"),
        ("api/cli/server.py", "tests/api/test_application.py"),
        ("services/states.py", "tests/services/test_plans.py"),
        ("services/installation/checks.py", "tests/services/installation"),
        ("jobs/outbox.py", "tests/jobs/test_retention.py"),
        ("jobs/geocoding.py", "tests/jobs/test_geocoding.py"),
        ("integrations/geocoding/registry.py", "tests/integrations/test_geocoding.py"),
        ("pages/components/base/buttons.py", "tests/pages/components"),
        ("pages/applications/actions.py", "tests/services/applications"),
        ("pages/applications/actions.py", "tests/pages/test_site.py"),
        ("pages/tokens.py", "tests/pages/test_start.py"),
        ("models/regions/kind.py", "tests/models/regions"),
        ("data/build_reference.py", "tests/data/test_reference_build.py"),
        ("tests/services/orders/support.py", "tests/services/orders"),
        ("app.py", "tests/test_app.py"),
        ("Makefile", "tests/test_tools.py"),
    ],
)
def test_a_file_without_a_test_folder_of_its_own_has_the_nearest_tests(path, place):
    assert place in places_of(path)


def test_every_file_of_the_product_has_tests_that_a_change_of_it_runs():
    without = [module.path for module in product_modules() if not places_of(module.path)]

    assert without == []
