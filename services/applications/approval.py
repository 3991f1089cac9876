"""Applications as a subject of approvals: the upstream consents, then the brand decides."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now, today
from core.database.operations import Operation, run_operations
from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import InvalidInput, NotPermitted, Problem
from core.i18n import N_
from core.permissions import Permission
from models.approvals import CaseStatus, Decision, StepState
from models.partners.applications import WAITING, Application, ApplicationStatus, UpstreamAnswer
from models.partners.partners import Partner, PartnerStatus
from services.applications.owners import invite_owner
from services.applications.states import (
    advance_application,
    changed_meanwhile,
    lock_application,
    set_partner_status,
    tell,
    wrong_status,
)
from services.approvals.cases import decide, lock_to_decide, replace_waiting_steps
from services.approvals.subjects import (
    Approver,
    Document,
    DocumentColumns,
    Effects,
    LockedDocument,
    Refusals,
    Subject,
    Submission,
    Verb,
    WaitingStep,
    register_subject,
)
from services.free_texts import Note, parse_note
from services.notifications.invites import notify_inviter
from services.partners.saving import save_partners
from services.partners.tree import require_active_upstream
from services.saving.plans import SaveOptions

BRAND = Approver(Permission.APPLICATION_DECIDE)
FACTS = (
    "name", "tier", "uscc", "contact", "phone", "email", "region", "address", "note", "licence_sha256", "upstream_id",
    "upstream_word",
)  # fmt: skip
"""Columns of an application that a decision is about."""
_CODE = "applications.reason_required"
_APPLICANT_READS = Problem(_CODE, N_("Say why: the applicant reads it."))
_BRAND_READS = Problem(_CODE, N_("Say why: the brand reads it."))
_ON_BEHALF = Problem(_CODE, N_("Say on what ground you confirm for the upstream: it is kept on record."))


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
    verb = _for_upstream(session, "confirm")
    return decide(session, APPLICATION_APPROVALS, number, verb, note, version=version).row


def decline_application(session: Session, number: str, reason: str, *, version: int | None = None) -> Application:
    """Decline for the upstream; the brand decides what to do. Raises as ``confirm_application``."""
    return decide(
        session, APPLICATION_APPROVALS, number, _for_upstream(session, "decline"), reason, version=version
    ).row


def approve_application(session: Session, number: str, note: str = "", *, version: int | None = None) -> Application:
    """Make the applicant an active partner from today on, and invite its owner to choose a password.

    Raises:
        NotPermitted: The actor may not decide applications; ``applications.own_application``.
        NotFound: ``applications.not_found``.
        Conflict: ``applications.already_decided``, ``applications.wrong_status``, ``applications.changed_meanwhile``,
            ``applications.upstream_not_active``, ``applications.email_taken``.
    """
    return decide(session, APPLICATION_APPROVALS, number, "approve", note, version=version).row


def return_application(session: Session, number: str, reason: str, *, version: int | None = None) -> Application:
    """Give an application back to the applicant to change and submit again. Raises as ``reject_application``."""
    return decide(session, APPLICATION_APPROVALS, number, "return", reason, version=version).row


def reject_application(session: Session, number: str, reason: str, *, version: int | None = None) -> Application:
    """Reject an application for good; its partner row is closed.

    Raises:
        NotPermitted: The actor may not decide applications; ``applications.own_application``.
        NotFound: ``applications.not_found``.
        Conflict: ``applications.already_decided``, ``applications.wrong_status``, ``applications.changed_meanwhile``.
        InvalidInput: ``applications.reason_required``.
    """
    return decide(session, APPLICATION_APPROVALS, number, "reject", reason, version=version).row


def assign_upstream(
    session: Session, number: str, upstream: str | None, note: str = "", *, version: int | None = None
) -> Application:
    """Put an applicant under another upstream; the new one has to consent first. None: directly under the brand.

    Raises:
        NotPermitted, NotFound, Conflict: As ``approve_application``.
        InvalidInput: ``partners.not_found``, ``partners.tier_not_allowed``, or as ``parse_note``.
    """
    application = lock_to_decide(session, APPLICATION_APPROVALS, number, "approve", version=version)[0].row
    checked = parse_note(note)
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
        tell(session, application, "assigned", upstream="", note=checked)
        application.version += 1
        return application
    advance_application(
        session, application, ApplicationStatus.SUBMITTED, "assigned", upstream=above.code, note=checked
    )
    set_partner_status(session, application.partner_id, PartnerStatus.APPLIED)
    _replace_step(session, application, StepState.CANCELLED, Approver(Permission.APPLICATION_CONFIRM, above.id))
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
    _keep_answer(session, application, UpstreamAnswer.NO_ANSWER, "unanswered", Note(""))
    _replace_step(session, application, StepState.EXPIRED, BRAND)
    return True


def initiators_of(application: Application) -> tuple[str | None, ...]:
    """Return who may not decide an application: the applicant, and who entered it."""
    return application.email, application.entered_by


def is_own_application(actor: Actor, application: Application) -> bool:
    """Return whether the person behind the actor applied, or entered the application."""
    return actor.is_one_of(*initiators_of(application))


def may_speak_for_upstream(actor: Actor, application: Application) -> bool:
    """Return whether the actor is an owner of the partner whose consent is pending."""
    return actor.can(Permission.APPLICATION_CONFIRM) and actor.partner_id == application.upstream_id is not None


def application_document(application: Application) -> Document:
    """Return what a decision about an application is about."""
    facts = {name: getattr(application, name) for name in FACTS}
    return Document(
        key=application.number,
        path=application.path,
        version=application.version,
        facts={"application_version": application.version, **facts},
        initiators=initiators_of(application),
    )


def _for_upstream(session: Session, verb: str) -> str:
    """Return the verb for the session's actor: the brand speaks on behalf of an upstream."""
    actor = actor_of(session)
    return f"{verb} on behalf" if actor.is_brand and actor.can(Permission.APPLICATION_DECIDE) else verb


