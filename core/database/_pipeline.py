"""How prepared statements reach PostgreSQL: through libpq itself, as ``psycopg.pq`` offers it.

psycopg's cursors look at every value anew to find out how it travels. Of a statement made beforehand that is known, and
several of them can travel together (pipeline mode): then there is one wait for the server instead of many.
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
    """A statement and its values, ready to go; ``loads``: what each of its columns becomes."""

    text: str
    values: list[bytes | None]
    loads: Sequence[Any]
    planned_anew: bool


def json_text(value: Any) -> str:
    """Return a value as JSON."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # keys that are no texts, numbers of more than 64 bits
        return _any_json(value)


def storing(one: Any) -> Callable[[Any], bytes]:
    """Return how values of a column type travel to the server."""
    change: Callable[[Any], bytes] = _found(one, _STORING)
    return change


def loading(one: Any) -> Load:
    """Return what the server's answer of a column type becomes."""
    change: Load = _found(one, _LOADING)
    return change


def send(connection: Connection, statements: Sequence[Sent]) -> list[tuple[list[Any], int]]:
    """Return of each statement its rows, and how many rows it found or changed.

    Raises:
        psycopg.Error: The first refusal; nothing after it was done.
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
        results = _sent_in_one_go(wire, list(zip(names, statements, strict=True)), begins=begins)
    for result in results[:begins]:
        _checked(dbapi, result)
    return [_answer(dbapi, r, sent.loads) for r, sent in zip(results[begins:], statements, strict=True)]


def _sent_in_one_go(wire: Any, statements: list[tuple[bytes | None, Sent]], *, begins: bool) -> list[Any]:
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
            _next_result(wire)  # None: the end of this one
        _next_result(wire)  # the mark
        return results
    finally:
        wire.exit_pipeline_mode()


def _next_result(wire: Any) -> Any:
    """Wait here for the server, where other threads go on meanwhile; ``get_result`` would hold them all."""
    while wire.is_busy():
        _wait(wire.socket)
        wire.consume_input()
    return wire.get_result()


def _wait_by_poll(socket: int, *, writing: bool = False) -> None:
    """Wait until the server has said something or, if ``writing``, takes more."""
    waiting = select.poll()
    waiting.register(socket, select.POLLIN | select.POLLOUT if writing else select.POLLIN)
    waiting.poll()


def _wait_by_select(socket: int, *, writing: bool = False) -> None:
    """Do the same on Windows, which has no ``poll``; elsewhere ``select`` knows only the first 1,024 sockets."""
    select.select([socket], [socket] if writing else [], [])


_wait = _wait_by_poll if hasattr(select, "poll") else _wait_by_select


def _name(connection: Connection, wire: Any, dbapi: Any, text: str) -> bytes:
    """Return the name under which the server has a statement ready on this connection."""
    known: dict[str, bytes] = connection.info.setdefault("prepared", {})
    name = known.get(text)
    if name is None:
        name = b"qudao_%d" % len(known)
        _checked(dbapi, wire.prepare(name, text.encode()))
        known[text] = name
    return name


def _answer(dbapi: Any, result: Any, loads: Sequence[Load]) -> tuple[list[Any], int]:
    _checked(dbapi, result)
    if not loads:
        return [], result.command_tuples or 0
    value, columns = result.get_value, list(enumerate(loads))
    rows = [
        [None if (found := value(row, column)) is None else load(found) for column, load in columns]
        for row in range(result.ntuples)
    ]
    return rows, len(rows)


def _checked(dbapi: Any, result: Any) -> None:
    if result is None:
        raise dbapi.OperationalError("the connection is lost")
    if result.status not in DONE:
        refusal = dbapi.errors.error_from_result(result)
        # errors raised by libpq itself (connection lost) have no SQLSTATE and no matching exception class
        raise refusal if refusal.sqlstate else dbapi.OperationalError(str(refusal))


def _text(value: str) -> bytes:
    stored = value.encode()
    if b"\0" in stored:
        raise unstorable()  # libpq would cut the text at the NUL
    return stored


def _whole(value: int) -> bytes:
    return b"%d" % value


def _day(value: date) -> bytes:
    return value.isoformat().encode()


def _instant(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise ValueError(f"instant without time zone: {value}")
    return value.isoformat().encode()


def _loaded_instant(value: bytes) -> datetime:
    return datetime.fromisoformat(value.decode()).astimezone(UTC)


def _found(one: Any, table: Sequence[tuple[Any, Any]]) -> Any:
    for kind, change in table:
        if isinstance(one, kind) and not isinstance(one, Enum):
            return change
    raise TypeError(f"prepared statements know no values of type {one!r}")


_STORING: list[tuple[Any, Callable[[Any], bytes]]] = [
    (Instant, _instant),
    (Date, _day),
    (JSON, lambda value: _text(json_text(value))),
    (Boolean, lambda value: b"t" if value else b"f"),
    (Integer, _whole),
    (Float, lambda value: repr(float(value)).encode()),
    (String, _text),
]
_LOADING: list[tuple[Any, Load]] = [
    (Instant, _loaded_instant),
    (Date, lambda value: date.fromisoformat(value.decode())),
    (Boolean, lambda value: value == b"t"),
    (Integer, int),
    (Float, float),
    (JSON, json.loads),
    (String, bytes.decode),
]
