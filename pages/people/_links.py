"""Password links: one on the record, many as a file."""

import io
from collections.abc import Sequence

from core.access import Actor
from core.clock import now
from core.i18n import N_, _
from core.permissions import Permission
from importers.writing.cell_values import SheetColumn
from importers.writing.xlsx import write_xlsx
from pages.components.base.elements import Tag
from pages.components.base.navigation import offer_file
from pages.components.forms.dialogs import confirm
from pages.components.layout.link_card import full_address, link_card
from pages.components.layout.records import instant_text
from pages.components.lists.grid_spec import GridAction, Selection
from pages.resources.bulk import BulkActions
from pages.shell.calls import call, permitted_actor
from services.accounts.links import LINK_LASTS, NewLink, password_links
from services.outcomes import Outcome

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXPLAINED = N_("Send this link to {email}. It opens once, within three days, and lets them choose a password.")


def show_link(email: str, path: str) -> Tag:
    """Draw a new link; it is shown only once."""
    return link_card(_("Link"), full_address(path), note=_(EXPLAINED, email=email))


def link_actions(bulk: BulkActions, actor: Actor) -> list[GridAction]:
    """Return the bulk action that makes a link for each selected user and downloads them as a file."""

    async def run(selection: Selection) -> None:
        if await permitted_actor(Permission.USER_EDIT) is None:
            return
        sentence = _(
            "You get a workbook with one link for each. Earlier links become void; the audit trail says who took them."
        )
        title = _("{action}: {count} chosen?", action=_("Make links"), count=f"{selection.count:,}")
        if await confirm(title, sentence, yes=_("Make links")) is None:
            return
        keys = await bulk.keys_of(selection)
        made = await call(password_links, keys) if keys else None
        if made:
            _hand_out(bulk, made)

    if not (actor.can(Permission.USER_EDIT) and actor.can(Permission.EXPORT)):
        return []
    return [GridAction("links", _("Make links"), run)]


def links_workbook(made: Sequence[NewLink]) -> bytes:
    """Return a workbook with a row for each link that was made."""
    columns = [
        SheetColumn(_("E-mail"), width=30),
        SheetColumn(_("Name"), width=20),
        SheetColumn(_("Link"), width=70),
        SheetColumn(_("Valid until"), width=18),
    ]
    until = instant_text(now() + LINK_LASTS)
    target = io.BytesIO()
    rows = [[one.email, one.name, full_address(one.path), until] for one in made if one.path]
    write_xlsx(target, _("Links to sign in"), columns, rows)
    return target.getvalue()


def _hand_out(bulk: BulkActions, made: Sequence[NewLink]) -> None:
    if any(one.path for one in made):
        at = instant_text(now()).replace(":", "").replace(" ", "-")
        offer_file(f"{_('Links to sign in')}-{at}.xlsx", links_workbook(made), XLSX)
    bulk.show([Outcome(one.email, one.problem) for one in made])
