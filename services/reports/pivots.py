"""A pivot of a list: its rows grouped by one or two fields, and by one more across, with a figure for each group.

It holds what the list holds: the caller's rows, the fields that exist for the caller, the whole filter. Totals are
those of the list's foot. pandas groups, and is loaded with the first pivot, see ``core.process.late_imports``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.database.chunks import in_chunks
from core.errors import InvalidInput
from core.i18n import N_
from core.kinds.kind import Kind, Reference
from core.process.late_imports import late_import
from core.queries.finding import GridQuery, read_query, stream_unordered_rows
from core.resource import Resource
from services.reports.dimensions import Dimension, Figure, dimensions_of, read_dimensions, read_figure
from services.reports.narrowing import Pairs, narrowed

PARAMETERS = ("by", "across", "measure")
BY_MAX = 2
ROWS_MAX = 1_000_000
GROUPS_MAX = 20_000
COLUMNS_MAX = 60
EMPTY = ""
Key = tuple[str, ...]
Added = tuple[int, int, int, int | None, int | None]
"""Of a group: its rows, how many of them have a value, the sum of these, the least and the greatest of them."""


@dataclass(frozen=True, slots=True)
class PivotQuery:
    """A pivot query: the list with its filter, what stands in rows, what across (or nothing), and the figure."""

    query: GridQuery
    by: tuple[Dimension, ...]
    across: Dimension | None
    figure: Figure
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Pivot:
    """The answer.

    Attributes:
        lines, columns: Keys of the groups in order. titles: of groups, by dimension and key; without those of choices.
        cells: Figure by (line, column). line_totals, column_totals: by line, by column. total: of all rows.
        row_count: How many rows were grouped.
    """

    query: PivotQuery
    lines: list[Key]
    columns: list[str]
    titles: dict[tuple[str, str], str]
    cells: dict[tuple[Key, str], int | None]
    line_totals: dict[Key, int | None]
    column_totals: dict[str, int | None]
    total: int | None
    row_count: int

    def address(self, line: Key | None, column: str | None) -> Pairs | None:
        """Return the parameters of the list with exactly the rows of a cell or, with None, of a total."""
        groups = [] if line is None else list(zip(self.query.by, line, strict=True))
        if column is not None and self.query.across is not None:
            groups.append((self.query.across, column))
        return narrowed(self.query.pairs, groups)


def read_pivot(resource: Resource, actor: Actor, pairs: Iterable[tuple[str, str]]) -> PivotQuery:
    """Return what the address of a pivot asks: the parameters of the list, and ``by``, ``across`` and ``measure``.

    Without ``by`` the first dimension of the resource stands in rows.

    Raises:
        InvalidInput: ``reports.no_dimension``, ``reports.too_many_dimensions``, as ``read_dimensions``,
            ``read_figure`` and ``core.queries.finding.read_query``.
    """
    stated = [(name, value) for name, value in pairs if value]
    own = dict(pair for pair in stated if pair[0] in PARAMETERS)
    of_list = tuple(pair for pair in stated if pair[0] not in PARAMETERS)
    known = dimensions_of(resource, actor)
    if not known:
        raise InvalidInput("reports.no_dimension", N_("Nothing in this list can be grouped."))
    by = read_dimensions(resource, actor, [part for part in own.get("by", "").split(",") if part]) or known[:1]
    if len(by) > BY_MAX:
        raise InvalidInput("reports.too_many_dimensions", N_("At most {count} fields stand in rows."), count=BY_MAX)
    across = next(iter(read_dimensions(resource, actor, [own["across"]])), None) if own.get("across") else None
    figure = read_figure(resource, actor, own.get("measure", ""))
    query = read_query(resource, actor, of_list, from_address=True)
    return PivotQuery(query, tuple(by), across if across not in by else None, figure, of_list)


def pivot(session: Session, pivot_query: PivotQuery, check: Callable[[], None] = lambda: None) -> Pivot:
    """Group a list.

    Args:
        session: As whose actor; rows the actor may not see do not exist, and a row referred to that the actor may not
            see is empty.
        pivot_query: See ``read_pivot``.
        check: Called for each slice; raises to give up.

    Raises:
        NotPermitted: ``access.denied``.
        InvalidInput: ``reports.too_many_rows``, ``reports.too_many_groups``, and as ``read_pivot``.
    """
    levels = [*pivot_query.by, *([pivot_query.across] if pivot_query.across else [])]
    pivoting = late_import("services.reports._pivoting")
    groups = pivoting.Groups([dimension.grain for dimension in levels])
    count = 0
    for part in _slices(session, pivot_query, levels):
        check()
        count += len(part)
        if count > ROWS_MAX:
            raise InvalidInput(
                "reports.too_many_rows",
                N_("A pivot reads at most {count} rows. Narrow the filter."),
                count=f"{ROWS_MAX:,}",
            )
        if groups.add(part) > pivoting.PENDING_MAX:
            _require(groups.fold(), GROUPS_MAX)
    _require(groups.fold(), GROUPS_MAX)
    names = [_named(session, one, groups.keys(at)) for at, one in enumerate(levels)]
    frame = groups.frame([{raw: key for raw, (key, _) in by_raw.items()} for by_raw in names])
    titles = {
        (str(one), key): title for one, by_raw in zip(levels, names, strict=True) for key, title in by_raw.values()
    }
    return _laid_out(pivot_query, lambda wanted: pivoting.pivot_totals(frame, wanted), titles, count)


def figure_of(figure: Figure, added: Added | None) -> int | None:
    """Return a figure of a group, as its field stores values; an average is rounded half away from zero."""
    rows, count, total, least, greatest = added or (0, 0, 0, None, None)
    match figure.measure:
        case "count":
            return rows
        case "sum":
            return total
        case "min":
            return least
        case "max":
            return greatest
    if not count:
        return None
    rounded = (2 * abs(total) + count) // (2 * count)
    return rounded if total >= 0 else -rounded


def _slices(session: Session, pivot_query: PivotQuery, levels: Sequence[Dimension]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield rows with the value of each dimension and the measured one, None if rows are only counted."""
    names = [one.field.name for one in levels]
    measured = pivot_query.figure.field.name if pivot_query.figure.field else ""
    wanted = tuple(dict.fromkeys([*names, *([measured] if measured else [])]))
    places = [wanted.index(name) for name in names]
    at = wanted.index(measured) if measured else None
    with closing(stream_unordered_rows(session, replace(pivot_query.query, fields=wanted))) as parts:
        for part in parts:
            yield [(*(row[place] for place in places), None if at is None else row[at]) for row in part]


