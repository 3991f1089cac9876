"""What others say about an application: the upstream's word, and the brand's decision; each once, with its reason."""

from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now, today
from core.database.sessions import actor_of, transact
from core.drafts import Drafts
from core.errors import Conflict, InvalidInput, NotPermitted, Problem
from core.events.log import EventDraft, record
from core.i18n import N_
from core.permissions import Permission, Role
from models.accounts.users import User, UserStatus
from models.partners.applications import Application, ApplicationStatus, UpstreamAnswer
from models.partners.partners import Partner, PartnerStatus
from services.accounts.users import PLAN as USER_PLAN
from services.applications.applicant import welcome_link
from services.applications.states import advance, lock_application, require_status, set_partner_status, tell
from services.notifications.invites import notify_inviter
from services.partners.saving import save_partners
from services.partners.tree import require_active_upstream
from services.saving.plans import SaveOptions
from services.states import require_reason

_EVERYBODY = {"see_all": "an e-mail address signs in to one account across the brand"}
_WHY = N_("Say why: the applicant reads it.")


def confirm_application(session: Session, number: str, note: str = "", *, version: int | None = None) -> Application:
    """Say for the upstream that it takes the applicant; the application goes on to the brand.

    An owner of that very upstream says so, or operations on its behalf, then with a note.

    Args:
        session: The caller's.
        number: Of the application.
        note: What the brand should know.
        version: That the person saw.

    Raises:
        NotPermitted: The actor may do neither; ``applications.not_your_downstream``, ``applications.own_application``.
        NotFound: ``applications.not_found``.
        Conflict: ``applications.already_decided``, ``applications.wrong_status``, ``applications.changed_meanwhile``.
        InvalidInput: ``applications.reason_required``.
    """
    application, on_behalf = _for_upstream(session, number, version)
    if on_behalf:
        note = require_reason(note, N_("Say on what ground you confirm for the upstream: it is kept on record."))
    word = UpstreamAnswer.ON_BEHALF if on_behalf else UpstreamAnswer.CONFIRMED
    return _keep_word(session, application, word, "confirmed", note)


def decline_application(session: Session, number: str, reason: str, *, version: int | None = None) -> Application:
    """Decline for the upstream; the brand decides what to do. Raises as ``confirm_application``."""
    application, _on_behalf = _for_upstream(session, number, version)
    reason = require_reason(reason, N_("Say why: the brand reads it."))
    return _keep_word(session, application, UpstreamAnswer.DECLINED, "declined", reason)


def approve_application(session: Session, number: str, note: str = "", *, version: int | None = None) -> Application:
    """Make the applicant an active partner from today on, and invite its owner to choose a password.

    Raises:
        NotPermitted: The actor may not decide applications; ``applications.own_application``.
        NotFound: ``applications.not_found``.
        Conflict: ``applications.already_decided``, ``applications.wrong_status``, ``applications.changed_meanwhile``,
            ``applications.upstream_not_active``, ``applications.email_taken``.
    """
    application = _for_brand(session, number, version, ApplicationStatus.UNDER_REVIEW)
    require_active_upstream(session, application.upstream_id)
    partner = session.get_one(Partner, application.partner_id)
    columns: dict[str, list[Any]] = {"code": [partner.code], "valid_from": [today()]}
    columns["status"] = [PartnerStatus.ACTIVE.value]
    save_partners(session, Drafts([1], columns), SaveOptions()).or_refuse()
    _invite_owner(session, application)
    _decide(session, application, ApplicationStatus.APPROVED, "approved", note.strip())
    return application


def return_application(session: Session, number: str, reason: str, *, version: int | None = None) -> Application:
    """Give an application back to the applicant to change and submit again. Raises as ``refuse_application``."""
    application = _for_brand(session, number, version, ApplicationStatus.SUBMITTED, ApplicationStatus.UNDER_REVIEW)
    application.reason = require_reason(reason, _WHY)
    advance(session, application, ApplicationStatus.RETURNED, "returned", reason=application.reason)
    set_partner_status(session, application.partner_id, PartnerStatus.APPLIED)
    notify_inviter(session, application)
    return application


def refuse_application(session: Session, number: str, reason: str, *, version: int | None = None) -> Application:
    """Refuse an application for good; its partner row is closed.

    Raises:
        NotPermitted: The actor may not decide applications; ``applications.own_application``.
        NotFound: ``applications.not_found``.
        Conflict: ``applications.already_decided``, ``applications.wrong_status``, ``applications.changed_meanwhile``.
        InvalidInput: ``applications.reason_required``.
    """
    application = _for_brand(session, number, version, ApplicationStatus.SUBMITTED, ApplicationStatus.UNDER_REVIEW)
    application.reason = require_reason(reason, _WHY)
    _decide(session, application, ApplicationStatus.REFUSED, "refused", application.reason)
    set_partner_status(session, application.partner_id, PartnerStatus.CLOSED)
    return application


