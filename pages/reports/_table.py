"""The table of a pivot: every figure leads to its rows."""

from collections.abc import Sequence
from urllib.parse import urlencode

from core.i18n import _
from pages.components.base.elements import Tag
from pages.resources.value_texts import value_text
from services.reports.labels import dimension_text, figure_text, group_text
from services.reports.pivots import Key, Pivot

CELLS_MAX = 2_000
"""Cells of one page: a browser draws them in a moment."""


def lines_shown(pivot: Pivot) -> Sequence[Key]:
    """Return the lines that a page has room for."""
    return pivot.lines[: max(1, CELLS_MAX // (len(pivot.columns) + len(pivot.query.by) + 1))]


def pivot_table(pivot: Pivot, title: str) -> Tag:
    """Draw a pivot. ``title``: what it holds; read out, not shown."""
    pivot_query = pivot.query
    with (
        Tag("div", css="qd-table-box qd-pivot", tabindex=0, role="region", aria_label=title) as made,
        Tag("table", css="qd-table", testid="pivot"),
    ):
        Tag("caption", title, "qd-hidden")
        with Tag("thead"), Tag("tr"):
            for dimension in pivot_query.by:
                Tag("th", dimension_text(dimension), scope="col")
            if pivot_query.across is not None:
                for column in pivot.columns:
                    Tag("th", group_text(pivot_query.across, column, pivot.titles), scope="col", data_align="right")
            last = figure_text(pivot_query.figure) if pivot_query.across is None else _("Total")
            Tag("th", last, scope="col", data_align="right")
        with Tag("tbody"):
            for line in lines_shown(pivot):
                _line(pivot, line)
        with Tag("tfoot"), Tag("tr"):
            Tag("th", _("Total"), scope="row", colspan=len(pivot_query.by))
            for column in pivot.columns:
                _figure(pivot, pivot.column_totals[column], None, column)
            _figure(pivot, pivot.total, None, None)
    return made


def figure_value(pivot: Pivot, value: int | None) -> str:
    """Return a figure as people read it, "" for none."""
    field = pivot.query.figure.field
    if value is None:
        return ""
    return f"{value:,}" if field is None else value_text(field.kind, field.kind.dump(value))


def _line(pivot: Pivot, line: Key) -> None:
    with Tag("tr"):
        for dimension, key in zip(pivot.query.by, line, strict=True):
            Tag("th", group_text(dimension, key, pivot.titles), scope="row")
        for column in pivot.columns:
            _figure(pivot, pivot.cells.get((line, column)), line, column, has_rows=(line, column) in pivot.cells)
        _figure(pivot, pivot.line_totals[line], line, None)


def _figure(pivot: Pivot, value: int | None, line: Key | None, column: str | None, *, has_rows: bool = True) -> None:
    words = figure_value(pivot, value) or ("—" if has_rows else "")
    address = pivot.address(line, column) if has_rows else None
    with Tag("td", "" if address is not None else words, data_align="right"):
        if address is not None:
            Tag("a", words, href=f"/{pivot.query.query.resource.name}?{urlencode(address)}")
