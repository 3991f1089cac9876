"""The rows of one page of a list: found by cursor or offset, however deep, and filled with what stands in them."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, select
from sqlalchemy.orm import Session

from core.database.sessions import EVERYONE, actor_of
from core.queries._building import Columns, CompiledQuery, numbers_of_rows
from core.queries._ordering import Beginning, beyond, read_cursor
from core.queries._plans import comes_in_order, planned
from core.queries._positions import Place, Seen, Totals
from core.queries._statements import run

DEEP = 5_000  # offset from which known positions pay
FAR = 10_000  # rows that are rather skipped than the whole list surveyed
FAR_IN_ALL = 200_000  # the same in a list of all rows, where skipping looks at none of them
STEP = 5_000  # rows from one surveyed position to the next
_SKIPPED = bindparam("skipped", 0, type_=Integer)
_WANTED = bindparam("wanted", 0, type_=Integer)


def rows_of_page(session: Session, compiled: CompiledQuery, columns: Columns, known: Totals) -> list[Any]:
    """Return the rows of a page and the first one after it, as ``columns`` reads them and then their place.

    Raises:
        InvalidInput: ``queries.bad_cursor``.
    """
    query, wanted = compiled.query, compiled.query.limit + 1
    if query.offset >= DEEP and not query.cursor:
        return _deep_rows(session, compiled, columns, known)
    place: Place | None = None
    offset = query.offset
    if query.cursor:
        place, offset = (
            _completed(session, compiled, read_cursor(query.resource, compiled.sorts, compiled.terms, query.cursor)),
            0,
        )
    with planned(session, compiled, offset + wanted) as way:
        return _read(session, way, columns, place, offset, wanted)


def place_of(compiled: CompiledQuery, row: Sequence[Any]) -> Place:
    """Return where a row of a page stands in the order."""
    return tuple(row[-len(compiled.terms) :])


LAST_CHARACTER = "\U0010ffff"
"""Sorts behind every character that follows the beginning of a text."""


def _completed(session: Session, compiled: CompiledQuery, place: Place) -> Place:
    """Return the place of a cursor with its long texts whole, read from the row that it stands at.

    That row is identified by the last term, which is unique. If it was changed or removed meanwhile, the place
    before all rows that begin alike is returned: some may be shown again, none is left out.
    """
    if not any(isinstance(value, Beginning) for value in place):
        return place
    found = session.execute(numbers_of_rows(compiled, compiled.terms[-1].expression == place[-1])).first()
    if found is not None and all(map(_is_at, found[1:], place)):
        return tuple(found[1:])
    return [
        str(value) + (LAST_CHARACTER if term.descending else "") if isinstance(value, Beginning) else value
        for term, value in zip(compiled.terms, place, strict=True)
    ]


def _is_at(stored: Any, stated: Any) -> bool:
    return isinstance(stored, str) and stored.startswith(stated) if isinstance(stated, Beginning) else stored == stated


def count_rows(session: Session, compiled: CompiledQuery, known: Totals) -> int:
    """Return how many rows there are."""
    counting = select(func.count()).select_from(compiled.query.resource.model).where(*compiled.where)
    total: int = run(session, compiled, "count", lambda: counting)[0][0]
    known.store(total)
    return total


def _deep_rows(session: Session, compiled: CompiledQuery, columns: Columns, known: Totals) -> list[Any]:
    """Return the rows of a deep page, starting from the nearest position that is known, and remember its ends.

    The ends of the list are such positions once its rows have been counted. If all are far, the list is walked through
    once, so that from then on none is far.
    """
    offset = compiled.query.offset
    total = known.total if known.total is not None else count_rows(session, compiled, known)
    wanted = min(compiled.query.limit + 1, total - offset)
    if wanted <= 0:
        return []
    order, mirrored = _either_way(compiled)
    seen = Seen(known.positions(order), total, mirrored=mirrored)
    start, skipped, backward = seen.nearest(offset, wanted)
    if skipped > _far(session, compiled) and not seen.positions.is_surveyed:
        seen.positions.is_surveyed = True
        seen.remember(_surveyed(session, compiled))
        start, skipped, backward = seen.nearest(offset, wanted)
    with planned(session, compiled, skipped + wanted) as way:
        rows = _read(session, way, columns, start, skipped, wanted, backward=backward)
    if rows and known.total is not None:
        seen.remember({offset: place_of(compiled, rows[0]), offset + len(rows) - 1: place_of(compiled, rows[-1])})
    return rows


def _far(session: Session, compiled: CompiledQuery) -> int:
    whole = compiled.query.resource.model.visible_to(actor_of(session)) is EVERYONE
    return FAR_IN_ALL if whole and not compiled.where else FAR


def _either_way(compiled: CompiledQuery) -> tuple[Hashable, bool]:
    """Return the order in the direction that it shares with its mirror image, and whether it is the image."""
    if not compiled.sorts or not compiled.sorts[0].descending or any(term.nullable for term in compiled.terms):
        return compiled.sorts, False
    return tuple(replace(sort, descending=not sort.descending) for sort in compiled.sorts), True


def _surveyed(session: Session, compiled: CompiledQuery) -> dict[int, Place]:
    """Return where every ``STEP``-th row stands, found in one walk through the list."""
    with planned(session, compiled, STEP) as way:
        if not comes_in_order(session, way):
            return {}  # each step would sort the whole list
        places: dict[int, Place] = {}
        place: Place | None = None
        while found := _step(session, way, place):
            place = place_of(way, found[0])
            places[(len(places) + 1) * STEP - 1] = place
        return places


def _step(session: Session, compiled: CompiledQuery, place: Place | None) -> list[Any]:
    """Return the row ``STEP`` rows after a place, None: after the beginning; empty if the list ends before."""
    given = _named(place)

    def make() -> Select[Any]:
        after = [] if given is None else [beyond(compiled.terms, given)]
        return numbers_of_rows(compiled, *after).offset(_SKIPPED).limit(1)

    return run(session, compiled, ("step", given), make, skipped=STEP - 1, **_values(place))


def _read(
    session: Session,
    compiled: CompiledQuery,
    columns: Columns,
    place: Place | None,
    skipped: int,
    wanted: int,
    *,
    backward: bool = False,
) -> list[Any]:
    """Return ``wanted`` rows from a place on (None: from the beginning, or the end), after ``skipped`` others."""
    given = _named(place)

    def make() -> Select[Any]:
        after = [] if given is None else [beyond(compiled.terms, given, backward=backward)]
        numbers = numbers_of_rows(compiled, *after, backward=backward)
        return _filled(compiled, columns, numbers.offset(_SKIPPED).limit(_WANTED))

    return run(session, compiled, ("page", given, backward), make, skipped=skipped, wanted=wanted, **_values(place))


def _named(place: Place | None) -> tuple[str | None, ...] | None:
    """Return the parameters that hold the values of a place, see ``core.queries._ordering.beyond``."""
    return None if place is None else tuple(f"at_{n}" if value is not None else None for n, value in enumerate(place))


def _values(place: Place | None) -> dict[str, Any]:
    return {f"at_{index}": value for index, value in enumerate(place or ()) if value is not None}


def _filled(compiled: CompiledQuery, columns: Columns, numbers: Select[Any]) -> Select[Any]:
    """Return the select of what stands in the rows of these numbers, and last what they are ordered by."""
    model, page = compiled.query.resource.model, numbers.subquery("page")
    by = [page.c[f"by_{index}"] for index in range(len(compiled.terms))]
    filled = columns.joined_to(select(*columns.columns, *by).select_from(page).join(model, model.id == page.c.id))
    return filled.order_by(
        *(replace(term, expression=own).ordered() for term, own in zip(compiled.terms, by, strict=True))
    )
