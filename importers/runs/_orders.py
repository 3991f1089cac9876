"""Importing orders: a worksheet with one row per line becomes drafts, see ``services.orders.imports``."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from core.drafts import Drafts
from core.errors import CellProblem
from core.kinds.kind import Cell, shown_value
from core.kinds.standard import MISSING
from resources.orders import ORDER_LINES
from services.orders.drafts import SHIP_TO
from services.orders.imports import row_keys, save_order_lines
from services.saving.plans import Saved, SaveOptions


def import_orders(
    session: Session, rows: Sequence[int], cells: Mapping[str, Sequence[Cell]], options: SaveOptions
) -> Saved:
    """Save the orders that have no problem; name every problem of the others.

    All rows of an order come in one call. A worksheet cannot state the status: imports make drafts only.

    Args:
        session: Its transaction holds all of it.
        rows: Numbers of the rows that are not blank, as the worksheet counts.
        cells: Field name of ``ORDER_LINES`` → one cell per row.
        options: See ``services.saving.rows``; ``match`` is not looked at.

    Returns:
        Counts of rows; problems of cells included.

    Raises:
        NotPermitted: The actor may not place orders.
    """
    drafts, problems = read_lines(rows, cells)
    return save_order_lines(session, drafts, options, problems)


def order_keys(cells: Mapping[str, Sequence[Cell]]) -> list[Hashable]:
    """Return for each row of a worksheet what its order is known by."""
    names = {"number", "buyer", *SHIP_TO}
    columns = {
        field.name: field.kind.parse_column(cells[field.name])[0]
        for field in ORDER_LINES.stated_fields
        if field.name in names and field.name in cells
    }
    count = len(next(iter(cells.values()), ()))
    return row_keys(Drafts(list(range(count)), columns))


def read_lines(rows: Sequence[int], cells: Mapping[str, Sequence[Cell]]) -> tuple[Drafts, list[CellProblem]]:
    """Return every row with its values, None where a cell could not be read, and what is wrong with such cells."""
    columns: dict[str, list[Any]] = {}
    problems: list[CellProblem] = []
    for field in ORDER_LINES.stated_fields:
        if field.name not in cells:
            continue
        stated = cells[field.name]
        values, refused = field.kind.parse_column(stated)
        columns[field.name] = values
        problems += [CellProblem(rows[i], field.name, shown_value(stated[i]), why) for i, why in refused.items()]
        if field.required:
            blank = [i for i, value in enumerate(values) if value is None and i not in refused]
            problems += [CellProblem(rows[i], field.name, "", MISSING) for i in blank]
    problems.sort(key=lambda problem: problem.row)
    return Drafts(list(rows), columns), problems
