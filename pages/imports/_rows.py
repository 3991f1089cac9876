"""Rows of a checked import by outcome: new, changed with before and after, unchanged, refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of
from core.errors import DomainError
from core.i18n import N_, _
from core.kinds.kind import Cell as SheetCell
from core.kinds.kind import Refused
from core.resource import Field, Resource
from models.imports import ImportBatch
from pages.components.base.elements import Tag
from pages.components.layout.content import panel, paragraph
from pages.components.layout.records import Cell, LineColumn, before_after, line_table, pager
from pages.components.layout.views import tabs
from pages.imports._problems import draw_problems
from pages.imports._wizard import WHOLE_WORDS
from pages.resources.value_texts import value_text
from pages.shell.calls import show_refusal
from pages.shell.reading import read
from pages.web.identity import current_actor, page_actor
from resources import SHEETS
from services.imports.batches import get_import
from services.imports.rows import RowOutcome, SeenRow, seen_rows

PAGE_ROWS = 25
ONE_LINE = {"code", "phone", "date", "uscc"}  # kinds of value that a narrow column must not break
TABS: dict[RowOutcome, tuple[str, str]] = {
    RowOutcome.CREATED: (N_("New {count}"), N_("These rows are not in the system yet. They will be added.")),
    RowOutcome.UPDATED: (
        N_("Changed {count}"),
        N_("These rows are in the system with other values. Your file replaces those; other fields stay."),
    ),
    RowOutcome.UNCHANGED: (
        N_("Same {count}"),
        N_("These rows are in the system with the same values. Nothing is written for them."),
    ),
    RowOutcome.REFUSED: (N_("Wrong {count}"), N_("These rows are left out. The others do not wait for them.")),
}
EMPTY: dict[RowOutcome, str] = {
    RowOutcome.CREATED: N_("No row is new."),
    RowOutcome.UPDATED: N_("No row changes anything."),
    RowOutcome.UNCHANGED: N_("No row is the same as before."),
    RowOutcome.REFUSED: N_("No row is wrong."),
}
OPENED_FIRST = (RowOutcome.REFUSED, RowOutcome.UPDATED, RowOutcome.CREATED, RowOutcome.UNCHANGED)


@dataclass(frozen=True, slots=True)
class RowsPage:
    """Some rows of one outcome, and the fields to show of them."""

    fields: list[Field]
    rows: list[SeenRow]


async def draw_rows(resource: Resource, batch: ImportBatch, counts: dict[RowOutcome, int]) -> None:
    """Draw a tab for each outcome; the first that a person should look at is open, the others are read when opened."""
    outcomes = list(TABS)
    first = next((outcome for outcome in OPENED_FIRST if counts[outcome]), RowOutcome.CREATED)
    labels = [_(label, count=f"{counts[outcome]:,}") for outcome, (label, _words) in TABS.items()]
    boxes: dict[RowOutcome, OutcomeRows] = {}

    async def look_at(index: int) -> None:
        await boxes[outcomes[index]].open()

    with panel(), tabs(labels, current=outcomes.index(first), on_open=look_at) as panels:
        # every tab can be opened before anything is waited for: people are fast, small machines are slow
        for outcome, place in zip(outcomes, panels, strict=True):
            with place:
                paragraph(_(TABS[outcome][1]) if counts[outcome] else _(EMPTY[outcome]))
                boxes[outcome] = OutcomeRows(batch, outcome, 0 if outcome == RowOutcome.REFUSED else counts[outcome])
    if counts[RowOutcome.REFUSED]:
        with panels[outcomes.index(RowOutcome.REFUSED)]:
            await draw_problems(resource, batch)
    if first != RowOutcome.REFUSED:
        await boxes[first].open(page_actor())


class OutcomeRows:
    """The rows of one outcome, page by page."""

    def __init__(self, batch: ImportBatch, outcome: RowOutcome, count: int) -> None:
        self.batch, self.outcome, self.count = batch, outcome, count
        self._box = Tag("div", css="qd-stack")
        self._is_drawn = count == 0

    async def open(self, actor: Actor | None = None) -> None:
        """Draw the first page, once."""
        if not self._is_drawn:
            self._is_drawn = True
            await self._turn(0, actor)

    async def _turn(self, offset: int, actor: Actor | None = None) -> None:
        try:
            found = await read(actor or await current_actor(), find_rows, self.batch.id, self.outcome, offset)
        except DomainError as error:
            show_refusal(error)
            return
        self._box.clear()
        with self._box:
            _draw_table(found, self.outcome)
            pager(offset, PAGE_ROWS, self.count, self._turn)


def find_rows(session: Session, batch_id: int, outcome: RowOutcome, offset: int = 0) -> RowsPage:
    """Return a page of rows, with the fields that the session's actor may see of them, in the order of the sheet."""
    batch = get_import(session, batch_id)
    rows = seen_rows(session, batch_id, outcome, limit=PAGE_ROWS, offset=offset)
    visible = {field.name: field for field in SHEETS[batch.resource].fields_for(actor_of(session))}
    stated = list(dict.fromkeys(name for row in rows for name in row.cells))
    named = [name for name in stated if name in SHEETS[batch.resource].keys or name in {"name", batch.match}]
    if outcome == RowOutcome.UPDATED:  # what stays as it is would only hide what changes
        changed = {name for row in rows for name in row.changes}
        stated = [*named, *(name for name in stated if name in changed and name not in named)]
    return RowsPage([visible[name] for name in stated if name in visible], rows)


def _draw_table(found: RowsPage, outcome: RowOutcome) -> None:
    columns = [LineColumn("row", _("Row no."), "right")]
    columns += [LineColumn(field.name, _(field.label), field.kind.align) for field in found.fields]
    line_table(
        columns,
        [{"row": f"{row.row:,}"} | {field.name: _cell(field, row) for field in found.fields} for row in found.rows],
        caption=_(TABS[outcome][1]),
        testid=f"import-rows-{outcome.name.lower()}",
    ).style(WHOLE_WORDS)


def _cell(field: Field, row: SeenRow) -> str | Cell:
    pair: Sequence[object] | None = row.changes.get(field.name)
    if pair is None:
        words = _understood(field, row.cells[field.name])
        return Cell(draw=partial(_one_line, words)) if words and field.kind.name in ONE_LINE else words
    before, after = (value_text(field.kind, value) for value in pair)
    return Cell(draw=partial(before_after, before, after))


def _one_line(words: str) -> None:
    Tag("span", words).style("white-space:nowrap")


def _understood(field: Field, cell: SheetCell) -> str:
    """Return a cell's parsed value as text."""
    try:
        value = field.kind.parse_cell(cell)
    except Refused:
        return str(cell)
    return value_text(field.kind, None if value is None else field.kind.dump(value))
