"""Execution of a query of a resource, for grid, export and API.

One statement selects the ids of a page's rows in a subquery by filter, order and position, and joins the referenced
tables to these rows only. So the cost of joins depends on the size of the page, not of the table. Only rows that the
session's actor may see are returned; a reference to a row that the actor may not see is empty.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from core.database.sessions import actor_of, row_filter
from core.errors import InvalidInput
from core.expressions.nodes import And, Compare, Comparison, FieldPath, Text
from core.i18n import N_
from core.queries._building import KEY_SEPARATOR, CompiledQuery, columns_of, compile_query, in_order
from core.queries._ordering import write_cursor
from core.queries._pages import count_rows, place_of, rows_of_page
from core.queries._positions import COUNT_MAX, Totals, totals
from core.queries._statements import cached_columns, compiled_query, run
from core.queries.grid_query import LIMIT_MAX, GridQuery, read_query
from core.resource import Field, Resource

__all__ = [
    "GridQuery",
    "Page",
    "find_page",
    "find_row",
    "matching_keys",
    "read_query",
    "stream_rows",
    "stream_unordered_rows",
]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list, ready for JSON.

    Attributes:
        rows: Field name to dumped value; a reference is the other's key, with its title as ``<name>__title``; the row's
            own key is ``_key``.
        total: Number of rows, a lower bound unless ``total_is_exact``; None if not counted.
        sums: Field name to the dumped sum over all rows, for each field with a sum.
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
    compiled = compiled_query(session, query)
    columns = cached_columns(compiled)
    cached = totals(session, actor_of(session), query.resource.name, query.filter, query.search)
    rows = rows_of_page(session, compiled, columns, cached)
    page, more = rows[: query.limit], len(rows) > query.limit
    sums: dict[str, Any] = {}
    counted: int | None = None
    if query.sums:
        sums, counted = _fetch_sums(session, compiled, cached)
    total, is_exact = (
        (counted, True) if counted is not None else _total(session, compiled, cached, len(page), more=more)
    )
    if query.sums is None and query.resource.sums and is_exact and (total or 0) <= COUNT_MAX:
        sums, _ = _fetch_sums(session, compiled, cached)
    dumped = [columns.dumped(row) for row in page]
    next_cursor = write_cursor(query.resource, compiled.sorts, place_of(compiled, page[-1])) if more else None
    return Page(dumped, total, is_exact, sums, next_cursor)


def find_row(session: Session, resource: Resource, key_text: str) -> dict[str, Any] | None:
    """Return one row in the format of ``Page.rows``, with ``_version``; None if the actor may see no such row.

    Args:
        key_text: Values of the key fields, joined with "~"; only the first value may contain a "~" itself.

    Raises:
        NotPermitted: ``access.denied``.
    """
    parts = key_text.rsplit(KEY_SEPARATOR, len(resource.keys) - 1)
    if len(parts) != len(resource.keys) or not all(parts):
        return None
    key_condition = And(
        tuple(
            Compare(FieldPath((name,)), Comparison.IS, Text(part))
            for name, part in zip(resource.keys, parts, strict=True)
        )
    )
    names = tuple(field.name for field in resource.fields_for(actor_of(session)))
    try:
        compiled = compile_query(session, GridQuery(resource=resource, fields=names, filter=key_condition))
    except InvalidInput:
        return None  # a key that no row can have
    columns = columns_of(compiled)
    version = getattr(resource.model, "version", None)
    selected = [*columns.columns, resource.model.id if version is None else version]
    statement = columns.joined_to(select(*selected).select_from(resource.model)).where(*compiled.where)
    rows = [
        columns.dumped(row) | {"_version": None if version is None else row[-1]} for row in session.execute(statement)
    ]
    # The filter compares the normalised text, which an older row's key may not be: the row with this very key wins.
    return next((row for row in rows if row["_key"] == key_text), rows[0] if rows else None)


def stream_rows(session: Session, query: GridQuery, slice_rows: int = 4_000) -> Generator[list[Row[Any]], None, None]:
    """Yield all rows of the filter in order, as stored values of ``query.fields``, from one snapshot of the database.

    A reference is the other row's key. Memory does not grow with the number of rows. A caller that stops before the
    end closes the generator.

    Args:
        query: Its limit, offset and cursor do not count.
        slice_rows: How many rows at a time.

    Raises:
        NotPermitted: ``access.denied``.
        InvalidInput: As ``read_query``.
    """
    compiled = compile_query(session, query)
    columns = columns_of(compiled, titles=False)
    selected = columns.columns[: len(query.fields)]
    statement = columns.joined_to(select(*selected).select_from(query.resource.model)).where(*compiled.where)
    ordered = in_order(compiled, statement).options(*row_filter(actor_of(session)))
    # A third faster on the connection than through the session, whose row filter does not apply there: it is added.
    with session.connection().execute(ordered, execution_options={"yield_per": slice_rows}) as streamed:
        for part in streamed.partitions():
            yield list(part)


def stream_unordered_rows(
    session: Session, query: GridQuery, slice_rows: int = 4_000
) -> Generator[list[Row[Any]], None, None]:
    """Yield all rows of the filter without order, as stored values of ``query.fields``, from one database snapshot.

    A reference is the id of the other row, even of a row that the actor may not see; nothing is joined. Memory does not
    grow with the number of rows. A caller that stops before the end closes the generator. Raises as ``stream_rows``.
    """
    compiled = compile_query(session, query)
    selected = [compiled.fields[name].stored.expression for name in query.fields]
    statement = select(*selected).select_from(query.resource.model).where(*compiled.where)
    filtered = statement.options(*row_filter(actor_of(session)))
    with session.connection().execute(filtered, execution_options={"yield_per": slice_rows}) as streamed:
        for part in streamed.partitions():
            yield list(part)


def matching_keys(session: Session, query: GridQuery, rows_max: int = LIMIT_MAX) -> list[str]:
    """Return the keys of all rows of the filter, in order.

    Args:
        rows_max: Maximum number of rows, up to 1,000.

    Raises:
        NotPermitted: ``access.denied``.
        InvalidInput: ``queries.too_many_rows``, and as ``read_query``.
    """
    keys_only = replace(
        query, fields=query.resource.keys, limit=rows_max, offset=0, cursor="", count="none", sums=False
    )
    page = find_page(session, keys_only)
    if page.next_cursor is not None:
        raise InvalidInput(
            "queries.too_many_rows", N_("This works for at most {most} rows at once. Narrow the filter."), most=rows_max
        )
    return [row["_key"] for row in page.rows]


def _total(
    session: Session, compiled: CompiledQuery, cached: Totals, page_size: int, *, more: bool
) -> tuple[int | None, bool]:
    """Return the number of rows, at least, and whether it is exact."""
    query = compiled.query
    if query.count == "none":
        return None, False
    if not more and not query.cursor and (page_size or not query.offset):
        return query.offset + page_size, True
    if cached.total is not None:
        return cached.total, True
    if query.count == "exact":
        return count_rows(session, compiled, cached), True
    if not cached.is_long:
        capped = select(query.resource.model.id).where(*compiled.where).limit(COUNT_MAX + 1)
        total = run(session, compiled, "capped count", lambda: select(func.count()).select_from(capped.subquery()))[0][
            0
        ]
        if total <= COUNT_MAX:
            return total, True
        cached.is_long = True
    return max(COUNT_MAX, query.offset + page_size), False


def _sums_statement(compiled: CompiledQuery, summed: Sequence[Field]) -> Select[Any]:
    columns = [func.sum(field.stored.expression) for field in summed]
    return select(func.count(), *columns).select_from(compiled.query.resource.model).where(*compiled.where)


def _fetch_sums(session: Session, compiled: CompiledQuery, cached: Totals) -> tuple[dict[str, Any], int]:
    """Return the dumped sums over the whole filter, of the fields that the actor may see, and how many rows it has."""
    resource = compiled.query.resource
    summed = [compiled.fields[name] for name in resource.sums if name in compiled.fields]
    total, sums = cached.total, cached.sums
    if total is None or sums is None:
        row = run(session, compiled, "sums", lambda: _sums_statement(compiled, summed))[0]
        total, sums = row[0], {field.name: int(value or 0) for field, value in zip(summed, row[1:], strict=True)}
        cached.store(total, sums)
    return {field.name: field.kind.dump(sums[field.name]) for field in summed}, total
