"""Owners of jobs with their current rights, checked as at sign-in."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.errors import NotPermitted
from core.i18n import N_
from core.jobs.queueing import OwnerRefused
from core.jobs.rows import system_actor
from core.permissions import Role
from models.accounts.users import User, UserStatus
from models.partners.partners import Partner, PartnerStatus
from services.accounts.sessions import SignInNeeded
from services.accounts.tokens import actor_of_key

_SEE = {"see_all": "the owner's rights are read for the job, not for the user who asks"}


def actor_of_owner(session: Session, on_behalf: Mapping[str, Any]) -> Actor:
    """Return the owner that ``Job.on_behalf`` names, with current role, branch and language.

    Raises:
        OwnerRefused: ``jobs.owner_unknown``, ``jobs.owner_left``, ``jobs.owner_locked``,
            ``jobs.owner_partner_closed``, ``jobs.owner_moved``, ``jobs.owner_key_ended``.
    """
    if on_behalf.get("token_id") is not None:
        return _actor_of_key(session, int(on_behalf["token_id"]))
    system = system_actor(str(on_behalf.get("system")))
    if on_behalf.get("user_id") is None and system is not None:
        return system
    columns = (User.name, User.email, User.role, User.partner_id, User.status, User.left_at, User.language)
    query = select(*columns, Partner.path, Partner.status.label("partner_status"))
    query = query.outerjoin(Partner, Partner.id == User.partner_id).where(User.id == on_behalf.get("user_id"))
    user = session.execute(query.execution_options(**_SEE)).one_or_none()
    if user is None:
        raise OwnerRefused("jobs.owner_unknown", N_("Nobody knows whose job this is, so it does not run."))
    _refuse_who_may_not_come_in(user)
    if user.partner_id != on_behalf.get("partner_id"):
        sentence = N_("{name} works for another partner now, so the job has stopped. Begin it again.")
        raise OwnerRefused("jobs.owner_moved", sentence, name=user.name)
    return Actor(
        name=user.name,
        role=Role(user.role),
        person=user.email,
        user_id=on_behalf["user_id"],
        partner_id=user.partner_id,
        partner_path=user.path or "",
        source="job",
        language=user.language,
    )


def actor_of_person(session: Session, email: str) -> Actor:
    """Return the person with an e-mail address, with the rights of now. Raises as ``actor_of_owner``."""
    query = select(User.id, User.partner_id).where(User.email == email)
    user = session.execute(query.execution_options(**_SEE)).one_or_none()
    return actor_of_owner(session, {"user_id": user.id, "partner_id": user.partner_id} if user else {})


def _actor_of_key(session: Session, token_id: int) -> Actor:
    try:
        return replace(actor_of_key(session, token_id), source="job")
    except (SignInNeeded, NotPermitted) as reason:
        sentence = N_("The API key this job belongs to cannot be used any more, so the job has stopped.")
        raise OwnerRefused("jobs.owner_key_ended", sentence) from reason


def _refuse_who_may_not_come_in(user: Any) -> None:
    if user.left_at is not None:
        raise OwnerRefused("jobs.owner_left", N_("{name} has left, so the job has stopped."), name=user.name)
    if user.status != UserStatus.ACTIVE:
        sentence = N_("The account of {name} is locked, so the job has stopped.")
        raise OwnerRefused("jobs.owner_locked", sentence, name=user.name)
    if user.partner_status == PartnerStatus.CLOSED:
        sentence = N_("The partner of {name} has been closed, so the job has stopped.")
        raise OwnerRefused("jobs.owner_partner_closed", sentence, name=user.name)
