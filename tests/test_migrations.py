"""Migrations: from empty to the models exactly, on both databases; a newer database is refused in words."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

import models  # noqa: F401  (maps every table)
from core.database.sessions import Base, connect
from core.errors import Conflict
from core.schema import versions
from core.schema.shape import shape
from tests.conftest import driver_url
from tests.support.postgres import empty_postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str, data_dir: Path) -> Iterator[Engine]:
    """Give a database without a table."""
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path / 'empty.db'}")
    else:
        engine = connect(driver_url(empty_postgres_url(f"migrations_{worker_id}")))
    yield engine
    engine.dispose()


def created(engine: Engine, tmp_path: Path, worker_id: str) -> Engine:
    """Return another database of the same kind, made from the models at once."""
    if engine.dialect.name == "sqlite":
        other = create_engine(f"sqlite:///{tmp_path / 'created.db'}")
    else:
        other = create_engine(driver_url(empty_postgres_url(f"created_{worker_id}")))
    Base.metadata.create_all(other)
    return other


def test_from_empty_to_newest_equals_the_models(empty, tmp_path, worker_id):
    versions.migrate(empty)

    with empty.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    other = created(empty, tmp_path, worker_id)
    assert shape(empty) == shape(other)
    assert versions.schema_state(empty) == "current"
    other.dispose()


def test_migrating_twice_changes_nothing(empty):
    versions.migrate(empty)
    before = shape(empty)

    versions.migrate(empty)

    assert shape(empty) == before


def test_an_empty_database_is_migrated_by_whoever_needs_it_first(empty):
    versions.require_current(empty)

    assert versions.schema_state(empty) == "current"


def test_a_database_of_a_newer_release_is_refused_in_words_and_left_alone(empty):
    versions.migrate(empty)
    with empty.begin() as connection:
        if empty.dialect.name == "postgresql":
            connection.execute(text("RESET ROLE"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = shape(empty)

    for attempt in (versions.require_current, versions.migrate):
        with pytest.raises(Conflict) as refused:
            attempt(empty)
        assert refused.value.code == "database.newer_schema"

    assert shape(empty) == before


def test_the_trail_can_be_neither_changed_nor_deleted_nor_replaced(empty):
    versions.migrate(empty)
    columns = "id, at, actor, person, source, action, subject, subject_key, path, changes, data"
    row = "1, '2026-11-22 00:00:00', 'a', 'a', 'screen', 'x.y', 'x', 'k', '', '{}', '{}'"
    with empty.begin() as connection:
        connection.execute(text(f"INSERT INTO events ({columns}) VALUES ({row})".replace(":00:00", r"\:00\:00")))

    attacks = ["UPDATE events SET actor = 'b'", "DELETE FROM events"]
    attacks += (
        [f"INSERT OR REPLACE INTO events ({columns}) VALUES ({row})"]
        if empty.dialect.name == "sqlite"
        else ["TRUNCATE events"]
    )
    for attack in attacks:
        with pytest.raises(Exception, match=r"never|append-only|permission denied"), empty.begin() as connection:
            connection.exec_driver_sql(attack)

    with empty.connect() as connection:
        assert connection.execute(text("SELECT actor FROM events")).scalars().all() == ["a"]


def test_the_application_serves_under_a_role_that_cannot_migrate(empty):
    if empty.dialect.name == "sqlite":
        assert versions.has_application_role(empty)
        return
    versions.migrate(empty)
    empty.dispose()  # roles are taken on when a connection is made

    assert versions.has_application_role(empty)
    with pytest.raises(Exception, match="permission denied"), empty.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))


def test_sqlite_keeps_the_rows_of_other_tables_when_a_table_is_copied(tmp_path):
    path = tmp_path / "kept.db"
    engine = connect(f"sqlite:///{path}")
    versions.migrate(engine)
    engine.dispose()

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
