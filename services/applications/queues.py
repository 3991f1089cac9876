"""Whose turn it is: which applications and changes of upstream wait for a person, and which for others."""

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of
from core.permissions import Permission
from models.partners.affiliation_requests import AffiliationRequest, RequestStatus
from models.partners.applications import Application, ApplicationStatus

MINE, UPSTREAM, DONE = "", "upstream", "done"
"""Views of an inbox, as in the address: what I have to do, what waits for others, what is decided."""
ENDED = (ApplicationStatus.APPROVED.value, ApplicationStatus.REFUSED.value, ApplicationStatus.WITHDRAWN.value)


def applications_waiting(session: Session) -> int:
    """Return how many applications wait for the session's person: not those they made or entered themselves."""
    actor = actor_of(session)
    return session.scalar(select(func.count()).select_from(Application).where(in_view(actor, MINE))) or 0


def requests_waiting(session: Session) -> int:
    """Return how many changes of upstream wait for an answer or a decision of the session's person."""
    waiting = select(func.count()).select_from(AffiliationRequest).where(awaited_of(actor_of(session)))
    return session.scalar(waiting) or 0


def applications_in_view(session: Session, view: str, limit: int) -> list[Application]:
    """Return the applications of a view: those that wait by when an answer is due, decided ones latest first."""
    query = select(Application).where(in_view(actor_of(session), view))
    if view == DONE:
        query = query.order_by(Application.updated_at.desc(), Application.id.desc())
    else:
        query = query.order_by(Application.due_at, Application.id)
    return list(session.scalars(query.limit(limit)))


def view_counts(session: Session) -> dict[str, int]:
    """Return view → how many wait in it; of the decided ones nobody needs the number."""
    actor = actor_of(session)
    counts = {}
    for view in (MINE, UPSTREAM):
        query = select(func.count()).select_from(Application).where(in_view(actor, view))
        counts[view] = session.scalar(query) or 0
    return counts


def waits_for(actor: Actor) -> bool:
    """Return whether applications can wait for an actor at all."""
    return actor.can(Permission.APPLICATION_DECIDE) or actor.can(Permission.APPLICATION_CONFIRM)


def in_view(actor: Actor, view: str) -> ColumnElement[bool]:
    """Return which applications a view shows to an actor."""
    submitted = Application.status == ApplicationStatus.SUBMITTED.value
    reviewed = Application.status == ApplicationStatus.UNDER_REVIEW.value
    if view == DONE:
        return Application.status.in_(ENDED)
    if actor.can(Permission.APPLICATION_DECIDE):
        person = actor.person.lower()
        own = or_(func.lower(Application.entered_by) == person, func.coalesce(Application.email, "") == person)
        returned = Application.status == ApplicationStatus.RETURNED.value
        return and_(reviewed, ~own) if view == MINE else or_(submitted, returned, and_(reviewed, own))
    if actor.can(Permission.APPLICATION_CONFIRM):
        mine = Application.upstream_id == actor.partner_id
        return and_(submitted, mine) if view == MINE else or_(reviewed, and_(submitted, ~mine))
    return or_(submitted, reviewed) if view == UPSTREAM else false()


def awaited_of(actor: Actor) -> ColumnElement[bool]:
    """Return which changes of upstream wait for an actor."""
    status = AffiliationRequest.status
    if actor.can(Permission.APPLICATION_DECIDE):
        return and_(status == RequestStatus.UNDER_REVIEW.value, AffiliationRequest.asked_by != actor.person)
    if not actor.can(Permission.APPLICATION_CONFIRM):
        return false()
    owner = and_(AffiliationRequest.partner_id == actor.partner_id, AffiliationRequest.owner_answer.is_(None))
    above = and_(AffiliationRequest.to_upstream_id == actor.partner_id, AffiliationRequest.upstream_answer.is_(None))
    return and_(status == RequestStatus.ASKED.value, or_(owner, above))
