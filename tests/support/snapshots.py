"""States of a database that take long to make: made once per worker and copied for each further test that needs one."""

import copy
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine

from core.database.sessions import Base
from core.settings import settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What making a state returned, the rows of its database, and the folder with its stored files."""

    value: Any
    rows: Any
    files: Path | None


_snapshots: dict[tuple[str, str], _Snapshot] = {}


def from_snapshot(request: pytest.FixtureRequest, database: Engine, name: str, build: Callable[[], T]) -> T:
    """Give a database the state that ``build`` makes of it; only the first call of a worker runs ``build``.

    Args:
        request: Of the fixture that needs the state.
        database: Of the test, with the cast.
        name: Of the state.
        build: Makes the state in the database and in the folder of stored files. Must not depend on the test.

    Returns:
        What ``build`` returned, a copy of its own for every test.
    """
    key = database.dialect.name, name
    if key not in _snapshots:
        value = build()
        folder = request.getfixturevalue("tmp_path_factory").mktemp("snapshot") / "files"
        files = shutil.copytree(settings().data_dir, folder) if settings().data_dir.exists() else None
        _snapshots[key] = _Snapshot(value, _rows_of(database), files)
    else:
        _restore(database, _snapshots[key])
    return copy.deepcopy(_snapshots[key].value)  # type: ignore[no-any-return]


def _rows_of(database: Engine) -> Any:
    if database.dialect.name == "sqlite":
        with database.connect() as connection:
            return connection.connection.driver_connection.serialize()  # type: ignore[union-attr]
    return _on_postgres(database, _postgres_rows)


def _restore(database: Engine, snapshot: _Snapshot) -> None:
    if database.dialect.name == "sqlite":
        _write_sqlite(database, snapshot.rows)
    else:
        _on_postgres(database, partial(_write_postgres, rows=snapshot.rows[0], last_numbers=snapshot.rows[1]))
    if snapshot.files is not None:
        shutil.copytree(snapshot.files, settings().data_dir, dirs_exist_ok=True)


def _on_postgres(database: Engine, work: Callable[[psycopg.Connection[Any]], Any]) -> Any:
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        return work(connection)


def _write_sqlite(database: Engine, content: bytes) -> None:
    database.dispose()
    path = Path(database.url.database or "")
    for part in ("-wal", "-shm"):
        path.with_name(path.name + part).unlink(missing_ok=True)
    path.write_bytes(content)


def _postgres_rows(connection: psycopg.Connection[Any]) -> tuple[dict[str, bytes], dict[str, int]]:
    rows = {}
    for table in Base.metadata.sorted_tables:
        statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table.name))
        with connection.cursor() as cursor, cursor.copy(statement) as copied:
            rows[table.name] = b"".join(copied)
    last = connection.execute(
        "SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences WHERE last_value IS NOT NULL"
    )
    return {name: content for name, content in rows.items() if content}, dict(last.fetchall())


def _write_postgres(connection: psycopg.Connection[Any], rows: dict[str, bytes], last_numbers: dict[str, int]) -> None:
    connection.execute("SET session_replication_role = replica")  # triggers and foreign keys look away
    for table in Base.metadata.sorted_tables:
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
    for name, content in rows.items():
        statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))
        with connection.cursor() as cursor, cursor.copy(statement) as copied:
            copied.write(content)
    for name, number in last_numbers.items():
        connection.execute("SELECT setval(%s::regclass, %s)", [name, number])
