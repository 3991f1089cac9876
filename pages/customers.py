"""Customers on the generic pages: a bulk action that moves them to another stage."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.access import Actor
from core.i18n import N_, _, ngettext
from core.permissions import Permission
from models.customers import STAGE_LABELS, CustomerStage
from pages.components.forms.questions import choose
from pages.components.lists.grid_spec import GridAction, Selection
from pages.resources.bulk import BulkActions
from pages.resources.screens import Screen
from pages.shell.calls import call, permitted_actor
from pages.shell.navigation import Place
from resources.customers import CUSTOMERS
from services.customers import move_customers
from services.outcomes import Outcome


def move_actions(bulk: BulkActions, actor: Actor) -> list[GridAction]:
    """Return the action that moves selected customers to a stage; [] without the permission."""
    if not actor.can(Permission.CUSTOMER_EDIT):
        return []

    async def move(selection: Selection) -> None:
        if await permitted_actor(Permission.CUSTOMER_EDIT) is None:
            return
        stage = await choose(
            ngettext("Move {count} customer", "Move {count} customers", selection.count),
            _("All of them get the stage you choose; each change is kept in their history."),
            name="stage",
            label=_("Stage"),
            choices={stage.value: _(label) for stage, (label, _tone) in STAGE_LABELS.items()},
            value=CustomerStage.CONTACTED.value,
            yes=_("Move"),
        )
        keys = None if stage is None else await bulk.keys_of(selection)
        if keys and stage:
            outcomes = await call(move_to, keys, stage)
            if outcomes is not None:
                bulk.show(outcomes)

    return [GridAction("move", _("Move to a stage"), move, look="primary")]


def move_to(session: Session, codes: Sequence[str], stage: str) -> list[Outcome]:
    """Move customers to a stage; return the outcome of each."""
    problems = {problem.row: problem.problem for problem in move_customers(session, codes, stage).problems}
    return [Outcome(code, problems.get(row)) for row, code in enumerate(codes, 1)]


SCREEN = Screen(
    resource=CUSTOMERS,
    list_actions=move_actions,
    empty_text=N_("Customers are whom you win and look after. Any list will do: columns may be called what you like."),
    first_step=N_("Next come the customers your sales staff look after."),
)

PLACES = (
    Place(
        name="customers",
        label=N_("Customers"),
        href="/customers",
        icon="customers",
        group="workbench",
        rank=4,
        permission=Permission.CUSTOMER_VIEW,
    ),
)
