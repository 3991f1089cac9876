"""Bulk inserts: ``COPY`` on PostgreSQL, one prepared statement for many rows on SQLite."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Table, bindparam, insert
from sqlalchemy.orm import Session

from core.database.operations import Operation, no_result
from core.database.prepared import Prepared
from core.database.sessions import is_sqlite

FEW = 20  # rows up to which one prepared statement is faster than the bulk form
_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def insert_rows(session: Session, target: Any, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert ``rows`` into a table.

    Args:
        session: Its transaction is used; the ORM does not learn of the rows.
        target: Mapped class or table.
        columns: Column names, in the order of each row's values; others get their defaults of the database.
        rows: Values as the columns' Python types; JSON columns take what ``json`` can write.
    """
    if not rows:
        return
    table: Table = getattr(target, "__table__", target)
    if len(rows) <= FEW and table is not target:  # the cache is for mapped classes: temporary tables live too briefly
        insert_few(target, columns, rows).run(session)
    elif is_sqlite(session):
        _insert_sqlite(session, table, columns, rows)
    else:
        _copy_postgres(session, table, columns, rows)


def insert_few(model: Any, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Operation[None]:
    """Return the operation that inserts one to ``FEW`` rows; see ``insert_rows``."""
    values = [value for row in rows for value in row]
    return Operation(_few(model.__table__, tuple(columns), len(rows)), values, no_result)


@lru_cache(maxsize=500)
def _few(table: Table, columns: tuple[str, ...], count: int) -> Prepared:
    """Return the statement that inserts ``count`` rows; its values are those of the rows, concatenated."""
    width = len(columns)
    rows = [
        {name: bindparam(str(row * width + at), type_=table.c[name].type) for at, name in enumerate(columns)}
        for row in range(count)
    ]
    return Prepared(insert(table).values(rows), numbered=True)


def _insert_sqlite(session: Session, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608  (names of our own columns)
    session.connection().exec_driver_sql(statement, _stored(table, columns, rows, _SQLITE_FORMS))


def _copy_postgres(session: Session, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    lines = "\n".join("\t".join(row) for row in _stored(table, columns, rows, _COPY_FORMS, _copy_text))
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        copy.write(lines + "\n")


def _stored(
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    forms: dict[type, Callable[[Any], Any]],
    otherwise: Callable[[Any], Any] | None = None,
) -> list[tuple[Any, ...]]:
    """Return the rows with each value in the driver's form; columns that need no conversion are left alone."""
    by_column: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for index, name in enumerate(columns):
        values = by_column[index]
        if isinstance(table.c[name].type, JSON):
            distinct = {id(value): value for value in values}
            texts = {key: None if value is None else _json_text(value) for key, value in distinct.items()}
            values = [texts[id(value)] for value in values]  # many rows often share one value
        types = set(map(type, values))
        if types & {datetime, date} and types <= _REPEATED:  # rows of one batch share their times
            known = {value: _form(value, forms, otherwise) for value in set(values)}
            by_column[index] = [known[value] for value in values]
        elif otherwise is not None or types & forms.keys():
            by_column[index] = [_form(value, forms, otherwise) for value in values]
        else:
            by_column[index] = values
    return list(zip(*by_column, strict=True))


def _form(value: Any, forms: dict[type, Callable[[Any], Any]], otherwise: Callable[[Any], Any] | None) -> Any:
    form = forms.get(type(value), otherwise)
    return value if form is None else form(value)


def _copy_text(value: Any) -> str:
    return str(value).translate(_COPY_ESCAPES)


def _sqlite_instant(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


_SQLITE_FORMS: dict[type, Callable[[Any], Any]] = {datetime: _sqlite_instant, date: date.isoformat, bool: int}
_REPEATED = {datetime, date, type(None)}
_json_text = json.JSONEncoder(ensure_ascii=False).encode
_COPY_FORMS: dict[type, Callable[[Any], Any]] = {
    type(None): lambda _: r"\N",
    datetime: datetime.isoformat,
    date: date.isoformat,
    int: str,
    bool: lambda value: "t" if value else "f",
}
