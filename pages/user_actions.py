"""What is done with a person's account from its record: let in by a link, lock, unlock, forget the second factor."""

from collections.abc import Callable
from functools import partial
from typing import Any

from nicegui import context
from sqlalchemy.orm import Session

from core.access import Actor, Permission
from core.i18n import N_, _
from core.settings import settings
from models.users import UserStatus
from pages.door import call, permitted_actor
from pages.house import Tag, button, confirm, drawer, text, text_field
from pages.house.going import load_again
from pages.record_sections import Record
from services.accounts import lock_user, remove_second_factor, unlock_user
from services.one_time_links import password_link


def user_actions(record: Record, actor: Actor) -> None:
    """Draw the buttons for who may edit accounts; the account's own page is ``/account``."""
    if not actor.can(Permission.USER_EDIT):
        return
    is_locked = record.row.get("status") == UserStatus.LOCKED
    shown = Tag("div").style("display:contents")
    if not is_locked:
        button(_("Link to sign in"), partial(_show_link, record.key, shown), testid="action-link")
    button(_("Remove the second factor"), partial(_remove_factor, record.key), testid="action-remove-factor")
    if is_locked:
        button(_("Unlock"), partial(_unlock, record.key), testid="action-unlock")
    else:
        button(_("Lock"), partial(_lock, record.key), look="danger", testid="action-lock")


async def _show_link(email: str, shown: Tag) -> None:
    path = await call(password_link, email)
    if path is None:
        return
    base = settings().public_url or str(context.client.request.base_url)
    shown.clear()
    with shown, drawer(_("Link to sign in")) as show:
        text(
            _(
                "Send this link to {email}. It opens once, within three days, and lets them choose a password.",
                email=email,
            )
        )
        text_field("link", _("Link"), base.rstrip("/") + path, wide=True)
    show()


async def _lock(email: str) -> None:
    why = N_("All their sessions end at once. What they did stays on record, and you can unlock them again.")
    await _change(email, lock_user, N_("Lock"), why, danger=True)


async def _unlock(email: str) -> None:
    await _change(email, unlock_user, N_("Unlock"), N_("They can sign in again with the password they had."))


async def _remove_factor(email: str) -> None:
    why = N_("For who lost their phone. At the next sign-in they set it up anew, if their role needs it.")
    await _change(email, remove_second_factor, N_("Remove the second factor"), why, danger=True)


async def _change(
    email: str, change: Callable[[Session, str], Any], label: str, why: str, *, danger: bool = False
) -> None:
    """Ask whether a change of an account is meant, in the language of who clicked, and make it."""
    if await permitted_actor(Permission.USER_EDIT) is None:
        return
    title = _("{action}: {email}?", action=_(label), email=email)
    if await confirm(title, _(why), yes=_(label), danger=danger) is None:
        return
    if await call(_done, change, email):
        load_again()


def _done(session: Session, change: Callable[[Session, str], Any], email: str) -> bool:
    change(session, email)
    return True
