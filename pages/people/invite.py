"""Invitation of a user: creates the account and shows the link to choose a password."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from core.access import Actor
from core.addresses import record_path
from core.i18n import N_, _
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.base.navigation import ask_before_leaving
from pages.components.layout.content import notice, page_header, panel, row, stack
from pages.components.layout.link_card import add_link_style
from pages.people._links import show_link
from pages.resources.form import NewRow
from pages.shell.calls import call, page
from pages.shell.navigation import staff_shell
from pages.shell.reading import read
from resources.users import USERS
from services.accounts.links import password_link
from services.partners.queries import partner_labels


def register_users() -> None:
    """Register ``/users/new``; before the records."""
    page("/users/new", permission=USERS.edit, title=N_("Invite"))(invite_user_page)


async def invite_user_page() -> None:
    """Draw the form for a new person as the whole page."""
    title = _("Invite somebody")
    async with staff_shell(title, current="users") as actor:
        begin = {} if actor.is_brand else await read(actor, own_partner, actor)
        add_link_style()
        with page_header(title, crumbs={_(USERS.label): "/users"}):
            pass
        body = stack()
        with body:
            form = Invitation(actor, begin, body)
            with row():
                button(_("Invite"), form.save, look="primary", testid="action-save")
                link_button(_("Cancel"), "/users", testid="action-cancel-new")


class Invitation(NewRow):
    """The form for a new user; shows the link after saving."""

    def __init__(self, actor: Actor, begin: Mapping[str, Any], body: Tag) -> None:
        self._body = body
        super().__init__(USERS, actor, begin)

    async def saved(self, key: str) -> None:
        """Show the link instead of the form."""
        ask_before_leaving(False)
        path = await call(password_link, key)
        self._body.clear()
        with self._body:
            notice(
                _("{email} is invited. Hand the link on now: it is shown this once.", email=key), "ok", testid="invited"
            )
            if path is not None:
                with panel(_("Link to sign in")):
                    show_link(key, path)
            with row():
                link_button(_("Invite somebody else"), "/users/new", look="primary", testid="action-invite-another")
                link_button(_("Open the record"), record_path(USERS.name, key), testid="action-open")


def own_partner(session: Session, actor: Actor) -> dict[str, str]:
    """Return the owner's own partner, the initial value of the form."""
    code, name = next(iter(partner_labels(session, [actor.partner_id]).values()), ("", ""))
    return {"partner": code, "partner__title": name} if code else {}
