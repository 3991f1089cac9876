"""One query for grid, export and API: what is asked of a resource, and its answer.

A page is found in two steps in one statement: the numbers of its rows by filter, order and position, then what stands
in those rows and in the rows they refer to. So a join costs as much as the page is long, however long the list is. The
rows are those the session's actor may see; a reference to a row the actor may not see is empty.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Integer, Row, Select, bindparam, func, select
from sqlalchemy.orm import Session

from core.database import actor_of, row_filter
from core.errors import InvalidInput
from core.grid_query import LIMIT_MAX, GridQuery, read_query
from core.i18n import N_
from core.query_building import KEY_SEPARATOR, Asked, Columns, asked_in, columns_of, in_order, numbers_of_rows
from core.query_filters import And, Condition, Operator
from core.query_order import beyond, read_cursor, write_cursor
from core.query_places import Totals, totals
from core.query_plans import planned
from core.query_statements import asked_again, kept_columns, run
from core.resource import Field, Resource

__all__ = ["GridQuery", "Page", "find_page", "find_row", "matching_keys", "read_query", "stream_rows"]

COUNT_MAX = 10_000  # rows that are counted without being asked
DEEP = 5_000  # offset from which known positions pay
_SKIPPED = bindparam("skipped", 0, type_=Integer)
_WANTED = bindparam("wanted", 0, type_=Integer)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list, ready for JSON.

    Attributes:
        rows: Field name to dumped value; a reference is the other's key, with its title as ``<name>__title``; the row's
            own key is ``_key``.
        total: How many rows there are, at least; None if not counted. total_is_exact: whether there are not more.
        sums: Field name to the dumped sum over all rows, of the fields that were summed up.
        next_cursor: Where the next page begins; None after the last row.
    """

    rows: list[dict[str, Any]]
    total: int | None
    total_is_exact: bool
    sums: dict[str, Any]
    next_cursor: str | None


def find_page(session: Session, query: GridQuery) -> Page:
    """Return a page of the rows the session's actor may see.

    Raises:
        NotPermitted: ``access.denied``.
        InvalidInput: As ``read_query``, ``queries.search_too_short``, ``queries.bad_cursor``.
    """
    asked = asked_again(session, query)
    columns = kept_columns(asked)
    known = totals(session, actor_of(session), query.resource.name, query.filter, query.search)
    rows = _deep_rows(session, asked, columns, known) if _is_deep(query) else _rows(session, asked, columns)
    page, more = rows[: query.limit], len(rows) > query.limit
    sums: dict[str, Any] = {}
    counted: int | None = None
    if query.sums:
        sums, counted = _summed_up(session, asked, known)
    total, is_exact = (counted, True) if counted is not None else _total(session, asked, known, len(page), more=more)
    if query.sums is None and query.resource.sums and is_exact and (total or 0) <= COUNT_MAX:
        sums, _ = _summed_up(session, asked, known)
    dumped = [columns.dumped(row) for row in page]
    following = write_cursor(query.resource, asked.sorts, _place(asked, page[-1])) if more else None
    return Page(dumped, total, is_exact, sums, following)


def find_row(session: Session, resource: Resource, key_text: str) -> dict[str, Any] | None:
    """Return one row as ``Page.rows`` has it, with ``_version``; None if there is none that the actor may see.

    Args:
        key_text: Values of the key fields, joined with "~".

    Raises:
        NotPermitted: ``access.denied``.
    """
    parts = key_text.split(KEY_SEPARATOR, len(resource.keys) - 1)
    if len(parts) != len(resource.keys) or not all(parts):
        return None
    named = And(tuple(Condition(name, Operator.IS, (part,)) for name, part in zip(resource.keys, parts, strict=True)))
    names = tuple(field.name for field in resource.fields_for(actor_of(session)))
    try:
        asked = asked_in(session, GridQuery(resource=resource, fields=names, filter=named))
    except InvalidInput:
        return None  # a key that no row can have
    columns = columns_of(asked)
    version = getattr(resource.model, "version", None)
    wanted = [*columns.columns, resource.model.id if version is None else version]
    found = columns.joined_to(select(*wanted).select_from(resource.model)).where(*asked.where)
    row = session.execute(found).first()
    return None if row is None else columns.dumped(row) | {"_version": None if version is None else row[-1]}


def stream_rows(session: Session, query: GridQuery, slice_rows: int = 4_000) -> Iterator[list[Row[Any]]]:
    """Yield all rows of the filter in order, as stored values of ``query.fields``, at one moment of the database.

    A reference is the other's key. Memory does not grow with the number of rows.

    Args:
        query: Its limit, offset and cursor do not count.
        slice_rows: How many rows at a time.

    Raises:
        NotPermitted: ``access.denied``.
        InvalidInput: As ``read_query``.
    """
    asked = asked_in(session, query)
    columns = columns_of(asked, titles=False)
    wanted = columns.columns[: len(query.fields)]
    statement = columns.joined_to(select(*wanted).select_from(query.resource.model)).where(*asked.where)
    ordered = in_order(asked, statement).options(*row_filter(actor_of(session)))
    # Executed on the connection, where rows come a third faster than through the session; so it brings its row filter.
    streamed = session.connection().execute(ordered, execution_options={"yield_per": slice_rows})
    for part in streamed.partitions():
        yield list(part)