def assign_upstream(
    session: Session, number: str, upstream: str | None, note: str = "", *, version: int | None = None
) -> Application:
    """Put an applicant under another upstream; the new one is asked for its word first. None: directly under the brand.

    Raises:
        NotPermitted, NotFound, Conflict: As ``approve_application``.
        InvalidInput: ``partners.not_found``, ``partners.tier_not_allowed``.
    """
    application = _for_brand(session, number, version, ApplicationStatus.UNDER_REVIEW)
    above = session.scalar(select(Partner).where(Partner.code == upstream)) if upstream else None
    if upstream and above is None:
        problem = Problem("partners.not_found", N_("names no partner: there is no {key}"), {"key": upstream})
        raise InvalidInput(problem.code, problem.message, fields={"upstream": problem}, key=upstream)
    require_active_upstream(session, above.id if above else None)
    partner = session.get_one(Partner, application.partner_id)
    columns: dict[str, list[Any]] = {"code": [partner.code], "upstream": [upstream]}
    save_partners(session, Drafts([1], columns), SaveOptions()).or_refuse()
    session.refresh(partner)
    application.upstream_id, application.path = above.id if above else None, partner.path
    application.upstream_word = application.upstream_by = application.upstream_note = application.upstream_at = None
    application.stated = {**application.stated, "assigned": upstream or ""}
    if above is None:
        tell(session, application, "assigned", upstream="", note=note.strip())
        application.version += 1
        return application
    advance(session, application, ApplicationStatus.SUBMITTED, "assigned", upstream=above.code, note=note.strip())
    set_partner_status(session, application.partner_id, PartnerStatus.APPLIED)
    return application


def overdue_numbers(session: Session) -> list[str]:
    """Return the numbers of the applications whose upstream has not answered in time, the longest waiting first."""
    actor_of(session).require(Permission.APPLICATION_DECIDE)
    late = select(Application.number).where(
        Application.status == ApplicationStatus.SUBMITTED.value, Application.due_at <= now()
    )
    return list(session.scalars(late.order_by(Application.due_at, Application.id)))


def pass_on(session: Session, number: str) -> bool:
    """Let an application go on to the brand whose upstream has not answered in time; return whether it had to.

    Raises:
        NotFound: ``applications.not_found``.
    """
    actor_of(session).require(Permission.APPLICATION_DECIDE)
    application = lock_application(session, number)
    is_late = application.due_at is not None and application.due_at <= now()
    if application.status != ApplicationStatus.SUBMITTED or not is_late:
        return False  # somebody was faster
    _keep_word(session, application, UpstreamAnswer.NO_ANSWER, "unanswered", "")
    return True


def owner_link(actor: Actor, number: str) -> str:
    """Return the path of a one-time link for a new partner's owner, for staff to hand on; in a unit of work of its own.

    Raises:
        NotPermitted: The actor may not decide applications.
        NotFound: ``applications.not_found``.
        Conflict: ``applications.no_account_waits``.
    """
    actor.require(Permission.APPLICATION_DECIDE)
    return transact(replace(actor, role=Role.ADMINISTRATOR), lambda session: welcome_link(session, number))


def is_own(actor: Actor, application: Application) -> bool:
    """Return whether the person behind the actor applied, or entered the application."""
    return actor.is_one_of(application.email, application.entered_by)


def may_speak_for_upstream(actor: Actor, application: Application) -> bool:
    """Return whether the actor is an owner of the very partner that is asked for its word."""
    return actor.can(Permission.APPLICATION_CONFIRM) and actor.partner_id == application.upstream_id is not None


def _for_upstream(session: Session, number: str, version: int | None) -> tuple[Application, bool]:
    """Return an application that waits for its upstream, and whether the brand speaks for that upstream."""
    actor = actor_of(session)
    on_behalf = actor.is_brand and actor.can(Permission.APPLICATION_DECIDE)
    if not on_behalf:
        actor.require(Permission.APPLICATION_CONFIRM)
    application = lock_application(session, number)
    _require_others(actor, application)
    if not on_behalf and not may_speak_for_upstream(actor, application):
        raise NotPermitted(
            "applications.not_your_downstream",
            N_("Only the owner of the partner it names as upstream can answer for it."),
        )
    require_status(application, ApplicationStatus.SUBMITTED, version=version)
    return application, on_behalf


def _for_brand(session: Session, number: str, version: int | None, *statuses: ApplicationStatus) -> Application:
    """Return an application in one of ``statuses`` that the actor may decide."""
    actor = actor_of(session)
    actor.require(Permission.APPLICATION_DECIDE)
    application = lock_application(session, number)
    _require_others(actor, application)
    require_status(application, *statuses, version=version)
    return application


def _require_others(actor: Actor, application: Application) -> None:
    if not actor.person:
        raise NotPermitted(
            "applications.person_unknown",
            N_("Nobody can tell which person this is, so it cannot decide about applications."),
        )
    if is_own(actor, application):
        raise NotPermitted(
            "applications.own_application",
            N_("You made or entered application {number} yourself: someone else has to decide it."),
            number=application.number,
        )


def _keep_word(session: Session, application: Application, word: UpstreamAnswer, action: str, note: str) -> Application:
    actor = actor_of(session)
    application.upstream_word, application.upstream_at = word.value, now()
    application.upstream_by, application.upstream_note = actor.person or None, note.strip() or None
    advance(session, application, ApplicationStatus.UNDER_REVIEW, action, word=word.value, note=note.strip())
    set_partner_status(session, application.partner_id, PartnerStatus.UNDER_REVIEW)
    return application


def _decide(session: Session, application: Application, status: ApplicationStatus, action: str, reason: str) -> None:
    application.decided_by, application.decided_at = actor_of(session).person, now()
    seen = {"seen_version": application.version, "upstream_word": application.upstream_word}
    advance(session, application, status, action, reason=reason, **seen)
    notify_inviter(session, application)


def _invite_owner(session: Session, application: Application) -> None:
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
    happening = EventDraft(email, application.path, data=data, version=1, created_values=values)
    record(session, "user.created", "users", [happening])
