"""Shapes of tables in the neutral form: names and kinds of their columns.

A value in the neutral form is None, an integer, a number or a text:

=========  =============================================================================
integer    an integer
number     a double, as its shortest decimal form
text       the text
instant    "2026-12-01 08:30:00.000000", in UTC
date       "2026-12-01"
boolean    1 or 0
json       the JSON text as it is stored
bytes      hexadecimal digits in capitals
=========  =============================================================================
"""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from sqlalchemy import JSON, BigInteger, Boolean, Date, Double, Integer, LargeBinary, String, Table

from core.database.columns import Instant
from core.database.sessions import Base

Kind = Literal["integer", "number", "text", "instant", "date", "boolean", "json", "bytes"]
_KINDS: tuple[tuple[type[Any], Kind], ...] = (
    (Instant, "instant"),
    (Date, "date"),
    (Boolean, "boolean"),
    (JSON, "json"),
    (LargeBinary, "bytes"),
    (Double, "number"),
    (BigInteger, "integer"),
    (Integer, "integer"),
    (String, "text"),
)


class ColumnShape(NamedTuple):
    """A column: its name and the kind of its values."""

    name: str
    kind: Kind


class TableShape(NamedTuple):
    """A table: its name, its columns and the names of the columns of its primary key."""

    name: str
    columns: tuple[ColumnShape, ...]
    key: tuple[str, ...]


def table_shapes() -> list[TableShape]:
    """Return the shapes of all tables of this release, sorted by name.

    Raises:
        TypeError: A column has a type without a kind.
    """
    return [_shape(table) for table in sorted(Base.metadata.tables.values(), key=lambda table: table.name)]


def shapes_from_json(facts: Iterable[Any]) -> list[TableShape]:
    """Return shapes read from JSON, where named tuples are lists.

    Raises:
        ValueError, TypeError: They are no shapes.
    """
    known = {kind for _type, kind in _KINDS}
    shapes = []
    for name, columns, key in facts:
        table = TableShape(str(name), tuple(ColumnShape(str(one), kind) for one, kind in columns), tuple(map(str, key)))
        if not {column.kind for column in table.columns} <= known or not all(
            one.isidentifier() for one in _names(table)
        ):
            raise ValueError(f"table of unknown shape: {name}")
        shapes.append(table)
    return shapes


def _names(table: TableShape) -> list[str]:
    return [table.name, *table.key, *(column.name for column in table.columns)]


def _shape(table: Table) -> TableShape:
    columns = tuple(ColumnShape(column.name, _kind(column.type)) for column in table.columns)
    return TableShape(table.name, columns, tuple(column.name for column in table.primary_key))


def _kind(column_type: Any) -> Kind:
    for known, kind in _KINDS:
        if isinstance(column_type, known):
            return kind
    raise TypeError(f"column type without a kind in the neutral form: {column_type!r}")
