"""Telling who invited an applicant what was decided about the application."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from models.partners.applications import Application, ApplicationStatus
from models.partners.invites import Invite
from services.notifications.kinds import APPLICATION_APPROVED, APPLICATION_REFUSED, APPLICATION_RETURNED
from services.notifications.sending import notify

_KINDS = {
    ApplicationStatus.APPROVED: APPLICATION_APPROVED,
    ApplicationStatus.REFUSED: APPLICATION_REFUSED,
    ApplicationStatus.RETURNED: APPLICATION_RETURNED,
}
_SEE = {"see_all": "the inviter of an applicant is notified of the decision, regardless of who decides"}


def notify_inviter(session: Session, application: Application) -> None:
    """Tell who made the invite that an application came by how the actor has decided; nobody if it came without."""
    if application.invite_id is None:
        return
    made_by = session.scalar(select(Invite.made_by).where(Invite.id == application.invite_id), execution_options=_SEE)
    status = ApplicationStatus(application.status)
    reason = "" if status is ApplicationStatus.APPROVED else application.reason or ""
    facts = {"who": actor_of(session).name, "name": application.name or "", "reason": reason}
    notify(session, _KINDS[status], [made_by], application.number, **facts)
