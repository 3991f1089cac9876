"""Views of applications: which wait for a person, which for others, and which are decided."""

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of
from core.permissions import Permission
from models.partners.applications import OPEN, WAITING, Application, ApplicationStatus
from services.approvals.worklist import waiting_keys

MINE, UPSTREAM, DONE = "", "upstream", "done"
"""Views of an inbox, as in the address: what I have to do, what waits for others, what is decided."""
ENDED = (ApplicationStatus.APPROVED.value, ApplicationStatus.REFUSED.value, ApplicationStatus.WITHDRAWN.value)


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
    if view == DONE:
        return Application.status.in_(ENDED)
    mine = Application.number.in_(waiting_keys(actor, "applications"))
    if view == MINE:
        return mine
    return and_(Application.status.in_(OPEN if actor.can(Permission.APPLICATION_DECIDE) else WAITING), ~mine)
