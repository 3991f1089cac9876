"""Actions on a user's record: lock, unlock, remove the second factor, leaving."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from core.access import Actor
from core.addresses import record_path
from core.i18n import N_, _
from core.permissions import Permission, Role
from models.accounts.users import UserStatus
from pages.components.base.buttons import button, link_button
from pages.components.base.navigation import load_again
from pages.components.forms.dialogs import confirm
from pages.resources.sections import Record
from pages.shell.calls import call, permitted_actor
from services.accounts.administration import reactivate_user, remove_second_factor, suspend_user
from services.accounts.users import GRANTS


def user_actions(record: Record, actor: Actor) -> None:
    """Draw the buttons if the actor may change this account; the account's own page is ``/account``."""
    if not may_change(record, actor):
        return
    is_locked = record.row.get("status") == UserStatus.LOCKED
    button(_("Remove the second factor"), partial(_remove_factor, record.key), testid="action-remove-factor")
    if is_locked:
        button(_("Unlock"), partial(_unlock, record.key), testid="action-unlock")
    else:
        button(_("Lock"), partial(_lock, record.key), testid="action-lock")
    if not record.row.get("left_at") and record.key != actor.person:
        link_button(_("Leaves …"), record_path("users", record.key, "leave"), testid="action-leave")


def may_change(record: Record, actor: Actor) -> bool:
    """Return whether ``actor`` may change the account of a record: only for roles that the actor may grant."""
    role = record.row.get("role")
    return actor.can(Permission.USER_EDIT) and role is not None and Role(role) in GRANTS.get(actor.role, frozenset())


async def _lock(email: str) -> None:
    why = N_("All their sessions end at once. What they did stays on record, and you can unlock them again.")
    await _change(email, suspend_user, N_("Lock"), why, danger=True)


async def _unlock(email: str) -> None:
    await _change(email, reactivate_user, N_("Unlock"), N_("They can sign in again with the password they had."))


async def _remove_factor(email: str) -> None:
    why = N_("For who lost their phone. At the next sign-in they set it up anew, if their role needs it.")
    await _change(email, remove_second_factor, N_("Remove the second factor"), why, danger=True)


async def _change(
    email: str, change: Callable[[Session, str], Any], label: str, why: str, *, danger: bool = False
) -> None:
    """Ask to confirm a change of an account, in the language of the user who clicked, and make it."""
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