def _lock(session: Session, number: str, waiting: Operation[list[WaitingStep]]) -> LockedDocument[Application]:
    application = lock_application(session, number)
    return LockedDocument(application, application_document(application), waiting.run(session))


def _require_upstream(actor: Actor, application: Application) -> None:
    if not may_speak_for_upstream(actor, application):
        raise NotPermitted(
            "applications.not_your_downstream",
            N_("Only the owner of the partner it names as upstream can answer for it."),
        )


def _confirm(session: Session, application: Application, document: Document, note: Note) -> Effects:
    return _keep_answer(session, application, UpstreamAnswer.CONFIRMED, "confirmed", note)


def _confirm_on_behalf(session: Session, application: Application, document: Document, note: Note) -> Effects:
    return _keep_answer(session, application, UpstreamAnswer.ON_BEHALF, "confirmed", note)


def _decline(session: Session, application: Application, document: Document, note: Note) -> Effects:
    return _keep_answer(session, application, UpstreamAnswer.DECLINED, "declined", note)


def _keep_answer(
    session: Session, application: Application, answer: UpstreamAnswer, action: str, note: Note
) -> Effects:
    actor = actor_of(session)
    application.upstream_word, application.upstream_at = answer.value, now()
    application.upstream_by, application.upstream_note = actor.person or None, note or None
    advance_application(session, application, ApplicationStatus.UNDER_REVIEW, action, word=answer.value, note=note)
    set_partner_status(session, application.partner_id, PartnerStatus.UNDER_REVIEW)
    return Effects(next_approvers=(BRAND,), due_at=application.due_at)


def _approve(session: Session, application: Application, document: Document, note: Note) -> Effects:
    require_active_upstream(session, application.upstream_id)
    partner = session.get_one(Partner, application.partner_id)
    columns: dict[str, list[Any]] = {"code": [partner.code], "valid_from": [today()]}
    columns["status"] = [PartnerStatus.ACTIVE.value]
    save_partners(session, Drafts([1], columns), SaveOptions()).or_refuse()
    invite_owner(session, application)
    return _decide(session, application, ApplicationStatus.APPROVED, "approved", note)


def _return(session: Session, application: Application, document: Document, reason: Note) -> Effects:
    application.reason = reason
    advance_application(session, application, ApplicationStatus.RETURNED, "returned", reason=reason)
    set_partner_status(session, application.partner_id, PartnerStatus.APPLIED)
    notify_inviter(session, application)
    return Effects()


def _reject(session: Session, application: Application, document: Document, reason: Note) -> Effects:
    application.reason = reason
    effects = _decide(session, application, ApplicationStatus.REFUSED, "refused", reason)
    set_partner_status(session, application.partner_id, PartnerStatus.CLOSED)
    return effects


