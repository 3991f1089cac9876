"""Second step of an import: choice of sheet and heading row, shown only where they are not clear."""

from functools import partial
from typing import Any

from core.i18n import _, ngettext
from core.resource import Resource
from importers.runs.drafts import choose_sheet, top_rows
from models.imports import ImportBatch
from pages.components.base.buttons import button
from pages.components.base.elements import Tag
from pages.components.base.focus import focus_on
from pages.components.base.navigation import go_to
from pages.components.forms.fields import FormField, choice_field
from pages.components.layout.content import chip, form, notice, panel, paragraph, row
from pages.components.layout.records import Cell, LineColumn, line_table
from pages.imports._wizard import attempt, step_path

BLANK = "\N{NO-BREAK SPACE}"  # a blank cell of their sheet is blank here too, and no "—"


async def draw_sheet(resource: Resource, batch: ImportBatch) -> None:
    """Draw the choice of the sheet and of its row of headings."""
    await SheetChoice(resource, batch).draw()


class SheetChoice:
    """State of this page: a sheet of the file and the number of its heading row."""

    def __init__(self, resource: Resource, batch: ImportBatch) -> None:
        self.resource = resource
        self.batch = batch
        self.sheets: dict[str, dict[str, Any]] = {sheet["name"]: sheet for sheet in batch.sheets}
        best = max(batch.sheets, key=lambda sheet: sheet["known"])  # of equals the first
        self.name: str = batch.sheet if batch.header_row else best["name"]
        self.header_row = self._header_row()
        self._field: FormField | None = None

    async def draw(self) -> None:
        """Draw the page."""
        if len(self.sheets) > 1:
            with panel(_("Which sheet?")):
                paragraph(_("The workbook has several sheets with rows. One of them is imported."))
                with form():
                    choices = {name: self._label(sheet) for name, sheet in self.sheets.items()}
                    self._field = choice_field("sheet", _("Sheet"), choices, self.name, on_change=self._change)
        elif not self.sheets[self.name]["known"]:
            notice(_("No heading of this file looks known. Show which row holds the headings."), "warning")
        with panel(_("Which row holds the headings?")):
            paragraph(_("Titles and notes above it are left out; the rows below it are imported."))
            self._rows = Tag("div", css="qd-stack")
        await self._show()
        with row():
            button(_("Next: columns"), self._next, look="primary", testid="action-next")

    def _header_row(self) -> int:
        is_chosen = self.batch.sheet == self.name and self.batch.header_row
        return int(self.batch.header_row if is_chosen else self.sheets[self.name]["header_row"])

    def _label(self, sheet: dict[str, Any]) -> str:
        return ngettext("{name} ({count} row)", "{name} ({count} rows)", sheet["rows"], name=sheet["name"])

    async def _change(self) -> None:
        if self._field is not None and self._field.value in self.sheets:
            self.name = str(self._field.value)
            self.header_row = self._header_row()
            await self._show()

    async def _show(self) -> None:
        """Show the first rows of the sheet, the row of headings marked."""
        rows = await attempt(self.resource, top_rows, self.batch.id, self.name)
        self._rows.clear()
        if rows is None:
            return
        with self._rows:
            self._table(rows)

    def _table(self, rows: list[tuple[int, list[str]]]) -> None:
        width = max((len(cells) for _number, cells in rows), default=0)
        lines: list[dict[str, str | Cell]] = []
        for number, cells in rows:
            padded = [*cells, *[""] * (width - len(cells))]
            line: dict[str, str | Cell] = {str(index): cell or BLANK for index, cell in enumerate(padded)}
            line["row"] = str(number)
            line["pick"] = Cell(draw=partial(self._pick, number, rows))
            lines.append(line)
        columns = [LineColumn("row", _("Row no."), "right"), LineColumn("pick", _("Headings"))]
        columns += [LineColumn(str(index), chr(ord("A") + index)) for index in range(width)]
        table = line_table(columns, lines, caption=_("First rows of the sheet"), testid="import-rows")
        table.style("white-space:nowrap")

    def _pick(self, number: int, rows: list[tuple[int, list[str]]]) -> None:
        if number == self.header_row:
            self._picked = chip(_("Headings"), "approved")
        else:
            made = button(
                _("Use as headings"),
                partial(self._mark, number, rows),
                look="quiet",
                testid=f"action-headings-{number}",
            )
            made.style("margin:-6px 0")
            made.put(aria_label=_("Row {number} holds the headings", number=number))

    def _mark(self, number: int, rows: list[tuple[int, list[str]]]) -> None:
        self.header_row = number
        self._rows.clear()
        with self._rows:
            self._table(rows)
        focus_on(self._picked)  # the button is gone

    async def _next(self) -> None:
        taken = await attempt(self.resource, choose_sheet, self.resource, self.batch.id, self.name, self.header_row)
        if taken is not None:
            go_to(step_path(self.resource, taken, "check" if taken.mapping else "columns"))
