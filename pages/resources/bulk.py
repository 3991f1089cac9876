"""Bulk actions: confirmed first, each row on its own, with an outcome for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of
from core.drafts import draft_one
from core.errors import DomainError
from core.i18n import _
from core.queries.finding import matching_keys, read_query
from core.resource import Action, Resource
from pages.components.base.elements import Tag
from pages.components.base.toasts import toast
from pages.components.forms.dialogs import confirm, drawer
from pages.components.layout.content import notice
from pages.components.layout.records import LineColumn, line_table
from pages.components.lists.data_grid import DataGrid
from pages.components.lists.grid_spec import GridAction, Selection
from pages.resources.inputs import Inputs
from pages.shell.calls import call, permitted_actor, show_refusal
from pages.shell.reading import read
from pages.web.identity import current_actor
from services.outcomes import Outcome


class BulkActions:
    """What can be done with the rows chosen in one list.

    Attributes:
        resource: Whose rows.
        grid: The list, once it is drawn; it reloads its rows after each action.
    """

    def __init__(self, resource: Resource, actor: Actor) -> None:
        self.resource = resource
        self.grid: DataGrid | None = None
        self._actions = [action for action in resource.actions if actor.can(action.permission)]
        self._report = Tag("div")

    def grid_actions(self) -> list[GridAction]:
        """Return the actions of the resource that the actor may take."""
        return [
            GridAction(action.name, _(action.label), self._runner(action), look=look_of(action, index))
            for index, action in enumerate(self._actions)
        ]

    async def keys_of(self, selection: Selection) -> list[str] | None:
        """Return the keys of the rows chosen; None, and the reason said, if they are too many or unknown."""
        try:
            return await read(await current_actor(), chosen_keys, self.resource, selection)
        except DomainError as error:
            show_refusal(error)
            return None

    def show(self, outcomes: Sequence[Outcome]) -> None:
        """Say what became of the rows: a word if all is done, else which were not and why; the list is read again."""
        refused = [outcome for outcome in outcomes if outcome.problem is not None]
        done = len(outcomes) - len(refused)
        if self.grid is not None:
            self.grid.refresh()
        if not refused:
            toast(_("{count} done", count=f"{done:,}"))
            return
        self._report.clear()
        with self._report:
            _show_refused(done, refused)

    def _runner(self, action: Action) -> Callable[[Selection], Any]:
        async def run(selection: Selection) -> None:
            actor = await permitted_actor(action.permission)
            answer = None if actor is None else await ask(action, actor, selection.count)
            keys = None if answer is None else await self.keys_of(selection)
            if keys and answer is not None:
                outcomes = await call(action.run, keys, answer.note, **answer.values)
                if outcomes is not None:
                    self.show(outcomes)

        return run


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person stated before an action.

    Attributes:
        note: The reason, "" if none is needed.
        values: Of the action's inputs, by name, as their kinds read them.
    """

    note: str
    values: Mapping[str, Any]


async def ask(action: Action, actor: Actor, count: int = 1, *, key: str = "") -> Answer | None:
    """Ask for the inputs of an action and for confirmation, for ``count`` rows or for the one with this key; None for
    no.

    What is not right is shown beside its input, and the question stays open.
    """
    inputs = [one.stated_by(actor) for one in action.inputs]
    values: dict[str, Any] = {}

    def draw() -> Callable[[], bool]:
        drawn = Inputs(inputs, {one.name: one.initial for one in inputs if one.initial})

        def are_right() -> bool:
            drafts, problems = draft_one(inputs, drawn.stated)
            drawn.refuse({problem.field: problem.problem for problem in problems})
            values.update({name: column[0] for name, column in drafts.columns.items() if column})
            return not problems

        return are_right

    note = await confirm(
        _question(action, count, key),
        _(action.explanation)
        if action.explanation
        else _("Each row is checked on its own. You then read which were done, and which were not and why."),
        yes=_(action.label),
        danger=action.is_dangerous,
        reason=_("Reason") if action.needs_note else "",
        inputs=draw if inputs else None,
    )
    return None if note is None else Answer(note, values)


def _question(action: Action, count: int, key: str) -> str:
    label = _(action.label)
    if key:
        return _("{action}: {key}?", action=label, key=key)
    if action.question is not None:
        one, many = action.question
        return _(one if count == 1 else many, count=f"{count:,}")
    return _("{action}: {count} chosen?", action=label, count=f"{count:,}")


def chosen_keys(session: Session, resource: Resource, selection: Selection) -> list[str]:
    """Return the keys of the rows that a selection means.

    Raises:
        InvalidInput: ``queries.too_many_rows``.
    """
    if not selection.all_matching:
        return list(selection.keys)
    pairs = parse_qsl(selection.query, keep_blank_values=True)
    return matching_keys(session, read_query(resource, actor_of(session), pairs, from_address=True))


def look_of(action: Action, index: int) -> Any:
    """Return how the button of an action looks: what takes away is red, the first other one stands out."""
    if action.is_dangerous:
        return "danger"
    return "primary" if index == 0 else "plain"


def _show_refused(done: int, refused: Sequence[Outcome]) -> None:
    with drawer(_("What was done")) as show:
        if done:
            notice(_("{count} done", count=f"{done:,}"), "ok", testid="bulk-done")
        notice(_("{count} not done", count=f"{len(refused):,}"), "danger", testid="bulk-refused")
        rows = [{"key": one.key, "why": one.problem.text if one.problem else ""} for one in refused]
        line_table([LineColumn("key", _("Row")), LineColumn("why", _("Why not"))], rows, caption=_("What was not done"))
    show()