def _decide(
    session: Session, application: Application, status: ApplicationStatus, action: str, reason: Note
) -> Effects:
    application.decided_by, application.decided_at = actor_of(session).person, now()
    seen = {"seen_version": application.version, "upstream_word": application.upstream_word}
    advance_application(session, application, status, action, reason=reason, **seen)
    notify_inviter(session, application)
    return Effects()


def _replace_step(session: Session, application: Application, state: StepState, approver: Approver) -> None:
    due_at = application.due_at
    run_operations(
        session, *replace_waiting_steps(APPLICATION_APPROVALS.name, application.number, state, approver, due_at=due_at)
    )


def _titles(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    query = select(Application.number, Application.name).where(Application.number.in_(numbers))
    return {number: name or number for number, name in session.execute(query)}


def _submissions(session: Session, numbers: Sequence[str]) -> list[Submission]:
    waiting = select(Application).where(Application.number.in_(numbers), Application.status.in_(WAITING))
    found = []
    for one in session.scalars(waiting):
        is_asked = one.status == ApplicationStatus.SUBMITTED
        approver = Approver(Permission.APPLICATION_CONFIRM, one.upstream_id) if is_asked else BRAND
        found.append(Submission(application_document(one), (approver,), one.waits_since, one.due_at))
    return found


def _verbs() -> dict[str, Verb[Application]]:
    submitted = frozenset({ApplicationStatus.SUBMITTED.value})
    reviewed = frozenset({ApplicationStatus.UNDER_REVIEW.value})
    upstream: dict[str, Any] = {
        "permission": Permission.APPLICATION_CONFIRM, "statuses": submitted, "authorize": _require_upstream,
    }  # fmt: skip
    brand: dict[str, Any] = {"permission": Permission.APPLICATION_DECIDE, "overrides": True}
    turn_down = brand | {"statuses": submitted | reviewed, "reason": _APPLICANT_READS}
    on_behalf = brand | {"statuses": submitted}
    return {
        "confirm": Verb(decision=Decision.APPROVED, effects=_confirm, **upstream),
        "decline": Verb(decision=Decision.DECLINED, effects=_decline, reason=_BRAND_READS, **upstream),
        "confirm on behalf": Verb(
            decision=Decision.APPROVED, effects=_confirm_on_behalf, reason=_ON_BEHALF, **on_behalf
        ),
        "decline on behalf": Verb(decision=Decision.DECLINED, effects=_decline, reason=_BRAND_READS, **on_behalf),
        "approve": Verb(decision=Decision.APPROVED, effects=_approve, statuses=reviewed, **brand),
        "return": Verb(decision=Decision.RETURNED, effects=_return, **turn_down),
        "reject": Verb(decision=Decision.REJECTED, effects=_reject, **turn_down),
    }


APPLICATION_APPROVALS = register_subject(
    Subject(
        name="applications",
        view_permission=Permission.APPLICATION_VIEW,
        lock=_lock,
        verbs=_verbs(),
        refusals=Refusals(
            wrong_status=wrong_status,
            changed_meanwhile=changed_meanwhile,
            undecidable=lambda session, application: wrong_status(application),
            own=Problem(
                "applications.own_application",
                N_("You made or entered application {number} yourself: someone else has to decide it."),
            ),
            person_unknown=Problem(
                "applications.person_unknown",
                N_("Nobody can tell which person this is, so it cannot decide about applications."),
            ),
        ),
        titles=_titles,
        waiting_keys=select(Application.number).where(Application.status.in_(WAITING)),
        submissions=_submissions,
        columns=DocumentColumns(
            key=Application.number,
            path=Application.path,
            status=Application.status,
            initiators=(Application.email, Application.entered_by),
        ),
        statuses_after={
            CaseStatus.APPROVED: frozenset({ApplicationStatus.APPROVED.value}),
            CaseStatus.REJECTED: frozenset({ApplicationStatus.REFUSED.value}),
            CaseStatus.RETURNED: frozenset({ApplicationStatus.RETURNED.value, ApplicationStatus.WITHDRAWN.value}),
            CaseStatus.WITHDRAWN: frozenset({ApplicationStatus.WITHDRAWN.value}),
        },
    )
)
"""Applications: the owner of the upstream consents, if one is named; then the brand decides."""
