"""Importing rows that make up something larger: the lines of an order are read together and saved whole or not."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from core.drafts import Drafts
from core.errors import CellProblem
from core.kinds.kind import Cell, shown_value
from core.kinds.standard import MISSING
from core.resource import Resource, RowGroups
from services.saving.plans import Saved, SaveOptions


def save_groups(
    session: Session,
    resource: Resource,
    rows: Sequence[int],
    cells: Mapping[str, Sequence[Cell]],
    options: SaveOptions,
) -> Saved:
    """Save the groups that have no problem; name every problem of the others.

    All rows of a group come in one call.

    Args:
        session: Its transaction holds all of it.
        resource: With ``row_groups``; its ``save`` takes all rows, and the problems of their cells.
        rows: Numbers of the rows that are not blank, as the worksheet counts.
        cells: Field name → one cell per row.
        options: See ``services.saving.rows``; ``match`` is not looked at.

    Returns:
        Counts of rows; problems of cells included.

    Raises:
        NotPermitted: The actor may not edit the resource.
    """
    drafts, problems = read_lines(resource, rows, cells)
    if resource.save is None:
        return Saved(problems=problems)
    saved: Saved = resource.save(session, drafts, options, problems)
    return saved


def group_keys(resource: Resource, groups: RowGroups, cells: Mapping[str, Sequence[Cell]]) -> Sequence[Hashable]:
    """Return for each row of a worksheet what its group is known by."""
    columns = {
        field.name: field.kind.parse_column(cells[field.name])[0]
        for field in resource.stated_fields
        if field.name in groups.by and field.name in cells
    }
    count = len(next(iter(cells.values()), ()))
    return groups.keys(Drafts(list(range(count)), columns))


def read_lines(
    resource: Resource, rows: Sequence[int], cells: Mapping[str, Sequence[Cell]]
) -> tuple[Drafts, list[CellProblem]]:
    """Return every row with its values, None where a cell could not be read, and what is wrong with such cells."""
    columns: dict[str, list[Any]] = {}
    problems: list[CellProblem] = []
    for field in resource.stated_fields:
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
