"""From one state of an application to the next: locked, once, and since when somebody has to act."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of
from core.errors import Conflict, NotFound
from core.events.log import EventDraft, record
from core.i18n import DEFAULT_LANGUAGE, N_, translate
from core.permissions import Permission, Role
from models.partners.applications import NEXT_STATUSES, STATUS_LABELS, Application, ApplicationStatus
from models.partners.partners import Partner, PartnerStatus
from services.partners.affiliation_states import BRAND_ANSWERS, UPSTREAM_ANSWERS
from services.states import advance_row, count_change, lock_one, moment, require_state

APPLICANT_ACTOR = Actor("applicant", Role.ADMINISTRATOR, source="screen")
"""System actor for anonymous applications: it may do what the functions called with it do, nothing else."""

DEADLINES = {ApplicationStatus.SUBMITTED: UPSTREAM_ANSWERS, ApplicationStatus.UNDER_REVIEW: BRAND_ANSWERS}
_DECIDED = {
    ApplicationStatus.APPROVED: N_("Application {number} was approved by {who} at {when}."),
    ApplicationStatus.REFUSED: N_("Application {number} was refused by {who} at {when}."),
    ApplicationStatus.WITHDRAWN: N_("Application {number} was taken back at {when}."),
}


def reception(name: str = "", language: str = DEFAULT_LANGUAGE) -> Actor:
    """Return who acts for an applicant without an account: called by the name that was stated, nobody in particular."""
    return replace(APPLICANT_ACTOR, name=name or APPLICANT_ACTOR.name, language=language)


def lock_application(session: Session, number: str) -> Application:
    """Return an application as it is now, its row locked until the transaction ends.

    Raises:
        NotFound: ``applications.not_found``, also if the actor may not see it.
    """
    found = lock_one(session, select(Application).where(Application.number == number))
    if found is None:
        raise unknown_application(number)
    return found


def require_application_status(
    application: Application, *statuses: ApplicationStatus, version: int | None = None
) -> None:
    """Go on only with an application in one of ``statuses`` and, if a person saw a certain version, still that one.

    Raises:
        Conflict: ``applications.already_decided``, ``applications.wrong_status``, ``applications.changed_meanwhile``.
    """
    require_state(application, statuses, version, wrong_status=wrong_status, changed_meanwhile=changed_meanwhile)


def advance_application(
    session: Session, application: Application, status: ApplicationStatus, action: str, **data: object
) -> None:
    """Move an application on, start the clock of who has to act next, and record it as ``application.<action>``.

    Raises:
        Conflict: As ``require_application_status``.
    """
    if status not in NEXT_STATUSES[ApplicationStatus(application.status)]:
        raise wrong_status(application)
    changes = advance_row(session, application, status, DEADLINES.get(status))
    tell(session, application, action, changes, **data)


def tell(
    session: Session,
    application: Application,
    action: str,
    changes: dict[str, Any] | None = None,
    **data: object,
) -> None:
    """Record what happened to an application; facts that are nothing are left out."""
    facts = {name: value for name, value in data.items() if value not in (None, "", [])}
    happening = EventDraft(application.number, application.path, changes or {}, facts, application.version)
    record(session, f"application.{action}", "applications", [happening])


def set_partner_status(session: Session, partner_id: int | None, status: PartnerStatus) -> None:
    """Let the applicant's partner row follow its application."""
    partner = session.scalar(select(Partner).where(Partner.id == partner_id).with_for_update())
    if partner is None or partner.status == status:
        return
    changes = {"status": [partner.status, status.value]}
    partner.status = status.value
    count_change(partner)
    happening = EventDraft(partner.code, partner.path, changes, version=partner.version)
    record(session, "partner.changed", "partners", [happening])


def unknown_application(number: str) -> NotFound:
    """Return the error for a number nobody has, or that the actor may not see."""
    return NotFound("applications.not_found", N_("There is no application {number}."), number=number)


def get_application(session: Session, number: str) -> Application:
    """Return an application. Raises ``NotFound`` ``applications.not_found``."""
    actor_of(session).require(Permission.APPLICATION_VIEW)
    found = session.scalar(select(Application).where(Application.number == number))
    if found is None:
        raise unknown_application(number)
    return found


def changed_meanwhile(application: Application) -> Conflict:
    """Return the error for an application that is not what the person saw."""
    return Conflict(
        "applications.changed_meanwhile",
        N_("Application {number} was changed while you had it open. Look at it as it is now, then decide again."),
        number=application.number,
    )


def wrong_status(application: Application) -> Conflict:
    """Return the error for a step that the application's status does not allow."""
    status = ApplicationStatus(application.status)
    if status in _DECIDED:
        who, when = application.decided_by or "", moment(application.decided_at)
        sentence, number = _DECIDED[status], application.number
        return Conflict("applications.already_decided", sentence, number=number, who=who, when=when)
    return Conflict(
        "applications.wrong_status",
        N_("Application {number} is in status “{status}”, in which this cannot be done. Reload to see it as it is."),
        number=application.number,
        status=translate(STATUS_LABELS[status][0]),
    )
