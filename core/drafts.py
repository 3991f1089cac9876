"""Drafts: checked input for rows of one resource, by column, from forms, worksheets or the API.

A service takes drafts, never loose values, so nothing unchecked can reach it. They hold many rows by
column because imports are lists; a form is a list of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import CellProblem
from core.kinds.kind import Cell, shown_value
from core.kinds.standard import MISSING
from core.resource import Input


@dataclass(frozen=True, slots=True)
class Drafts:
    """Checked values of many rows.

    Attributes:
        rows: Number of each row as its source counts: a worksheet's own number, 1 for a form.
        columns: Field name to one parsed value per row. A field that is not named is left as it is (or gets its
            default in a new row); None clears it.
    """

    rows: list[int]
    columns: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, keep: Sequence[bool]) -> "Drafts":
        """Return the rows for which ``keep`` says yes."""
        return Drafts(
            [row for row, kept in zip(self.rows, keep, strict=True) if kept],
            {
                name: [value for value, kept in zip(values, keep, strict=True) if kept]
                for name, values in self.columns.items()
            },
        )

    def without(self, rows: set[int]) -> "Drafts":
        """Return the drafts without the rows of these numbers."""
        return self.only([row not in rows for row in self.rows]) if rows else self


def draft_rows(
    fields: Sequence[Input], rows: Sequence[int], cells: Mapping[str, Sequence[Cell]]
) -> tuple[Drafts, list[CellProblem]]:
    """Parse columns of cells; return drafts of the rows in which every cell is valid, and the problems of the others.

    Args:
        fields: What may be stated, by name of ``cells``: fields of a row, or inputs of an action.
        rows: Number of each row as its source counts.
        cells: Field name to one cell per row.
    """
    columns: dict[str, list[Any]] = {}
    problems: list[CellProblem] = []
    for field in fields:
        if field.name not in cells:
            continue
        stated = cells[field.name]
        values, refused = field.kind.parse_column(stated)
        problems += [
            CellProblem(rows[index], field.name, shown_value(stated[index]), problem)
            for index, problem in refused.items()
        ]
        if field.required:
            problems += [
                CellProblem(rows[index], field.name, shown_value(stated[index]), MISSING)
                for index, value in enumerate(values)
                if _says_nothing(value) and index not in refused
            ]
        columns[field.name] = values
    problems.sort(key=lambda problem: problem.row)
    return Drafts(list(rows), columns).without({problem.row for problem in problems}), problems


def _says_nothing(value: Any) -> bool:
    """Return whether a required field is not answered: by nothing, or by blanks only."""
    return value is None or (value.__class__ is str and not value.strip())


def draft_one(fields: Sequence[Input], stated: Mapping[str, Cell]) -> tuple[Drafts, list[CellProblem]]:
    """Parse the values of one form or API body, see ``draft_rows``; its row number is 1."""
    return draft_rows(fields, [1], {name: [cell] for name, cell in stated.items()})
