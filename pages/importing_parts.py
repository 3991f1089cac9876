"""What the steps of an import share: the line of steps, the way from one to the next, and the table of problems."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Concatenate, Literal, ParamSpec, TypeVar

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from core.access import Actor
from core.database import actor_of
from core.errors import CellProblem, DomainError
from core.i18n import N_, _
from core.resource import Resource
from importers.batch_drafts import editor_of
from importers.batch_errors import column_positions, reason_text
from models.imports import STATUS_LABELS, ImportBatch, ImportStatus
from pages.door import permitted_actor, show_refusal
from pages.house import (
    Cell,
    LineColumn,
    Step,
    Tag,
    Tone,
    button,
    chip,
    line_table,
    link_button,
    page_header,
    panel,
    row,
    steps,
    text,
)
from pages.navigation import staff_shell
from resources import SHEETS
from services.imports import get_import, problem_counts, problems_of

StepName = Literal["file", "sheet", "columns", "check", "done"]

T = TypeVar("T")
P = ParamSpec("P")

STEPS: dict[StepName, str] = {
    "file": N_("File"),
    "sheet": N_("Sheet"),
    "columns": N_("Match columns"),
    "check": N_("Check"),
    "done": N_("Finish"),
}
_TONES: Mapping[str, Tone] = {"progress": "running", "approved": "approved", "rejected": "rejected", "done": "done"}
PROBLEMS_SHOWN = 100  # at first
PROBLEMS_MAX = 500  # on the page; all are in the workbook
WORST = 4  # columns with most problems
SHOWN_LENGTH_MAX = 40  # characters of a value in the table
WHOLE_WORDS = "word-break:keep-all"  # a narrow table scrolls; its headings are not set sign under sign


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """One refused cell as people read it."""

    row: str
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Problems:
    """What was refused, as people read it.

    Attributes:
        rows: The first ones, at most ``PROBLEMS_MAX``.
        worst: (heading, number of cells) of the columns with most of them.
    """

    rows: list[ProblemRow]
    worst: list[tuple[str, int]]


def step_path(resource: Resource, batch: ImportBatch, step: StepName) -> str:
    """Return the address of a step of an import."""
    return f"/{resource.name}/import/{batch.id}?step={step}"


def step_of(batch: ImportBatch, wanted: str) -> StepName:
    """Return the step to show: ``wanted`` if the import has come so far, else where it is."""
    if batch.status != ImportStatus.DRAFT:
        return "done"
    if not batch.header_row or wanted == "sheet":
        return "sheet"
    return "columns" if not batch.mapping or wanted == "columns" else "check"


@asynccontextmanager
async def import_frame(resource: Resource, current: StepName, batch: ImportBatch | None = None) -> AsyncIterator[Actor]:
    """Draw the frame of one step: the title, the file, and the line of steps; what is drawn inside is the step."""
    title = _("Import: {resource}", resource=_(resource.label))
    async with staff_shell(title, current=resource.name) as actor:
        crumbs = {_(resource.label): f"/{resource.name}"}
        with page_header(title, batch.file_name if batch else "", crumbs=crumbs):
            if batch and current != "done":
                link_button(_("Take another file"), f"/{resource.name}/import", testid="action-another")
        is_refused = batch is not None and batch.status == ImportStatus.REFUSED
        steps(_way(current, is_refused=is_refused), label=_("Steps of the import"))
        yield actor


async def attempt(
    resource: Resource, function: Callable[Concatenate[Actor, P], T], *args: P.args, **kwargs: P.kwargs
) -> T | None:
    """Run ``function(actor, …)`` off the event loop for whoever is behind this event, if they may edit the resource.

    For what must not hold a transaction while it reads a file. An expected error is shown; the answer is then None.
    """
    actor = await permitted_actor(editor_of(resource))
    if actor is None:
        return None
    try:
        return await run_in_threadpool(lambda: function(actor, *args, **kwargs))
    except DomainError as error:
        show_refusal(error)
        return None


def shown_problems(session: Session, batch_id: int) -> Problems:
    """Return what was refused, with the headings of the person's own sheet."""
    batch = get_import(session, batch_id)
    problems = problems_of(session, batch_id, limit=PROBLEMS_MAX)
    positions = column_positions(actor_of(session), batch)
    headings = {name: batch.headings[position] for name, position in positions.items()}
    worst = [(_heading(name, batch, headings), count) for name, count in problem_counts(session, batch_id, limit=WORST)]
    return Problems([_problem_row(problem, batch, headings) for problem in problems], worst)


def draw_problems(batch: ImportBatch, problems: Problems, refused_count: int) -> None:
    """Draw what was refused: the workbook first, then the first of its cells."""
    with row():
        text(_("Red cells and the reason of each row are in your workbook: correct it there and bring it again."))
        link_button(
            _("Download the workbook with errors"),
            f"/imports/{batch.id}/errors.xlsx",
            icon="file",
            download=True,
            testid="action-errors",
        )
    if len(problems.worst) > 1:
        columns = _(", ").join(_("{column} {count}", column=name, count=f"{n:,}") for name, n in problems.worst)
        text(_("Most of the problems stand in: {columns}", columns=columns))
    box = Tag("div", css="qd-stack")

    def show(count: int) -> None:
        box.clear()
        with box:
            _problem_table(problems.rows[:count])
            if count < len(problems.rows):
                button(_("Show more"), lambda: show(count + PROBLEMS_SHOWN), testid="action-more")
            elif len({one.row for one in problems.rows}) < refused_count:
                words = _(
                    "These are the first {count} problems. All of them are in the workbook.", count=len(problems.rows)
                )
                text(words)

    show(PROBLEMS_SHOWN)


def draw_status(batch: ImportBatch) -> Tag:
    """Draw how far an import is."""
    label, tone = STATUS_LABELS[ImportStatus(batch.status)]
    return chip(_(label), _TONES.get(tone, "draft"))


def draw_facts(title: str, facts: Mapping[str, str]) -> None:
    """Draw a panel of short sentences, each under a small heading."""
    with panel(title), Tag("dl", css="qd-stack"):
        for heading, words in facts.items():
            with Tag("div"):
                Tag("dt", heading).style("font-weight:500")
                Tag("dd", words).style("color:var(--text-2);overflow-wrap:anywhere")


def _way(current: StepName, *, is_refused: bool) -> list[Step]:
    names = list(STEPS)
    at = names.index(current)
    way = []
    for index, name in enumerate(names):
        state: Literal["done", "current", "failed", "open"] = "done" if index < at else "open"
        if index == at:
            state = "failed" if is_refused else "current"
        way.append(Step(_(STEPS[name]), state=state))
    return way


def _problem_row(problem: CellProblem, batch: ImportBatch, headings: Mapping[str, str]) -> ProblemRow:
    column = _heading(problem.field, batch, headings)
    value = problem.value if len(problem.value) <= SHOWN_LENGTH_MAX else f"{problem.value[: SHOWN_LENGTH_MAX - 1]}…"
    return ProblemRow(f"{problem.row:,}", column, value, reason_text(SHEETS[batch.resource], problem))


def _heading(name: str, batch: ImportBatch, headings: Mapping[str, str]) -> str:
    """Return what a field is called in the person's own sheet, else by us."""
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
