"""Problems of an import: the error workbook, and each refused cell with its reason, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.errors import CellProblem, DomainError
from core.i18n import _
from core.jobs.rows import Job, JobStatus
from core.resource import Resource
from importers.runs.drafts import editor_of
from importers.runs.error_workbooks import column_positions, is_made_at_once, reason_text
from models.imports import ImportBatch
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.layout.content import notice, paragraph, row
from pages.components.layout.progress import Progress, live_progress
from pages.components.layout.records import Cell, LineColumn, line_table, pager
from pages.imports._wizard import WHOLE_WORDS, job_progress
from pages.shell.calls import call, show_refusal
from pages.shell.reading import read
from pages.web.identity import current_actor, page_actor
from resources import SHEETS
from services.imports.batches import get_import, problem_counts, problems_of
from services.imports.workbooks import find_workbook, start_workbook

PAGE_CELLS = 50
WORST = 4  # columns with most problems
SHOWN_LENGTH_MAX = 40  # characters of a value in the table
POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """One refused cell as text."""

    row: str
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Problems:
    """A page of problems, and their number.

    Attributes:
        rows: One page of it. count: how many refused cells there are in all.
        worst: (heading, number of cells) of the columns with most of them.
    """

    rows: list[ProblemRow]
    count: int
    worst: list[tuple[str, int]]


def find_problems(session: Session, batch_id: int, offset: int = 0) -> Problems:
    """Return a page of problems, with the headings of the person's own sheet."""
    batch = get_import(session, batch_id)
    problems = problems_of(session, batch_id, limit=PAGE_CELLS, offset=offset)
    counts = problem_counts(session, batch_id)
    positions = column_positions(actor_of(session), batch)
    headings = {name: batch.headings[position] for name, position in positions.items()}
    worst = [(_heading(name, batch, headings), count) for name, count in counts[:WORST]]
    rows = [_problem_row(problem, batch, headings) for problem in problems]
    return Problems(rows, sum(count for _name, count in counts), worst)


async def draw_problems(resource: Resource, batch: ImportBatch) -> None:
    """Draw the problems: the error workbook first, then the first page of cells."""
    problems = await read(page_actor(), find_problems, batch.id)
    await WorkbookBox(resource, batch).draw()
    if len(problems.worst) > 1:
        columns = _(", ").join(_("{column} {count}", column=name, count=f"{n:,}") for name, n in problems.worst)
        paragraph(_("Most of the problems stand in: {columns}", columns=columns))
    box = Tag("div", css="qd-stack")

    def show(found: Problems, offset: int) -> None:
        box.clear()
        with box:
            _problem_table(found.rows)
            pager(offset, PAGE_CELLS, found.count, turn)

    async def turn(offset: int) -> None:
        try:
            show(await read(await current_actor(), find_problems, batch.id, offset), offset)
        except DomainError as error:
            show_refusal(error)

    show(problems, 0)


class WorkbookBox:
    """Download of the error workbook: at once if it is small, else when a job has made it."""

    def __init__(self, resource: Resource, batch: ImportBatch) -> None:
        self.resource, self.batch = resource, batch
        self._box = Tag("div", css="qd-stack")

    async def draw(self) -> None:
        """Draw the current action."""
        job = None if is_made_at_once(self.batch) else await read(page_actor(), workbook_job, self.batch.id)
        self._show(job)

    def _show(self, job: Job | None) -> None:
        self._box.clear()
        with self._box:
            if is_made_at_once(self.batch) or (job and job.status == JobStatus.DONE):
                self._show_link()
            elif job is not None and job.finished_at is None:
                live_progress(self._look, every_s=POLL_S, on_done=self._made)
                paragraph(_("Your workbook with errors is being made. You may leave this page meanwhile."))
            else:
                if job is not None and job.error:
                    notice(job.error, "danger")
                with row():
                    paragraph(_("The wrong rows and the reason of each come in a workbook that can be corrected."))
                    button(_("Make the workbook with errors"), self._make, icon="file", testid="action-make-errors")

    def _show_link(self) -> None:
        with row():
            paragraph(
                _("Red cells and the reason of each row are in your workbook: correct it there and bring it again.")
            )
            link_button(
                _("Download the workbook with errors"),
                f"/imports/{self.batch.id}/errors.xlsx",
                icon="file",
                testid="action-errors",
            )

    async def _make(self) -> None:
        if await call(start_workbook, editor_of(self.resource), self.batch.id) is not None:
            await self._made()

    async def _made(self, _progress: Progress | None = None) -> None:
        try:
            self._show(await read(await current_actor(), workbook_job, self.batch.id))
        except DomainError as error:
            show_refusal(error)

    async def _look(self) -> Progress | None:
        try:
            job = await read(await current_actor(), workbook_job, self.batch.id)
        except DomainError as error:
            show_refusal(error)
            return None
        return None if job is None else job_progress(job, _("Writing the workbook"))


def workbook_job(session: Session, batch_id: int) -> Job | None:
    """Return the job that makes or made the error workbook of an import."""
    workbook = find_workbook(session, batch_id)
    return None if workbook is None else session.get(Job, workbook.job_id)


def _problem_row(problem: CellProblem, batch: ImportBatch, headings: Mapping[str, str]) -> ProblemRow:
    column = _heading(problem.field, batch, headings)
    value = problem.value if len(problem.value) <= SHOWN_LENGTH_MAX else f"{problem.value[: SHOWN_LENGTH_MAX - 1]}…"
    return ProblemRow(f"{problem.row:,}", column, value, reason_text(SHEETS[batch.resource], problem))


def _heading(name: str, batch: ImportBatch, headings: Mapping[str, str]) -> str:
    """Return the heading of a field in the person's own sheet, else its label."""
    resource = SHEETS[batch.resource]
    return headings.get(name) or (_(resource.field(name).label) if name in resource.names else "—")


def _problem_table(problems: Sequence[ProblemRow]) -> None:
    line_table(
        [
            LineColumn("row", _("Row no."), "right"),
            LineColumn("column", _("Column")),
            LineColumn("value", _("Value")),
            LineColumn("reason", _("What is wrong")),
        ],
        [
            {
                "row": one.row,
                "column": one.column,
                "value": one.value,
                "reason": Cell(draw=partial(_reason, one.reason)),
            }
            for one in problems
        ],
        caption=_("Rows that cannot be imported"),
        testid="import-problems",
    ).style(WHOLE_WORDS)


def _reason(words: str) -> None:
    Tag("span", words).style("word-break:normal")  # the one column that gives way on a narrow screen
