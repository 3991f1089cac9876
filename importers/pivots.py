"""Pivots as files: xlsx or csv, with their totals as values."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, BinaryIO

from core.errors import InvalidInput
from core.i18n import N_, _
from core.kinds.standard import PPM
from importers.writing.cell_values import SheetColumn, replace_illegal
from importers.writing.text import write_csv
from importers.writing.xlsx import write_xlsx
from services.reports.labels import dimension_text, figure_text, group_text
from services.reports.pivots import Pivot

ENDINGS = ("xlsx", "csv")
_GROUP_WIDTH, _FIGURE_WIDTH = 24, 16


def write_pivot(target: BinaryIO, ending: str, pivot: Pivot) -> int:
    """Write a pivot with its totals and return how many lines it has. Raises ``InvalidInput`` for another ending."""
    if ending == "xlsx":
        sheet = _(pivot.query.query.resource.label)
        return write_xlsx(target, sheet, _columns(pivot), _lines(pivot), totals=_totals(pivot))
    if ending == "csv":
        return write_csv(target, _columns(pivot), [*_lines(pivot), _totals(pivot)]) - 1
    raise InvalidInput(
        "exports.unknown_format", N_("The file of a pivot ends in .xlsx or .csv, not in “.{ending}”."), ending=ending
    )


def _columns(pivot: Pivot) -> list[SheetColumn]:
    query = pivot.query
    style = query.figure.field.kind.style if query.figure.field else "integer"
    groups = [SheetColumn(dimension_text(one), "text", _GROUP_WIDTH, replaces=True) for one in query.by]
    across = [group_text(query.across, key, pivot.titles) for key in pivot.columns] if query.across else []
    headings = [replace_illegal(text) for text in across]
    last = _("Total") if query.across else figure_text(query.figure)
    return [*groups, *(SheetColumn(heading, style, _FIGURE_WIDTH) for heading in [*headings, last])]


def _lines(pivot: Pivot) -> Iterator[Sequence[Any]]:
    query = pivot.query
    for line in pivot.lines:
        texts = [group_text(one, key, pivot.titles) for one, key in zip(query.by, line, strict=True)]
        cells = [pivot.cells.get((line, column)) for column in pivot.columns]
        yield [*texts, *(_stored(pivot, value) for value in [*cells, pivot.line_totals[line]])]


def _totals(pivot: Pivot) -> list[Any]:
    totals = [*(pivot.column_totals[column] for column in pivot.columns), pivot.total]
    return [_("Total"), *[None] * (len(pivot.query.by) - 1), *(_stored(pivot, value) for value in totals)]


def _stored(pivot: Pivot, value: int | None) -> Any:
    field = pivot.query.figure.field
    return Decimal(value) / PPM if value is not None and field is not None and field.kind.name == "rate" else value
