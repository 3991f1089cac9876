"""Comparison of a database with the schema that this release expects: what is missing or differs, by name."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import DDL, Connection, Engine, Table, create_engine, inspect, text
from sqlalchemy.engine.reflection import Inspector

from core.database.sessions import Base
from core.i18n import _

Shape = dict[str, Any]
_TRIGGER = re.compile(r"CREATE TRIGGER (\w+) BEFORE .*? ON (\w+)")
_ENABLED = text(
    "SELECT tgname, tgenabled = 'O' AND pg_get_triggerdef(oid) LIKE '%EXECUTE FUNCTION refuse_change()',"
    " (SELECT prosrc FROM pg_proc WHERE pg_proc.oid = tgfoid) FROM pg_trigger"
    " WHERE NOT tgisinternal AND tgrelid IN"
    " (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)"
)
_CONSTRAINT = re.compile(r'CONSTRAINT "?(\w+)"?')
_POSTGRES_CONSTRAINTS = text(
    "SELECT conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND convalidated"
    " UNION SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
)
_REFUSES = "RAISE EXCEPTION '% is append-only'"


def shape(engine: Engine) -> Shape:
    """Return columns, constraints and indexes by table, and "triggers", as the database itself describes them."""
    with engine.connect() as connection:
        found = inspect(connection)
        tables = sorted(set(found.get_table_names()) - {"alembic_version"})
        return {table: _shape_of(found, table) for table in tables} | {"triggers": _triggers(connection)}


def schema_faults(engine: Engine) -> Iterator[str]:
    """Yield what ``missing_guards`` finds, and CHECK constraints of SQLite whose condition is another than expected."""
    yield from missing_guards(engine)
    if engine.dialect.name == "sqlite":
        yield from _changed_checks(engine)


def missing_guards(engine: Engine) -> Iterator[str]:
    """Yield each trigger, constraint and index that this release expects and the database lacks, in milliseconds."""
    yield from trigger_faults(engine).values()
    with engine.connect() as connection:
        found = _constraint_names(connection)
    for table in Base.metadata.sorted_tables:
        for name in sorted(set(_names(table, engine.dialect.name)) - found):
            yield _("{table}: {name} is missing", table=table.name, name=name)


def trigger_faults(engine: Engine) -> dict[str, str]:
    """Return name → what is wrong of each expected trigger that is missing, changed or switched off."""
    faults: dict[str, str] = {}
    expected = expected_triggers(engine.dialect.name)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            found: Mapping[str, Any] = dict(_triggers(connection))
            right = {name for name, statement in expected.items() if found.get(name) == statement}
        else:
            rows = connection.execute(_ENABLED).all()
            found = {name: is_enabled for name, is_enabled, _ in rows}
            right = {name for name, is_enabled, source in rows if is_enabled and _REFUSES in source}
    for name in expected:
        if name not in right:
            faults[name] = (
                _("trigger {name} is changed or switched off", name=name)
                if name in found
                else _("trigger {name} is missing", name=name)
            )
    return faults


def restore_triggers(connection: Connection, names: Iterable[str]) -> None:
    """Create triggers again as this release expects them."""
    wanted = set(names)
    for statement in _ddl(connection.dialect.name):
        found = _TRIGGER.search(statement.statement)
        if found is None:
            connection.execute(statement)  # the function that the triggers call
        elif found[1] in wanted:
            on = f" ON {found[2]}" if connection.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {found[1]}{on}")
            connection.execute(statement)


@cache
def expected_triggers(dialect: str) -> dict[str, str]:
    """Return name → statement of each trigger that this release expects, as the driver takes it."""
    statements = [one.statement.replace("%%", "%") for one in _ddl(dialect)]
    return {found[1]: one for one in statements if (found := _TRIGGER.search(one))}


def _ddl(dialect: str) -> list[DDL]:
    """Return the statements that the tables bring along for a dialect."""
    listeners = [one for table in Base.metadata.sorted_tables for one in table.dispatch.after_create]
    return [one for one in listeners if isinstance(one, DDL) and one._ddl_if and one._ddl_if.dialect == dialect]


def _names(table: Table, dialect: str) -> Iterator[str]:
    named: list[Any] = [*table.constraints, *table.indexes]
    for one in named:
        if one.name and (one._ddl_if is None or one._ddl_if.dialect == dialect):
            yield str(one.name)


def _constraint_names(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
        indexes = {name for kind, name, _ in rows if kind == "index"}
        return indexes | {name for kind, _, sql in rows if kind == "table" for name in _CONSTRAINT.findall(sql)}
    return set(connection.execute(_POSTGRES_CONSTRAINTS).scalars())


def _changed_checks(engine: Engine) -> Iterator[str]:
    """Yield CHECK constraints whose condition is not the expected one; SQLite keeps them as they were written."""
    stored = _sqlite_checks(engine)
    for table, conditions in _expected_sqlite_checks().items():
        own = stored.get(table, {})
        for name, condition in conditions.items():
            if own.get(name, condition) != condition:
                yield _("{table}: {name} is changed", table=table, name=name)


@cache
def _expected_sqlite_checks() -> dict[str, dict[str, str]]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    return _sqlite_checks(engine)


def _sqlite_checks(engine: Engine) -> dict[str, dict[str, str]]:
    """Return table → name → condition of its CHECK constraints."""
    query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name"
    with engine.connect() as connection:
        return _checks_in(tuple(connection.exec_driver_sql(query).scalars()))


@lru_cache(maxsize=4)
def _checks_in(statements: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Return the constraints that some CREATE TABLE statements make; reading them takes far longer than the query."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        found = inspect(connection)
        checks = {table: dict(_checks(found, table)) for table in found.get_table_names()}
    engine.dispose()
    return checks


def _checks(found: Inspector, table: str) -> list[tuple[str, str]]:
    return sorted((str(one["name"]), one["sqltext"]) for one in found.get_check_constraints(table))


def _shape_of(found: Inspector, table: str) -> Shape:
    return {
        "columns": sorted((c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)),
        "checks": _checks(found, table),
        "unique": sorted(str(c["name"]) for c in found.get_unique_constraints(table)),
        "foreign": sorted(str(c["name"]) for c in found.get_foreign_keys(table)),
        "indexes": sorted(
            (str(i["name"]), tuple(map(str, i["column_names"])), i["unique"]) for i in found.get_indexes(table)
        ),
    }


def _triggers(connection: Connection) -> list[tuple[str, str]]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
    else:
        query = "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname"
    return [(name, statement) for name, statement in connection.execute(text(query))]
