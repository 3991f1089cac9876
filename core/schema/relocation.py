"""Relocation of a database: a mark in both places of a move, and triggers that let nobody write to the old one.

The mark is a table of one row that exists only while it is needed: in the old place from the first moment on, in the
new place until the move is complete.
"""

from typing import NamedTuple

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.engine import make_url

from core.database.errors import FROZEN
from core.errors import Conflict
from core.i18n import N_

MARK = "relocation"
ARRIVING, ARRIVED = "arriving", "arrived"
LEAVING, LEFT = "leaving", "left"
_CREATE = f"CREATE TABLE {MARK} (id text NOT NULL, state text NOT NULL, place text NOT NULL, at text NOT NULL)"
_FUNCTION = (
    "CREATE OR REPLACE FUNCTION refuse_frozen() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{FROZEN}'; END $$"
)


class Relocation(NamedTuple):
    """The mark of a move.

    Attributes:
        id: Of the move, the same in both places; "" in a new place that holds nothing to go on with.
        state: Of the old place ``LEAVING``, then ``LEFT``; of the new one ``ARRIVING``, then ``ARRIVED``.
        place: The other place, as ``place_name``.
        at: When the move began or, of ``LEFT``, when it was complete: "2026-12-01 08:30 UTC".
    """

    id: str
    state: str
    place: str
    at: str


def place_name(url: str) -> str:
    """Return a database URL without its login and parameters, a file as its path. Raises ``ValueError`` for no URL."""
    parsed = make_url(url)
    if parsed.drivername.startswith("sqlite"):
        return parsed.database or ""
    host = parsed.host or parsed.query.get("host") or "localhost"
    port = f":{parsed.port}" if parsed.port else ""
    return f"postgresql://{host}{port}/{parsed.database or ''}"


def relocation_of(connection: Connection) -> Relocation | None:
    """Return the mark of a database, None if it takes part in no move."""
    if not inspect(connection).has_table(MARK):
        return None
    row = connection.exec_driver_sql(f"SELECT id, state, place, at FROM {MARK}").one()  # noqa: S608  (a name of ours)
    return Relocation(*row)


def mark(connection: Connection, relocation: Relocation) -> None:
    """Set the mark of a database, in the transaction of the caller."""
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {MARK}")
    connection.exec_driver_sql(_CREATE)
    connection.execute(
        text(f"INSERT INTO {MARK} VALUES (:id, :state, :place, :at)"),  # noqa: S608  (a name of ours)
        relocation._asdict(),
    )


def freeze(connection: Connection, relocation: Relocation) -> None:
    """Mark a database and refuse every write to it from now on, in the transaction of its tables' owner."""
    mark(connection, relocation)
    is_sqlite = connection.dialect.name == "sqlite"
    if not is_sqlite:
        connection.exec_driver_sql(_FUNCTION)
    for table in _tables(connection):
        if is_sqlite:
            for name, action in _sqlite_triggers(table):
                refusal = f"BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END"
                connection.exec_driver_sql(f'CREATE TRIGGER "{name}" BEFORE {action} ON "{table}" {refusal}')
        else:
            connection.exec_driver_sql(
                f'CREATE TRIGGER "{table}_frozen" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON "{table}"'
                " FOR EACH STATEMENT EXECUTE FUNCTION refuse_frozen()"
            )


def thaw(connection: Connection) -> None:
    """Undo ``freeze``."""
    if connection.dialect.name == "sqlite":
        for table in _tables(connection):
            for name, _action in _sqlite_triggers(table):
                connection.exec_driver_sql(f'DROP TRIGGER IF EXISTS "{name}"')
    else:
        connection.exec_driver_sql("DROP FUNCTION IF EXISTS refuse_frozen() CASCADE")
    connection.exec_driver_sql(f"DROP TABLE {MARK}")


def require_in_place(engine: Engine, *, reads: bool = False) -> None:
    """Require a database that holds the data of the installation.

    Args:
        reads: Whether it is only read: then the old place of a move is as good.

    Raises:
        Conflict: ``database.moved``, ``database.being_moved``, ``database.half_moved``.
    """
    with engine.connect() as connection:
        found = relocation_of(connection)
    if found is not None and not (reads and found.state in {LEAVING, LEFT}):
        raise refusal(found)


def refusal(found: Relocation) -> Conflict:
    """Return the error of a database with a mark."""
    if found.state == LEFT:
        message = N_(
            "The data were moved to {place} on {at}; this database takes no changes any more. Set QUDAO_DATABASE_URL to"
            " the new place and start again."
        )
        return Conflict("database.moved", message, place=found.place, at=found.at)
    if found.state == LEAVING:
        message = N_(
            "The data are being moved to {place} since {at}; this database takes no changes. Run the same “move” again"
            " to finish it, or give it up with “python app.py move --cancel”."
        )
        return Conflict("database.being_moved", message, place=found.place, at=found.at)
    message = N_(
        "A move from {place} to this database, begun on {at}, is not complete. Run the same “move” again there, with"
        " QUDAO_DATABASE_URL as it was."
    )
    return Conflict("database.half_moved", message, place=found.place, at=found.at)


def _tables(connection: Connection) -> list[str]:
    return sorted(set(inspect(connection).get_table_names()) - {MARK})


def _sqlite_triggers(table: str) -> list[tuple[str, str]]:
    return [(f"{table}_frozen_{action.lower()}", action) for action in ("INSERT", "UPDATE", "DELETE")]
