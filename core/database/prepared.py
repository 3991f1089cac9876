"""Statements of hot paths: put into the driver's own words once, and from then on handed to the driver as they are.

A statement that goes the usual way costs some 50 to 100 µs of Python each time, ten times what SQLite needs to answer
it. On a path of a dozen statements that is most of the time. So such a path makes its statements once, at import.

The session's row filter does not cover them: whoever reads with them what strangers may not see narrows it by hand.
Whoever listens to the engine's ``before_cursor_execute`` hears of them as of any other statement.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Connection, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.database import _pipeline
from core.database._pipeline import Sent, json_text

Values = Mapping[str, Any] | Sequence[Any]
Change = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class StatementResult:
    """The result of a statement: its rows, and how many rows it returned or changed."""

    rows: list[Any]
    count: int

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def first(self) -> Any:
        """Return the first row, None if there is none."""
        return self.rows[0] if self.rows else None

    def scalar(self) -> Any:
        """Return the first value of the first row, None if there is none."""
        return self.rows[0][0] if self.rows else None


class Prepared:
    """A statement made once for each kind of database.

    Args:
        statement: Of bound parameters; or by name of dialect where they differ.
        columns: Which columns an INSERT without values of its own sets; each is a parameter of that name.
        numbered: Its parameters are named "0", "1", … and its values come as a sequence; else they come by name.
        planned_anew: PostgreSQL plans it for its values each time, because it matters which they are.
    """

    def __init__(
        self,
        statement: Executable | Mapping[str, Executable],
        columns: Sequence[str] | None = None,
        *,
        numbered: bool = False,
        planned_anew: bool = False,
    ) -> None:
        self._statement = statement
        self._columns = columns
        self._key: Callable[[str], Any] = int if numbered else str
        self._planned_anew = planned_anew
        self._forms: dict[str, _Form] = {}

    def run(self, session: Session, values: Values) -> StatementResult:
        """Run it in the session's transaction, with a value for each parameter that has none of its own."""
        return run_together(session, (self, values))[0]

    def form(self, dialect: Any) -> "_Form":
        """Return it as the driver takes it. Raises ``TypeError`` if one of its values is of a type nobody prepared."""
        form = self._forms.get(dialect.name)
        if form is None:
            stated = self._statement
            statement = stated[dialect.name] if isinstance(stated, Mapping) else stated
            form = self._forms[dialect.name] = _form(
                statement, dialect, self._columns, self._key, planned_anew=self._planned_anew
            )
        return form


def run_together(session: Session, *steps: tuple[Prepared, Values]) -> list[StatementResult]:
    """Run statements with their values one after the other in the session's transaction; return their results.

    PostgreSQL gets them in one round trip. If one fails, those after it do not run.
    """
    connection: Any = session.connection()
    dialect = connection.dialect
    ready = [(form := one.form(dialect), form.arguments(values)) for one, values in steps]
    if dialect.name == "sqlite":
        return _run_one_by_one(connection, ready)
    if connection.dispatch.before_cursor_execute:
        return [found for one in ready for found in _run(connection, [one])]
    return _run(connection, ready)


def announce(connection: Connection, text: str, arguments: Any = ()) -> None:
    """Tell who listens to the engine's ``before_cursor_execute`` that the driver will be given this."""
    listening: Any = connection
    for hear in listening.dispatch.before_cursor_execute:
        hear(connection, None, text, arguments, None, False)