def _require(count: int, most: int) -> None:
    if count > most:
        raise InvalidInput(
            "reports.too_many_groups",
            N_("These are more than {count} groups, too many to look at. Group more coarsely, or narrow the filter."),
            count=f"{most:,}",
        )


def _named(session: Session, dimension: Dimension, raw: Iterable[str]) -> Mapping[str, tuple[str, str]]:
    """Return of a reference: number of the other row → its key and title; one that the actor may not see is empty."""
    reference: Reference | None = dimension.field.kind.reference
    if reference is None:
        return {}
    wanted = [int(number) for number in raw if number]
    found: dict[str, tuple[str, str]] = {}
    model = reference.key.class_
    for chunk in in_chunks(wanted):
        some = model.id.in_(chunk)
        for number, key, title in session.execute(select(model.id, reference.key, reference.title).where(some)):
            found[str(number)] = key, title or key
    return dict.fromkeys(map(str, wanted), (EMPTY, "")) | found


def _laid_out(
    pivot_query: PivotQuery,
    totals: Callable[[list[int]], dict[Key, Added]],
    titles: dict[tuple[str, str], str],
    count: int,
) -> Pivot:
    by = list(range(len(pivot_query.by)))
    of_lines = totals(by)
    of_columns = totals([len(by)]) if pivot_query.across else {}
    _require(len(of_columns), COLUMNS_MAX)
    figure = pivot_query.figure
    cells = totals([*by, len(by)]) if pivot_query.across else {}
    ranks = {line: [_rank(*of, titles) for of in zip(pivot_query.by, line, strict=True)] for line in of_lines}
    columns = [key for (key,) in of_columns]
    if pivot_query.across is not None:
        across = pivot_query.across
        columns.sort(key=lambda key: _rank(across, key, titles))
    return Pivot(
        pivot_query,
        sorted(of_lines, key=ranks.__getitem__),
        columns,
        titles,
        {(line[:-1], line[-1]): figure_of(figure, added) for line, added in cells.items()},
        {line: figure_of(figure, added) for line, added in of_lines.items()},
        {key: figure_of(figure, added) for (key,), added in of_columns.items()},
        figure_of(figure, totals([]).get(())),
        count,
    )


def _rank(dimension: Dimension, key: str, titles: Mapping[tuple[str, str], str]) -> tuple[int, int, str, str]:
    """Return where a group stands: choices in their own order, else by title or key; those without a value last."""
    if key == EMPTY:
        return 1, 0, "", ""
    kind: Kind = dimension.field.kind
    order = next((at for at, choice in enumerate(kind.choices) if choice.value == key), 0)
    return 0, order, titles.get((str(dimension), key), key), key
