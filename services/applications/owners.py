"""Accounts of new partners' owners: made when an application is approved, and signed in to by a one-time link."""

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of, transact
from core.errors import Conflict
from core.events.log import EventDraft, record
from core.i18n import N_
from core.permissions import Permission, Role
from models.accounts.users import User, UserStatus
from models.partners.applications import Application, ApplicationStatus
from services.accounts.links import password_link
from services.accounts.users import PLAN as USER_PLAN
from services.applications.states import lock_application

_EVERYBODY = {"see_all": "an e-mail address signs in to one account across the brand"}


def invite_owner(session: Session, application: Application) -> None:
    """Make the account of the new partner's owner; one that staff entered without an e-mail gets its people later."""
    email = application.email
    if email is None:
        return
    taken = select(func.count()).select_from(User).where(User.email == email).execution_options(**_EVERYBODY)
    if session.scalar(taken):
        raise Conflict(
            "applications.email_taken",
            N_("There is an account for {email} already. Return the application and ask for another address."),
            email=email,
        )
    user = User(
        email=email,
        name=application.contact or email.split("@")[0],
        role=Role.PARTNER_OWNER.value,
        partner_id=application.partner_id,
        path=application.path,
        status=UserStatus.INVITED.value,
        language=application.language,
    )
    session.add(user)
    session.flush()
    data, values = {"role": user.role}, USER_PLAN.values_of(user, ("name", "role", "partner_id"))
    event = EventDraft(email, application.path, data=data, version=1, created_values=values)
    record(session, "user.created", "users", [event])


def welcome_link(session: Session, number: str) -> str:
    """Return the path of a one-time link by which an approved applicant chooses a password; earlier links are void.

    Raises:
        NotPermitted: The actor may not edit accounts.
        NotFound: ``applications.not_found``.
        Conflict: ``applications.no_account_waits``: nobody was invited, or they have signed in already.
    """
    actor_of(session).require(Permission.USER_EDIT)
    application = lock_application(session, number)
    status = select(User.status).where(User.email == application.email, User.partner_id == application.partner_id)
    waits = application.status == ApplicationStatus.APPROVED and session.scalar(status) == UserStatus.INVITED
    if not waits or application.email is None:
        raise Conflict(
            "applications.no_account_waits",
            N_("No account of application {number} waits for its password. Sign in, or ask for a new password."),
            number=number,
        )
    return password_link(session, application.email)


def owner_link(actor: Actor, number: str) -> str:
    """Return the path of a one-time link for a new partner's owner, for staff to hand on; in a unit of work of its own.

    Raises:
        NotPermitted: The actor may not decide applications.
        NotFound: ``applications.not_found``.
        Conflict: ``applications.no_account_waits``.
    """
    actor.require(Permission.APPLICATION_DECIDE)
    return transact(replace(actor, role=Role.ADMINISTRATOR), lambda session: welcome_link(session, number))
