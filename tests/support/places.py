"""Places of moves in tests: empty and filled databases of either kind, and what is in them."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from core.access import command_line
from core.database.sessions import disconnect, reading
from core.errors import DomainError
from core.transfer.reading import TableFacts, snapshot, table_facts
from core.transfer.shapes import table_shapes
from services.installation.checks import broken_invariants
from tests.conftest import driver_url, plain_url
from tests.support.postgres import empty_postgres_url

Use = Callable[[str], None]
KINDS = ("sqlite", "postgresql")


class Places:
    """Databases for one test, by kind and name."""

    def __init__(self, folder: Path, worker: str, templates: dict[str, str]) -> None:
        self._folder, self._worker, self._templates = folder, worker, templates

    def empty(self, kind: str, name: str = "new") -> str:
        """Return the URL of a file that does not exist, or of a PostgreSQL database without a table."""
        if kind == "sqlite":
            return f"sqlite:///{self._folder / f'{name}.db'}"
        return driver_url(empty_postgres_url(f"move_{name}_{self._worker}"))

    def filled(self, kind: str, name: str = "old") -> str:
        """Return the URL of a database with the cast, orders and a sealed audit log."""
        url = self.empty(kind, name)
        if kind == "sqlite":
            shutil.copy(str(make_url(self._templates[kind]).database), str(make_url(url).database))
            return url
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        names = [sql.Identifier(str(make_url(one).database)) for one in (url, self._templates[kind])]
        server = make_url(url).set(database="postgres").render_as_string(hide_password=False)
        with closing(psycopg.connect(plain_url(server), autocommit=True)) as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(names[0]))
            connection.execute(copy.format(*names))
        return url


def facts_of(url: str) -> dict[str, TableFacts]:
    """Return the facts of every table of a database."""
    engine = create_engine(url)
    with snapshot(engine) as connection:
        found = {table.name: table_facts(connection, table) for table in table_shapes()}
    engine.dispose()
    return found


def tables_of(url: str) -> list[str]:
    """Return the names of the tables, triggers and the like of a database; [] if there is no file."""
    file = make_url(url).database
    if url.startswith("sqlite"):
        if not Path(str(file)).exists():
            return []
        with closing(sqlite3.connect(str(file))) as connection:
            return [row[0] for row in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
    with closing(psycopg.connect(plain_url(url))) as connection:
        rows = connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1")
        return [row[0] for row in rows] + [
            row[0] for row in connection.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1")
        ]


def broken() -> list[Any]:
    """Return the invariants of the database in use that are broken."""
    with reading(command_line()) as session:
        return list(broken_invariants(session))


def refused(work: Callable[[], Any]) -> str:
    """Return the code of the error that some work, which opens the database itself, ends with."""
    disconnect()
    with pytest.raises(DomainError) as caught:
        work()
    disconnect()
    return caught.value.code


def other(kind: str) -> str:
    """Return the other kind of database."""
    return KINDS[1 - KINDS.index(kind)]