def run_on_sqlite(connection: Connection, text: str, arguments: Sequence[Any] = ()) -> tuple[list[Any], int]:
    """Return the rows that a text in SQLite's words brings, and how many it found or changed.

    Raises:
        DBAPIError: As from SQLAlchemy.
    """
    return _executed(connection, connection.connection.driver_connection, text, arguments)


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one driver takes it.

    Attributes:
        pick: Takes the values out of a mapping or sequence, in the driver's order.
        stored: By position, what to make of each value that does not travel as it is.
        loaded: What to make of each column of the answer.
        changed: The same by position, of those that do not come as they are.
    """

    text: str
    pick: Callable[[Values], Any]
    stored: list[tuple[int, Callable[[Any], Any]]]
    loaded: list[Change]
    changed: list[tuple[int, Callable[[Any], Any]]]
    planned_anew: bool

    def arguments(self, values: Values) -> list[Any]:
        """Return the values as the driver takes them."""
        given = list(self.pick(values))
        for position, change in self.stored:
            value = given[position]
            if value is not None:
                given[position] = change(value)
        return given

    def rows(self, found: list[Any]) -> list[Any]:
        """Return what SQLite gave, as Python types."""
        if not self.changed:
            return found
        rows = [list(row) for row in found]
        for position, change in self.changed:
            for row in rows:
                row[position] = change(row[position])
        return rows


def _form(
    statement: Any, dialect: Any, columns: Sequence[str] | None, key: Callable[[str], Any], *, planned_anew: bool
) -> _Form:
    is_sqlite = dialect.name == "sqlite"
    wording = dialect if is_sqlite else type(dialect)(paramstyle="numeric_dollar")
    compiled = statement.compile(dialect=wording, column_keys=columns)
    text, names, own = str(compiled), compiled.positiontup, {} if key is int else compiled.params
    types = {name: bound.type for name, bound in compiled.binds.items()}
    if compiled.post_compile_params:  # lists of values become as many parameters
        expanded = compiled.construct_expanded_state(
            {name: None for name, one in compiled.binds.items() if one.required}
        )
        text, names, own = expanded.statement, expanded.positiontup, expanded.parameters
        types |= {name: types[of] for of, many in expanded.parameter_expansion.items() for name in many}
    pick = _pick([key(name) for name in names], {name: value for name, value in own.items() if value is not None})
    answered = [column.type for column in getattr(statement, "exported_columns", ())]
    if is_sqlite:
        stored = [_storing(types[name], dialect) for name in names]
        loaded = [one.dialect_impl(dialect).result_processor(dialect, None) for one in answered]
    else:
        stored = [_pipeline.storing(types[name]) for name in names]
        loaded = [_pipeline.loading(one) for one in answered]
    return _Form(text, pick, _by_position(stored), loaded, _by_position(loaded), planned_anew)


def _by_position(changes: Sequence[Change]) -> list[tuple[int, Callable[[Any], Any]]]:
    return [(position, change) for position, change in enumerate(changes) if change is not None]


def _pick(keys: list[Any], own: Mapping[str, Any]) -> Callable[[Values], Any]:
    """Return what takes the values out of a mapping or sequence, and those of the statement's own."""
    if keys == list(range(len(keys))) and not own:
        return lambda values: values
    if len(keys) < 2:
        return lambda values: [own[one] if one in own else values[one] for one in keys]
    pick: Callable[[Values], Any] = itemgetter(*keys)
    if not own:
        return pick
    return lambda values: pick({**own, **values})  # type: ignore[dict-item]


def _storing(one: Any, dialect: Any) -> Change:
    if isinstance(one, JSON):
        return json_text
    change: Change = one.dialect_impl(dialect).bind_processor(dialect)
    return change


def _run_one_by_one(connection: Any, ready: list[tuple[_Form, list[Any]]]) -> list[StatementResult]:
    driver = connection.connection.driver_connection
    is_heard = bool(connection.dispatch.before_cursor_execute)
    found = []
    for form, arguments in ready:
        if is_heard:
            announce(connection, form.text, arguments)
        rows, count = _executed(connection, driver, form.text, arguments)
        found.append(StatementResult(form.rows(rows), count))
    return found


def _executed(connection: Connection, driver: Any, text: str, arguments: Sequence[Any]) -> tuple[list[Any], int]:
    try:
        cursor = driver.execute(text, arguments)
        if cursor.description is None:
            return [], cursor.rowcount
        found = cursor.fetchall()
    except sqlite3.Error as error:
        raise _told(connection, text, arguments, error) from error
    return found, len(found)


def _run(connection: Connection, ready: list[tuple[_Form, list[Any]]]) -> list[StatementResult]:
    for form, arguments in ready:
        announce(connection, form.text, arguments)
    dialect: Any = connection.dialect
    try:
        answers = _pipeline.send(connection, [Sent(f.text, given, f.loaded, f.planned_anew) for f, given in ready])
    except dialect.dbapi.Error as error:
        raise _told(
            connection, "; ".join(form.text for form, _ in ready), [given for _, given in ready], error
        ) from error
    return [StatementResult(rows, count) for rows, count in answers]


def _told(connection: Connection, text: str, arguments: Any, error: Any) -> BaseException:
    """Return the driver's error as SQLAlchemy tells it; a connection that is lost goes out of use."""
    dialect: Any = connection.dialect
    is_lost: bool = dialect.is_disconnect(error, connection.connection.driver_connection, None)
    told: BaseException = DBAPIError.instance(
        text,
        arguments,
        error,
        dialect.dbapi.Error,
        hide_parameters=connection.engine.hide_parameters,
        connection_invalidated=is_lost,
        dialect=dialect,
    )
    if is_lost:
        connection.invalidate(error)
    return told
