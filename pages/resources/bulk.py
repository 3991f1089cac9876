"""Doing something with many rows at once: asked first, each row on its own, and what became of each is said."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of
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
from pages.shell.calls import call, permitted_actor, show_refusal
from pages.shell.reading import read
from pages.web.identity import current_actor
from services.outcomes import Outcome

DANGEROUS = frozenset({"reject", "close", "lock", "discard", "revoke", "delete"})


class BulkActions:
    """What can be done with the rows chosen in one list.

    Attributes:
        resource: Whose rows.
        grid: The list, once it is drawn; it is asked for its rows again after each action.
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
        """Return the keys of the rows chosen; None, and the reason said, if they are too many or cannot be told."""
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
            if await permitted_actor(action.permission) is None:
                return
            note = await ask(action, f"{selection.count:,}")
            keys = None if note is None else await self.keys_of(selection)
            if keys:
                outcomes = await call(action.run, keys, note)
                if outcomes is not None:
                    self.show(outcomes)

        return run


async def ask(action: Action, count: str = "", *, key: str = "") -> str | None:
    """Ask whether an action is meant, for ``count`` rows or for the one with this key.

    Returns:
        The reason, "" if none is needed; None for no.
    """
    label = _(action.label)
    one = _("{action}: {key}?", action=label, key=key)
    return await confirm(
        one if key else _("{action}: {count} chosen?", action=label, count=count),
        _("Each row is checked on its own. You then read which were done, and which were not and why."),
        yes=label,
        danger=action.name in DANGEROUS,
        reason=_("Reason") if action.needs_note else "",
    )


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
    if action.name in DANGEROUS:
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
