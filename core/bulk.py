"""Many rows into a table at once, by each database's own fastest way."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Table, insert
from sqlalchemy.orm import Session

from core.database import is_sqlite

SMALL = 5  # rows up to which one ordinary statement beats COPY
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
    if is_sqlite(session):
        _insert_sqlite(session, table, columns, rows)
    elif len(rows) <= SMALL:
        # by the connection: the session would build the row filter, which has no say in what is inserted
        session.connection().execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])
    else:
        _copy_postgres(session, table, columns, rows)


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
    """Return the rows with each value in the form the driver takes; columns that need no change are not touched."""
    by_column: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for index, name in enumerate(columns):
        values = by_column[index]
        if isinstance(table.c[name].type, JSON):
            values = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
        types = set(map(type, values))
        if otherwise is not None or types & forms.keys():
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
_COPY_FORMS: dict[type, Callable[[Any], Any]] = {
    type(None): lambda _: r"\N",
    datetime: datetime.isoformat,
    date: date.isoformat,
    int: str,
    bool: lambda value: "t" if value else "f",
}
