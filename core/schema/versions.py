"""Versions of the database schema: the current migration, and upgrading to the newest."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.access import WORKER
from core.database.locks import DatabaseLock
from core.database.sessions import APPLICATION_ROLE, unit_of_work
from core.errors import Conflict
from core.events.log import EventDraft, record
from core.i18n import N_
from core.schema.relocation import require_in_place
from core.schema.shape import missing_guards, restore_triggers, trigger_faults
from core.settings import ROOT

MIGRATIONS = ROOT / "migrations"

State = Literal["empty", "older", "current", "newer"]


def newest_revision() -> str:
    """Return the number of the newest migration in this release."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def schema_state(engine: Engine) -> State:
    """Return the state of a database's schema; "newer" also if it is at a migration that this release does not know."""
    with engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision is None:
            tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
            return "older" if tables else "empty"
    known = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]
    if revision not in known:
        return "newer"
    return "current" if revision == known[0] else "older"


def require_current(engine: Engine, *, reads: bool = False) -> None:
    """Require a database at this release's schema; an empty one is migrated first.

    Args:
        reads: Whether it is only read, see ``require_in_place``.

    Raises:
        Conflict: ``database.older_schema`` or ``database.newer_schema``; others as ``require_in_place``.
    """
    require_in_place(engine, reads=reads)
    state = schema_state(engine)
    if state == "empty":
        migrate(engine)
    elif state == "older":
        raise Conflict(
            "database.older_schema",
            N_("The database is from an older release. Run “python app.py migrate”; it makes a backup first."),
        )
    refuse_newer(state)
    require_guards(engine)


def require_guards(engine: Engine) -> None:
    """Require a database with the triggers and constraints of this release.

    Raises:
        Conflict: ``database.guards_missing``, naming them.
    """
    if found := list(missing_guards(engine)):
        raise Conflict(
            "database.guards_missing",
            N_(
                "The database lacks what keeps its data right: {names}. Somebody removed or changed it. Compare the"
                " data with a backup; “python app.py migrate” puts missing triggers back and records that it did."
            ),
            names=", ".join(found),
        )


def refuse_newer(state: State) -> None:
    """Raise ``Conflict`` ``database.newer_schema`` for a database of a newer release."""
    if state == "newer":
        raise Conflict(
            "database.newer_schema",
            N_("The database is from a newer release than this program. Install that release, or restore a backup."),
        )


def migrate(engine: Engine) -> None:
    """Migrate a database to the newest version. Safe to call from several processes at once."""
    refuse_newer(schema_state(engine))
    if engine.dialect.name == "postgresql":
        make_role(engine)
    with alone(engine) as connection:
        upgrade(connection)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to a revision. They are committed, unless the connection is in a transaction already."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def is_known(revision: str) -> bool:
    """Return whether this release has a migration of this number."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def restore_guards(engine: Engine) -> list[str]:
    """Create missing or changed triggers again, record that in the audit log, and return what was wrong with each."""
    faults = trigger_faults(engine)
    if faults:
        with alone(engine) as connection:
            restore_triggers(connection, faults)
            connection.commit()
        with unit_of_work(WORKER) as session:
            facts = {"triggers": list(faults)}
            record(session, "audit_log.triggers_restored", "events", [EventDraft("", data=facts)])
    return list(faults.values())


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that holds the migration lock, so that no other process migrates."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("RESET ROLE"))  # tables belong to the login, never to the application's role
            connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": DatabaseLock.MIGRATION.value})
            connection.commit()
        try:
            yield connection
        finally:
            if engine.dialect.name == "postgresql":
                with suppress(SQLAlchemyError):  # a lost connection has no lock any more
                    connection.rollback()
                    unlock = text("SELECT pg_advisory_unlock(:number)")
                    connection.execute(unlock, {"number": DatabaseLock.MIGRATION.value})
                    connection.commit()
                connection.invalidate()  # the next connection sets the application's role again


def make_role(engine: Engine) -> None:
    """Create the application's role, if this login may; otherwise only the triggers protect the audit log."""
    with engine.connect() as connection:
        try:
            exists = connection.execute(
                text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": APPLICATION_ROLE}
            )
            if exists.first() is None:
                connection.execute(text(f"CREATE ROLE {APPLICATION_ROLE} NOLOGIN"))
            connection.execute(text(f"GRANT {APPLICATION_ROLE} TO CURRENT_USER"))
            connection.commit()
        except DBAPIError:
            connection.rollback()


def has_application_role(engine: Engine) -> bool:
    """Return whether sessions of this engine use the application's role. SQLite has no roles."""
    if engine.dialect.name != "postgresql":
        return True
    with engine.connect() as connection:
        return bool(connection.scalar(text("SELECT current_user = :name"), {"name": APPLICATION_ROLE}))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    attributes: dict[str, Any] = config.attributes
    attributes["configure_logger"] = False
    return config
