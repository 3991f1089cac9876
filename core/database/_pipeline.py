"""Prepared statements on PostgreSQL, sent through libpq (``psycopg.pq``) in pipeline mode.

psycopg's cursors choose an adapter for every value of every execution. The types of a prepared statement are known, so
its values are encoded directly, and several statements share one round trip.
"""

import json
import select
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import JSON, Boolean, Connection, Date, Enum, Float, Integer, String

from core.database.columns import Instant
from core.database.errors import unstorable

IDLE = 0  # PQTRANS_IDLE: no transaction has begun
DONE = (1, 2)  # PGRES_COMMAND_OK, PGRES_TUPLES_OK
_any_json = json.JSONEncoder(ensure_ascii=False).encode

Load = Callable[[bytes], Any]


class Sent(NamedTuple):
    """A statement with its encoded values; ``loads``: the decoder of each column of its result."""

    text: str
    values: list[bytes | None]
    loads: Sequence[Any]
    planned_anew: bool


def json_text(value: Any) -> str:
    """Return a value as JSON."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # keys that are not strings, integers of more than 64 bits
        return _any_json(value)


def encoder(column_type: Any) -> Callable[[Any], bytes]:
    """Return the function that encodes values of a column type. Raises ``TypeError`` for an unknown type."""
    encode: Callable[[Any], bytes] = _by_type(column_type, _ENCODERS)
    return encode


def decoder(column_type: Any) -> Load:
    """Return the function that decodes values of a column type. Raises ``TypeError`` for an unknown type."""
    decode: Load = _by_type(column_type, _DECODERS)
    return decode


def send(connection: Connection, statements: Sequence[Sent]) -> list[tuple[list[Any], int]]:
    """Run statements in one round trip; return for each its rows, and how many it returned or changed.

    Raises:
        psycopg.Error: Of the first statement that failed; those after it did not run.
    """
    driver: Any = connection.connection.driver_connection
    dialect: Any = connection.dialect
    dbapi, wire = dialect.dbapi, driver.pgconn
    names = [None if sent.planned_anew else _name(connection, wire, dbapi, sent.text) for sent in statements]
    begins = wire.transaction_status == IDLE and not driver.autocommit
    if len(statements) == 1:
        results = [wire.exec_(b"BEGIN")] if begins else []
        name, sent = names[0], statements[0]
        if name is None:
            results.append(wire.exec_params(sent.text.encode(), sent.values))
        else:
            results.append(wire.exec_prepared(name, sent.values))
    else:
        results = _send_in_pipeline(wire, list(zip(names, statements, strict=True)), begins=begins)
    for result in results[:begins]:
        _require_success(dbapi, result)
    return [_answer(dbapi, r, sent.loads) for r, sent in zip(results[begins:], statements, strict=True)]


def _send_in_pipeline(wire: Any, statements: list[tuple[bytes | None, Sent]], *, begins: bool) -> list[Any]:
    wire.enter_pipeline_mode()
    try:
        if begins:
            wire.send_query_params(b"BEGIN", None)
        for name, sent in statements:
            if name is None:
                wire.send_query_params(sent.text.encode(), sent.values)
            else:
                wire.send_query_prepared(name, sent.values)
        wire.pipeline_sync()
        while wire.flush():
            _wait(wire.socket, writing=True)
            wire.consume_input()
        results = []
        for _ in range(begins + len(statements)):
            results.append(_next_result(wire))
            _next_result(wire)  # None: the end of this statement
        _next_result(wire)  # the synchronization point
        return results
    finally:
        wire.exit_pipeline_mode()


def _next_result(wire: Any) -> Any:
    """Wait for the server without the interpreter lock, which ``get_result`` would hold."""
    while wire.is_busy():
        _wait(wire.socket)
        wire.consume_input()
    return wire.get_result()


def _wait_by_poll(socket: int, *, writing: bool = False) -> None:
    """Wait until the socket is readable or, if ``writing``, writable."""
    waiting = select.poll()
    waiting.register(socket, select.POLLIN | select.POLLOUT if writing else select.POLLIN)
    waiting.poll()


def _wait_by_select(socket: int, *, writing: bool = False) -> None:
    """Do the same on Windows, which has no ``poll``; elsewhere ``select`` is limited to descriptors below 1,024."""
    select.select([socket], [socket] if writing else [], [])


_wait = _wait_by_poll if hasattr(select, "poll") else _wait_by_select


def _name(connection: Connection, wire: Any, dbapi: Any, text: str) -> bytes:
    """Return the name of the server-side prepared statement on this connection; prepare it at its first use."""
    known: dict[str, bytes] = connection.info.setdefault("prepared", {})
    name = known.get(text)
    if name is None:
        name = b"qudao_%d" % len(known)
        _require_success(dbapi, wire.prepare(name, text.encode()))
        known[text] = name
    return name


def _answer(dbapi: Any, result: Any, loads: Sequence[Load]) -> tuple[list[Any], int]:
    _require_success(dbapi, result)
    if not loads:
        return [], result.command_tuples or 0
    value, columns = result.get_value, list(enumerate(loads))
    rows = [
        [None if (data := value(row, column)) is None else load(data) for column, load in columns]
        for row in range(result.ntuples)
    ]
    return rows, len(rows)


def _require_success(dbapi: Any, result: Any) -> None:
    if result is None:
        raise dbapi.OperationalError("the connection is lost")
    if result.status not in DONE:
        error = dbapi.errors.error_from_result(result)
        # errors raised by libpq itself (connection lost) have no SQLSTATE and no matching exception class
        raise error if error.sqlstate else dbapi.OperationalError(str(error))


def _text(value: str) -> bytes:
    encoded = value.encode()
    if b"\0" in encoded:
        raise unstorable()  # libpq would cut the text at the NUL
    return encoded


def _whole(value: int) -> bytes:
    return b"%d" % value


def _day(value: date) -> bytes:
    return value.isoformat().encode()


def _instant(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise ValueError(f"instant without time zone: {value}")
    return value.isoformat().encode()


def _decoded_instant(value: bytes) -> datetime:
    return datetime.fromisoformat(value.decode()).astimezone(UTC)


def _by_type(column_type: Any, table: Sequence[tuple[Any, Any]]) -> Any:
    for known, function in table:
        if isinstance(column_type, known) and not isinstance(column_type, Enum):
            return function
    raise TypeError(f"prepared statements have no encoding for values of type {column_type!r}")


_ENCODERS: list[tuple[Any, Callable[[Any], bytes]]] = [
    (Instant, _instant),
    (Date, _day),
    (JSON, lambda value: _text(json_text(value))),
    (Boolean, lambda value: b"t" if value else b"f"),
    (Integer, _whole),
    (Float, lambda value: repr(float(value)).encode()),
    (String, _text),
]
_DECODERS: list[tuple[Any, Load]] = [
    (Instant, _decoded_instant),
    (Date, lambda value: date.fromisoformat(value.decode())),
    (Boolean, lambda value: value == b"t"),
    (Integer, int),
    (Float, float),
    (JSON, json.loads),
    (String, bytes.decode),
]
