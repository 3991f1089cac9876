"""Dialects that compile each statement once per worker: every test has an engine of its own, with an empty cache.

SQLAlchemy's cache is keyed by dialect, and every engine makes one; ours are equal to each other, so all engines of a
worker share one cache. Measured on ``tests/services/stores``: a seventh of the time of a test.
"""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

STATEMENTS_MAX = 1500

_statements: LRUCache[Any, Any] = LRUCache(STATEMENTS_MAX)


class _SharedStatements:
    """Part of a dialect: its instances are equal, and their engines share the compiled statements."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_statements)


class SQLite(_SharedStatements, SQLiteDialect_pysqlite):
    """SQLite as the product uses it."""

    supports_statement_cache = True


class PostgreSQL(_SharedStatements, PGDialect_psycopg):
    """PostgreSQL as the product uses it."""

    supports_statement_cache = True


def share_statements() -> None:
    """Give every engine that is created from now on one of these dialects."""
    for name, dialect in (("sqlite", SQLite), ("sqlite.pysqlite", SQLite), ("postgresql.psycopg", PostgreSQL)):
        registry.register(name, __name__, dialect.__name__)
