"""Append-only tables: triggers on both databases reject every update, delete and replacement.

Triggers are part of the schema, which is compared at start-up: a change of their text needs a migration.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import DDL, Table, event

_FUNCTION = (
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME; END $$"
)
_ddl: Any = DDL  # SQLAlchemy gives it no types


def append_only(model: Any, fixed: Sequence[str] = ()) -> None:
    """Add triggers that reject changes, deletions and replacements of a mapped class's rows.

    Args:
        model: The mapped class.
        fixed: Columns that never change, where others may, e.g. a path; () = all columns.
    """
    for dialect, statements in _triggers(model.__table__, fixed).items():
        for statement in statements:
            event.listen(model.__table__, "after_create", _ddl(statement).execute_if(dialect=dialect))


def _triggers(table: Table, fixed: Sequence[str]) -> dict[str, tuple[str, ...]]:
    name, on = table.name, f"ON {table.name}"
    update = f"UPDATE OF {', '.join(fixed)}" if fixed else "UPDATE"
    refuse, refuse_all = (f"FOR EACH {one} EXECUTE FUNCTION refuse_change()" for one in ("ROW", "STATEMENT"))
    changes = [f"CREATE TRIGGER {name}_no_change BEFORE UPDATE OR DELETE {on} {refuse}"]
    if fixed:
        changes = [
            f"CREATE TRIGGER {name}_no_update BEFORE {update} {on} {refuse}",
            f"CREATE TRIGGER {name}_no_delete BEFORE DELETE {on} {refuse}",
        ]
    return {
        "sqlite": (
            f"CREATE TRIGGER {name}_no_update BEFORE {update} {on} "
            f"BEGIN SELECT RAISE(ABORT, '{name} are never changed'); END",
            f"CREATE TRIGGER {name}_no_delete BEFORE DELETE {on} "
            f"BEGIN SELECT RAISE(ABORT, '{name} are never deleted'); END",
            f"CREATE TRIGGER {name}_no_replace BEFORE INSERT {on} WHEN NEW.id IN (SELECT id FROM {name}) "  # noqa: S608  (a table of ours)
            f"BEGIN SELECT RAISE(ABORT, '{name} are never replaced'); END",
        ),
        "postgresql": (
            _FUNCTION,
            *changes,
            f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE {on} {refuse_all}",
        ),
    }
