"""In which order rows come, and where one stands in it.

Empty values come last both ways, texts are compared byte by byte, and equal rows by their number, so that the order is
total and the same on both databases. A place in it is the values of one row: what comes after is found by comparing
with them, however deep it is.
"""

import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, bindparam, collate, false, or_, select, tuple_
from sqlalchemy.orm import Session

from core.database.sessions import is_sqlite
from core.errors import InvalidInput, Problem
from core.i18n import N_
from core.kinds.kind import Reference
from core.resource import Field, Resource
from core.storage import type_of_values

CURSOR_LENGTH_MAX = 8_000  # characters; no cursor of ours is longer
CURSOR_TEXT_LENGTH_MAX = 200  # characters of one text; servers and proxies refuse long addresses
KEY, TITLE = "reference_key", "reference_title"
INT64_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Sort:
    """A field to sort by."""

    field: str
    descending: bool = False

    def __str__(self) -> str:
        return f"-{self.field}" if self.descending else self.field


@dataclass(frozen=True, slots=True)
class Term:
    """One expression of the order.

    Attributes:
        join: (rows, condition) it comes from, if that is not the resource's own.
    """

    expression: Any
    descending: bool
    nullable: bool
    join: tuple[Any, Any] | None = None

    def ordered(self, *, backward: bool = False) -> Any:
        """Return it for ORDER BY, from the end if ``backward``."""
        descending = self.descending != backward
        expression = self.expression.desc() if descending else self.expression.asc()
        if not self.nullable:
            return expression
        return expression.nulls_first() if backward else expression.nulls_last()


def terms_of(session: Session, resource: Resource, fields: Mapping[str, Field], sorts: Sequence[Sort]) -> list[Term]:
    """Return the terms of a total order: by ``sorts``, then by the row's number unless the key decides."""
    terms: list[Term] = []
    for sort in sorts:
        field = fields[sort.field]
        reference = field.kind.reference
        if reference is not None:
            other, condition = referred(field, reference)
            terms.append(Term(byte_order(session, other.c[KEY]), sort.descending, True, (other, condition)))
            continue
        nullable = field.stored.is_nullable
        terms.append(Term(byte_order(session, field.stored.expression), sort.descending, nullable))
        if resource.keys == (field.name,) and not nullable:
            return terms
    return [*terms, Term(resource.model.id, terms[-1].descending if terms else False, False)]


def byte_order(session: Session, column: Any) -> Any:
    """Return a column as it is sorted: texts byte by byte on both databases."""
    return collate(column, "C") if type_of_values(column) is str and not is_sqlite(session) else column


def referred(field: Field, reference: Reference) -> tuple[Subquery, ColumnElement[bool]]:
    """Return the rows that a field can refer to, with their key and title, and the condition to join them by.

    A subquery of its own: the row filter holds inside it, whatever it is joined to. (It does not hold for an alias of
    a mapped class that is joined by a condition: SQLAlchemy then restricts the table of the same name outside.)
    """
    model = reference.key.class_
    other = select(model.id, reference.key.label(KEY), reference.title.label(TITLE)).subquery()
    return other, field.stored.expression == other.c.id


def beyond(terms: Sequence[Term], names: Sequence[str | None], *, backward: bool = False) -> ColumnElement[bool]:
    """Return the condition of the rows after a place; if ``backward``, of that row and those before it.

    Args:
        names: Of the parameters that hold the value of each term at that place; None where it is empty.
    """
    place = [
        None if name is None else bindparam(name, type_=term.expression.type, required=False)
        for term, name in zip(terms, names, strict=True)
    ]
    if not any(term.nullable for term in terms) and len({term.descending for term in terms}) == 1:
        here = tuple_(*place)
        row = tuple_(*(term.expression for term in terms))
        if backward:
            return row >= here if terms[0].descending else row <= here
        return row < here if terms[0].descending else row > here
    ways: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for term, value in zip(terms, place, strict=True):
        ways.append(and_(*equal, _past(term, value, backward=backward)))
        equal.append(term.expression.is_(None) if value is None else term.expression == value)
    return or_(*ways, and_(*equal)) if backward else or_(*ways)


def _past(term: Term, value: Any, *, backward: bool) -> ColumnElement[bool]:
    column = term.expression
    if value is None:  # empty values stand at the end
        return column.is_not(None) if backward else false()
    past: ColumnElement[bool] = column < value if term.descending != backward else column > value
    return past if backward or not term.nullable else or_(past, column.is_(None))


def write_cursor(resource: Resource, sorts: Sequence[Sort], place: Sequence[Any]) -> str:
    """Return a place as text that a program hands back to go on from there."""
    values = [_stated(value) for value in place]
    stated = json.dumps([_name(resource, sorts), values], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(stated.encode()).decode().rstrip("=")


class Beginning(str):
    """The first characters of a text that is too long for a cursor."""

    __slots__ = ()


def _stated(value: Any) -> Any:
    """Return a value of a place as JSON carries it; of a long text its beginning, in a list of its own."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and len(value) > CURSOR_TEXT_LENGTH_MAX:
        return [value[:CURSOR_TEXT_LENGTH_MAX]]
    return value


def read_cursor(resource: Resource, sorts: Sequence[Sort], terms: Sequence[Term], cursor: str) -> list[Any]:
    """Return the place a cursor means. It comes from outside: names nothing, and each value is checked and bound.

    Of a long text it holds only the ``Beginning``.

    Raises:
        InvalidInput: ``queries.bad_cursor``.
    """
    try:
        if len(cursor) > CURSOR_LENGTH_MAX:
            raise ValueError("too long")
        name, values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
        if name != _name(resource, sorts) or type(values) is not list:
            raise ValueError("of another list")
        return [_checked(term, value) for term, value in zip(terms, values, strict=True)]
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        problem = Problem(
            "queries.bad_cursor", N_("This cursor does not belong to this list and order: begin without it.")
        )
        raise InvalidInput(problem.code, problem.message, fields={"cursor": problem}) from error


def _checked(term: Term, value: Any) -> Any:
    wanted = type_of_values(term.expression)
    if value is None and term.nullable:
        return None
    if wanted is int and type(value) is int and abs(value) <= INT64_MAX:
        return value
    if wanted is float and type(value) in {int, float} and math.isfinite(value):
        return float(value)
    if wanted is str and type(value) is list and len(value) == 1 and type(value[0]) is str:
        return Beginning(_storable(value[0]))
    if type(value) is not str:
        raise TypeError("a value of another kind")
    if wanted is datetime:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError("an instant without zone")
        return instant
    if wanted is date:
        return date.fromisoformat(value)
    if wanted is not str:
        raise TypeError("a value of another kind")
    return _storable(value)


def _storable(text: str) -> str:
    """Return a text if a database can hold it; whatever is stored must be accepted again."""
    if "\x00" in text:
        raise ValueError("a character that no text holds")
    text.encode()  # raises ``UnicodeEncodeError`` for half a character
    return text


def _name(resource: Resource, sorts: Sequence[Sort]) -> str:
    return f"{resource.name}:{','.join(map(str, sorts))}"
