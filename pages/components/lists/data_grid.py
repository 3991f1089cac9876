"""Large lists: an AG Grid that loads its rows from ``GET /grid/RESOURCE``, cards on a phone, state in the address.

The page renders only definitions and labels of columns. The browser fetches rows from the endpoint, which checks the
rights of the user.

The browser asks ``/grid/RESOURCE?<query of the page>&sort=-a,b&offset=0&limit=100`` (``view``, ``cols`` and ``row`` are
left out) and expects::

    {"rows": [{"_key": "SO-1", "number": "SO-1", "total": "1234.50", "buyer": "HD", "buyer__title": "华东", ...}],
     "total": 100000, "total_is_exact": true, "sums": {"total": "4500188489.53"}}

``_key`` identifies the record in links (the key column, if it is absent); ``NAME__title`` is the text of a reference.

An error is ``{"code", "message"}`` with its status; 401 leads to the sign-in page.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from core.i18n import _
from pages.components.base.buttons import button
from pages.components.base.elements import Tag
from pages.components.lists._grid_texts import grid_locale, grid_texts
from pages.components.lists.grid_spec import GridAction, GridColumn, GridSpec, Selection, selection_from, without_code

_RIGHT = ("money", "number")


class DataGrid(Tag):
    """The element around a grid; ``selection`` is the last selection."""

    def __init__(
        self,
        spec: GridSpec,
        actions: Sequence[GridAction],
        on_select: Callable[[Selection], Any] | None,
    ) -> None:
        super().__init__("qudao-grid", css="qd-grid", testid=f"grid-{spec.resource}", data_state="loading")
        self.put(config=without_code(_config(spec, bool(actions))), role="region", aria_label=spec.label)
        self.selection = Selection()
        self._actions = {action.name: action for action in actions}
        self._on_select = on_select
        self.on("selectionaction", self._run_for_selection, ["detail"])

    async def _run_for_selection(self, event: GenericEventArguments) -> None:
        found = selection_from(event.args.get("detail") if isinstance(event.args, dict) else None)
        if found is None:
            return
        name, self.selection = found
        action = self._actions.get(name)
        handler = action.run if action else self._on_select
        if handler is None:
            return
        result = handler(self.selection)
        if inspect.isawaitable(result):
            await result

    def refresh(self, *, keep_selection: bool = False) -> None:
        """Reload the rows at the same place; clears the selection unless it is to be kept."""
        ui.run_javascript(f"getHtmlElement({self.id})?.refresh({'true' if keep_selection else 'false'})")


def data_grid(
    spec: GridSpec,
    *,
    actions: Sequence[GridAction] = (),
    on_select: Callable[[Selection], Any] | None = None,
) -> DataGrid:
    """Draw a list; inside ``shell(fill=True)`` it takes the height that is left.

    Args:
        actions: What can be done with several rows; with none (and no ``on_select``) rows cannot be chosen.
        on_select: Called when the selection changed.
    """
    grid = DataGrid(spec, actions, on_select)
    with grid:
        with Tag("div", css="qd-grid-main"):
            ui.aggrid(_options(spec, selectable=bool(actions or on_select)), auto_size_columns=False)
        Tag("div", css="qd-cards")
        Tag("div", css="qd-note")
        Tag("div", css="qd-foot", role="status", aria_live="polite")
        if actions:
            _bulk_bar(actions)
    return grid


def _bulk_bar(actions: Sequence[GridAction]) -> None:
    with Tag("div", css="qd-bulk", hidden=True, role="region", aria_label=_("Selected rows")):
        Tag("div", css="qd-bulk-text", role="status")
        for action in actions:
            made = button(action.label, look=action.look, testid=f"action-{action.name}")
            made.put(data_bulk=action.name)


def _config(spec: GridSpec, has_actions: bool) -> dict[str, Any]:
    count_label = {"rows": spec.count_label} if spec.count_label else {}
    return {
        "resource": spec.resource,
        "key": spec.key_column,
        "sort": spec.sort,
        "pageSize": spec.page_size,
        "sums": list(spec.sums),
        "hasActions": has_actions,
        "columns": [_column_config(column) for column in spec.columns],
        "empty": {"title": spec.empty_title, "text": spec.empty_text, "action": spec.empty_action},
        "texts": grid_texts() | count_label,
    }


def _column_config(column: GridColumn) -> dict[str, Any]:
    chips = [[value, label, tone] for value, (label, tone) in (column.chip or {}).items()]
    return {
        "name": column.name,
        "label": column.label,
        "format": column.format,
        "link": column.link,
        "shown": column.shown,
        "pinned": column.pinned,
        "chip": chips,
    }


def _options(spec: GridSpec, *, selectable: bool) -> dict[str, Any]:
    """Return AG Grid's options; keys that begin with ":" name functions of our own script."""
    options: dict[str, Any] = {
        "rowModelType": "infinite",
        "cacheBlockSize": spec.page_size,
        "maxBlocksInCache": 40,
        "infiniteInitialRowCount": 12,
        "blockLoadDebounceMillis": 60,
        "columnDefs": [_column_definition(column) for column in spec.columns],
        "defaultColDef": {"resizable": True, "suppressHeaderMenuButton": True, "minWidth": 72},
        "localeText": grid_locale(),
        "suppressFieldDotNotation": True,
        "suppressDragLeaveHidesColumns": True,
        "suppressCellFocus": False,
        "ensureDomOrder": True,
        "enableCellTextSelection": True,
        "animateRows": False,
        "suppressMultiSort": False,
        "multiSortKey": "ctrl",
        "columnHoverHighlight": False,
        "suppressNoRowsOverlay": True,
        "tooltipShowDelay": 600,
        "rowClassRules": {":qd-loading": "window.qudao.grid.isLoading"},
        ":rowHeight": "window.qudao.grid.rowHeight()",
        ":getRowId": "window.qudao.grid.rowId",
        ":onGridReady": "window.qudao.grid.ready",
        ":onSortChanged": "window.qudao.grid.sorted",
        ":onColumnMoved": "window.qudao.grid.columnsChanged",
        ":onSelectionChanged": "window.qudao.grid.selected",
        ":onBodyScrollEnd": "window.qudao.grid.scrolled",
        ":onCellKeyDown": "window.qudao.grid.keyDown",
        ":onColumnResized": "window.qudao.grid.resized",
    }
    if selectable:
        options["rowSelection"] = {
            "mode": "multiRow",
            "checkboxes": True,
            "headerCheckbox": False,
            "enableClickSelection": False,
        }
        options["selectionColumnDef"] = {
            "pinned": "left",
            "headerName": _("Select"),
            "headerClass": "qd-select-header",
            "width": 44,
            "minWidth": 44,
            "maxWidth": 44,
            "suppressHeaderMenuButton": True,
            "sortable": False,
            "resizable": False,
        }
    return options


def _column_definition(column: GridColumn) -> dict[str, Any]:
    align = column.align or ("right" if column.format in _RIGHT else "left")
    definition: dict[str, Any] = {
        "field": column.name,
        "colId": column.name,
        "headerName": column.label,
        "sortable": column.sortable,
        "hide": not column.shown,
        "cellDataType": False,
        "headerTooltip": column.label,
    }
    definition |= {"width": column.width} if column.width else {"flex": 1, "minWidth": 160}
    if column.pinned:
        definition |= {"pinned": "left", "lockPinned": True}
    if align == "right":
        definition["type"] = "rightAligned"
    if column.link or column.format in ("chip", "tags"):
        definition[":cellRenderer"] = "window.qudao.grid.drawCell"
    else:
        definition[":valueFormatter"] = "window.qudao.grid.format"
        definition[":tooltipValueGetter"] = "window.qudao.grid.tooltip"
    if column.format == "money":
        definition["cellClassRules"] = {":qd-negative": "window.qudao.grid.isNegative"}
    return definition