def matching_keys(session: Session, query: GridQuery, most: int = LIMIT_MAX) -> list[str]:
    """Return the keys of all rows of the filter, in order.

    Args:
        most: How many are allowed, up to 1,000.

    Raises:
        NotPermitted: ``access.denied``.
        InvalidInput: ``queries.too_many_rows``, and as ``read_query``.
    """
    keys_only = replace(query, fields=query.resource.keys, limit=most, offset=0, cursor="", count="none", sums=False)
    page = find_page(session, keys_only)
    if page.next_cursor is not None:
        raise InvalidInput(
            "queries.too_many_rows", N_("This is meant for at most {most} rows at once. Narrow the filter."), most=most
        )
    return [row["_key"] for row in page.rows]


def _is_deep(query: GridQuery) -> bool:
    return query.offset >= DEEP and not query.cursor


def _rows(session: Session, asked: Asked, columns: Columns) -> list[Any]:
    """Return the rows of the page and the first one after it."""
    query, wanted = asked.query, asked.query.limit + 1
    place: Sequence[Any] | None = None
    offset = query.offset
    if query.cursor:
        place, offset = read_cursor(query.resource, asked.sorts, asked.terms, query.cursor), 0
    with planned(session, asked, offset + wanted) as way:
        return _read(session, way, columns, place, offset, wanted)


def _deep_rows(session: Session, asked: Asked, columns: Columns, known: Totals) -> list[Any]:
    """Return the rows of a deep page, starting from the nearest position that is known, and remember its ends.

    The end of the list is such a position once its rows have been counted.
    """
    offset = asked.query.offset
    total = known.total if known.total is not None else _count(session, asked, known)
    wanted = min(asked.query.limit + 1, total - offset)
    if wanted <= 0:
        return []
    positions = known.positions(asked.sorts)
    start, backward = positions.nearest(offset, wanted, total)
    last = offset + wanted - 1
    skipped = min(start, total - 1) - last if backward else offset - start - 1
    with planned(session, asked, skipped + wanted) as way:
        rows = _read(session, way, columns, positions.get(start), skipped, wanted, backward=backward)
    if rows:
        positions.remember(offset, _place(asked, rows[0]))
        positions.remember(offset + len(rows) - 1, _place(asked, rows[-1]))
    return rows


def _read(
    session: Session,
    asked: Asked,
    columns: Columns,
    place: Sequence[Any] | None,
    skipped: int,
    wanted: int,
    *,
    backward: bool = False,
) -> list[Any]:
    """Return ``wanted`` rows from a place on (None: from the beginning, or the end), after ``skipped`` others."""
    values = {f"at_{index}": value for index, value in enumerate(place or ()) if value is not None}
    given = None if place is None else tuple(f"at_{n}" if value is not None else None for n, value in enumerate(place))

    def make() -> Select[Any]:
        after = [] if given is None else [beyond(asked.terms, given, backward=backward)]
        numbers = numbers_of_rows(asked, *after, backward=backward)
        return _filled(asked, columns, numbers.offset(_SKIPPED).limit(_WANTED))

    return run(session, asked, ("page", given, backward), make, skipped=skipped, wanted=wanted, **values)


def _filled(asked: Asked, columns: Columns, numbers: Select[Any]) -> Select[Any]:
    """Return the select of what stands in the rows of these numbers, and last what they are ordered by."""
    model, page = asked.query.resource.model, numbers.subquery("page")
    by = [page.c[f"by_{index}"] for index in range(len(asked.terms))]
    filled = columns.joined_to(select(*columns.columns, *by).select_from(page).join(model, model.id == page.c.id))
    return filled.order_by(
        *(replace(term, expression=own).ordered() for term, own in zip(asked.terms, by, strict=True))
    )


def _place(asked: Asked, row: Any) -> tuple[Any, ...]:
    return tuple(row[-len(asked.terms) :])


def _total(session: Session, asked: Asked, known: Totals, found: int, *, more: bool) -> tuple[int | None, bool]:
    """Return how many rows the list has at least, and whether that is all."""
    query = asked.query
    if query.count == "none":
        return None, False
    if not more and not query.cursor and (found or not query.offset):
        return query.offset + found, True
    if known.total is not None:
        return known.total, True
    if query.count == "exact":
        return _count(session, asked, known), True
    total = run(session, asked, "capped count", lambda: _counting(asked, COUNT_MAX + 1))[0][0]
    if total <= COUNT_MAX:
        return total, True
    return max(COUNT_MAX, query.offset + found), False


def _count(session: Session, asked: Asked, known: Totals) -> int:
    """Return how many rows there are. Only a number is remembered so large that nobody can notice a change of it."""
    total: int = run(session, asked, "count", lambda: _counting(asked))[0][0]
    known.total = total if total > COUNT_MAX else None
    return total


def _counting(asked: Asked, most: int | None = None) -> Select[Any]:
    model = asked.query.resource.model
    if most is None:
        return select(func.count()).select_from(model).where(*asked.where)
    return select(func.count()).select_from(select(model.id).where(*asked.where).limit(most).subquery())


def _summing(asked: Asked, summed: Sequence[Field]) -> Select[Any]:
    columns = [func.sum(field.column) for field in summed]
    return select(func.count(), *columns).select_from(asked.query.resource.model).where(*asked.where)


def _summed_up(session: Session, asked: Asked, known: Totals) -> tuple[dict[str, Any], int]:
    """Return the dumped sums over the whole filter, of the fields that the actor may see, and how many rows it has."""
    resource = asked.query.resource
    summed = [asked.fields[name] for name in resource.sums if name in asked.fields]
    total, sums = known.total, known.sums
    if total is None or sums is None:
        row = run(session, asked, "sums", lambda: _summing(asked, summed))[0]
        total, sums = row[0], {field.name: int(value or 0) for field, value in zip(summed, row[1:], strict=True)}
        if total > COUNT_MAX:
            known.total, known.sums = total, sums
    return {field.name: field.kind.dump(sums[field.name]) for field in summed}, total
