"""Prepared statements of hot paths: compiled once, and handed to the driver without SQLAlchemy's execution layer.

A statement executed by SQLAlchemy costs some 50 to 100 µs of Python, ten times what SQLite needs to answer it. On a
path of a dozen statements that is most of the time. So such a path makes its statements once, at import.

The session's row filter does not cover them: a statement that reads rows which others may not see carries its own
condition, see ``services.branch_statements``. The engine's ``before_cursor_execute`` listeners are called as usual.
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
Converter = Callable[[Any], Any] | None


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
    """A statement that is compiled once for each dialect.

    Args:
        statement: Of bound parameters; or by name of dialect where they differ.
        columns: Set by an INSERT that names no values; each is a parameter of that name.
        numbered: Its parameters are named "0", "1", … and its values are a sequence; else a mapping by name.
        planned_anew: PostgreSQL plans it for its values each time, because the best plan depends on them.
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
        """Run it in the session's transaction, with a value for each parameter without a value of its own."""
        return run_together(session, (self, values))[0]

    def form(self, dialect: Any) -> "_Form":
        """Return it compiled for a dialect. Raises ``TypeError`` for a column type without an encoding."""
        form = self._forms.get(dialect.name)
        if form is None:
            statement = self._statement
            if isinstance(statement, Mapping):
                statement = statement[dialect.name]
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
        return [result for one in ready for result in _run(connection, [one])]
    return _run(connection, ready)


def notify_listeners(connection: Connection, text: str, arguments: Any = ()) -> None:
    """Call the engine's ``before_cursor_execute`` listeners for a statement about to be handed to the driver."""
    dispatching: Any = connection
    for listener in dispatching.dispatch.before_cursor_execute:
        listener(connection, None, text, arguments, None, False)


def run_on_sqlite(connection: Connection, text: str, arguments: Sequence[Any] = ()) -> tuple[list[Any], int]:
    """Run SQL text on SQLite; return its rows, and how many it returned or changed.

    Raises:
        DBAPIError: As from SQLAlchemy.
    """
    return _executed(connection, connection.connection.driver_connection, text, arguments)


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement compiled for one driver.

    Attributes:
        pick: Takes the values out of a mapping or sequence, in the driver's order.
        encoders: By position, of the values that need conversion.
        decoders: One for each column of the result; None where it needs no conversion.
        converted: The same by position, without the None.
    """

    text: str
    pick: Callable[[Values], Any]
    encoders: list[tuple[int, Callable[[Any], Any]]]
    decoders: list[Converter]
    converted: list[tuple[int, Callable[[Any], Any]]]
    planned_anew: bool

    def arguments(self, values: Values) -> list[Any]:
        """Return the values in the driver's order and encoding."""
        arguments = list(self.pick(values))
        for position, encode in self.encoders:
            value = arguments[position]
            if value is not None:
                arguments[position] = encode(value)
        return arguments

    def rows(self, fetched: list[Any]) -> list[Any]:
        """Return rows of SQLite as Python types."""
        if not self.converted:
            return fetched
        rows = [list(row) for row in fetched]
        for position, decode in self.converted:
            for row in rows:
                row[position] = decode(row[position])
        return rows


def _form(
    statement: Any, dialect: Any, columns: Sequence[str] | None, key: Callable[[str], Any], *, planned_anew: bool
) -> _Form:
    is_sqlite = dialect.name == "sqlite"
    target = dialect if is_sqlite else type(dialect)(paramstyle="numeric_dollar")
    compiled = statement.compile(dialect=target, column_keys=columns)
    text, names, own = str(compiled), compiled.positiontup, {} if key is int else compiled.params
    types = {name: bound.type for name, bound in compiled.binds.items()}
    if compiled.post_compile_params:  # lists of values become as many parameters
        expanded = compiled.construct_expanded_state(
            {name: None for name, one in compiled.binds.items() if one.required}
        )
        text, names, own = expanded.statement, expanded.positiontup, expanded.parameters
        types |= {name: types[of] for of, many in expanded.parameter_expansion.items() for name in many}
    pick = _pick([key(name) for name in names], {name: value for name, value in own.items() if value is not None})
    result_types = [column.type for column in getattr(statement, "exported_columns", ())]
    if is_sqlite:
        encoders = [_sqlite_encoder(types[name], dialect) for name in names]
        decoders = [one.dialect_impl(dialect).result_processor(dialect, None) for one in result_types]
    else:
        encoders = [_pipeline.encoder(types[name]) for name in names]
        decoders = [_pipeline.decoder(one) for one in result_types]
    return _Form(text, pick, _by_position(encoders), decoders, _by_position(decoders), planned_anew)


def _by_position(converters: Sequence[Converter]) -> list[tuple[int, Callable[[Any], Any]]]:
    return [(position, convert) for position, convert in enumerate(converters) if convert is not None]


def _pick(keys: list[Any], own: Mapping[str, Any]) -> Callable[[Values], Any]:
    """Return the function that takes values out of a mapping or sequence and adds the statement's own."""
    if keys == list(range(len(keys))) and not own:
        return lambda values: values
    if len(keys) < 2:
        return lambda values: [own[one] if one in own else values[one] for one in keys]
    pick: Callable[[Values], Any] = itemgetter(*keys)
    if not own:
        return pick
    return lambda values: pick({**own, **values})  # type: ignore[dict-item]


def _sqlite_encoder(column_type: Any, dialect: Any) -> Converter:
    if isinstance(column_type, JSON):
        return json_text
    encode: Converter = column_type.dialect_impl(dialect).bind_processor(dialect)
    return encode


def _run_one_by_one(connection: Any, ready: list[tuple[_Form, list[Any]]]) -> list[StatementResult]:
    driver = connection.connection.driver_connection
    has_listeners = bool(connection.dispatch.before_cursor_execute)
    results = []
    for form, arguments in ready:
        if has_listeners:
            notify_listeners(connection, form.text, arguments)
        rows, count = _executed(connection, driver, form.text, arguments)
        results.append(StatementResult(form.rows(rows), count))
    return results


def _executed(connection: Connection, driver: Any, text: str, arguments: Sequence[Any]) -> tuple[list[Any], int]:
    try:
        cursor = driver.execute(text, arguments)
        if cursor.description is None:
            return [], cursor.rowcount
        rows = cursor.fetchall()
    except sqlite3.Error as error:
        raise _database_error(connection, text, arguments, error) from error
    return rows, len(rows)


def _run(connection: Connection, ready: list[tuple[_Form, list[Any]]]) -> list[StatementResult]:
    for form, arguments in ready:
        notify_listeners(connection, form.text, arguments)
    dialect: Any = connection.dialect
    try:
        answers = _pipeline.send(
            connection, [Sent(form.text, arguments, form.decoders, form.planned_anew) for form, arguments in ready]
        )
    except dialect.dbapi.Error as error:
        texts, arguments = "; ".join(form.text for form, _ in ready), [one for _, one in ready]
        raise _database_error(connection, texts, arguments, error) from error
    return [StatementResult(rows, count) for rows, count in answers]


def _database_error(connection: Connection, text: str, arguments: Any, error: Any) -> BaseException:
    """Return the driver's error as SQLAlchemy's; invalidate a lost connection."""
    dialect: Any = connection.dialect
    is_lost: bool = dialect.is_disconnect(error, connection.connection.driver_connection, None)
    database_error: BaseException = DBAPIError.instance(
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
    return database_error
