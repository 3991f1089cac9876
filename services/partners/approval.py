"""Changes of upstream as a subject of approvals: owner and new upstream consent first, then the brand decides."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now, today
from core.database.operations import Operation, run_operations
from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import Conflict, DomainError, NotPermitted, Problem
from core.i18n import N_
from core.permissions import Permission
from models.approvals import CaseStatus, Decision, StepState
from models.partners.affiliation_requests import AffiliationRequest, Consent, RequestStatus
from models.partners.partners import Partner
from services.approvals.cases import decide, open_case, replace_waiting_steps
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
from services.free_texts import Note
from services.partners.affiliation_states import (
    advance_request,
    changed_meanwhile,
    lock_request,
    roles_of,
    tell_request,
    wrong_status,
)
from services.partners.queries import moving_partner_names
from services.partners.saving import save_partners
from services.partners.tree import require_active_upstream
from services.saving.plans import SaveOptions
from services.states import count_change

WAITING = (RequestStatus.ASKED.value, RequestStatus.UNDER_REVIEW.value)
BRAND = Approver(Permission.APPLICATION_DECIDE)
CONCERNED_READ = Problem("applications.reason_required", N_("Say why: those concerned read it."))
FACTS = (
    "partner_id", "from_upstream_id", "to_upstream_id", "reason", "owner_answer", "upstream_answer", "objection",
)  # fmt: skip
"""Columns of a request that a decision is about, beside its day."""
_OWN = Problem("affiliations.own_request", N_("You requested change {number} yourself: someone else has to decide it."))


def agree_to_affiliation(
    session: Session, number: str, note: str = "", *, version: int | None = None
) -> AffiliationRequest:
    """Agree to a change of upstream, as the partner's own owner or as an owner of the new upstream.

    Raises:
        NotPermitted: ``affiliations.not_asked``: the actor is neither.
        NotFound: ``affiliations.not_found``.
        Conflict: ``affiliations.wrong_status``, ``affiliations.changed_meanwhile``, ``affiliations.answered``.
    """
    return decide(session, AFFILIATION_APPROVALS, number, "agree", note, version=version).row


def decline_affiliation(
    session: Session, number: str, reason: str, *, version: int | None = None
) -> AffiliationRequest:
    """Decline a change of upstream, which ends it.

    Raises:
        NotPermitted, NotFound, Conflict: As ``agree_to_affiliation``.
        InvalidInput: ``applications.reason_required``.
    """
    return decide(session, AFFILIATION_APPROVALS, number, "decline", reason, version=version).row


def approve_affiliation(
    session: Session, number: str, note: str = "", *, version: int | None = None
) -> AffiliationRequest:
    """Approve a change of upstream: done at once if its day has come, else on its day.

    Raises:
        NotPermitted: The actor may not decide; ``affiliations.own_request``.
        NotFound: ``affiliations.not_found``.
        Conflict: ``affiliations.wrong_status``, ``affiliations.changed_meanwhile``,
            ``applications.upstream_not_active``.
        RowsRefused: What ``save_partners`` finds wrong.
    """
    return decide(session, AFFILIATION_APPROVALS, number, "approve", note, version=version).row


def reject_affiliation(session: Session, number: str, reason: str, *, version: int | None = None) -> AffiliationRequest:
    """Reject a change of upstream with a reason, also one that waits for its day. Raises as ``approve_affiliation``."""
    actor_of(session).require(Permission.APPLICATION_DECIDE)
    request = lock_request(session, number)
    if request.status == RequestStatus.APPROVED:
        submit_to_brand(session, request)  # it was decided once; this is a second case
    return decide(session, AFFILIATION_APPROVALS, number, "reject", reason, version=version).row


def submit_for_approval(session: Session, request: AffiliationRequest) -> None:
    """Open the case of a new request, with steps for the missing consents, else for the brand."""
    _open(session, request, *_approvers(request))


def submit_to_brand(session: Session, request: AffiliationRequest) -> None:
    """Open another case of a request, in which the brand decides."""
    _open(session, request, BRAND)


def pass_to_brand(session: Session, request: AffiliationRequest) -> None:
    """Let the brand decide a request whose answers did not come in time."""
    due_at = request.due_at
    run_operations(
        session,
        *replace_waiting_steps(AFFILIATION_APPROVALS.name, request.number, StepState.EXPIRED, BRAND, due_at=due_at),
    )


def move_partner(session: Session, request: AffiliationRequest) -> None:
    """Put the partner with its branch under its new upstream, from its day on or from today if that has passed."""
    partner = session.get_one(Partner, request.partner_id)
    above = session.get(Partner, request.to_upstream_id) if request.to_upstream_id else None
    columns: dict[str, list[Any]] = {
        "code": [partner.code],
        "upstream": [above.code if above else None],
        "valid_from": [max(request.valid_from, today())],
    }
    save_partners(session, Drafts([1], columns), SaveOptions()).or_refuse()
    session.refresh(partner)
    session.refresh(request, ["path"])
    request.moved_at = now()
    advance_request(session, request, RequestStatus.DONE, "moved")


def has_all_consents(request: AffiliationRequest) -> bool:
    """Return whether all consents are given."""
    upstream_agreed = request.to_upstream_id is None or request.upstream_answer == Consent.AGREED
    return request.owner_answer == Consent.AGREED and upstream_agreed


def is_own_request(actor: Actor, request: AffiliationRequest) -> bool:
    """Return whether the person behind the actor requested the change."""
    return actor.is_one_of(request.asked_by)


def request_document(request: AffiliationRequest) -> Document:
    """Return what a decision about a request is about."""
    facts = {name: getattr(request, name) for name in FACTS}
    more = {"request_version": request.version, "valid_from": request.valid_from.isoformat()}
    return Document(
        key=request.number,
        path=request.path,
        version=request.version,
        facts=more | facts,
        initiators=(request.asked_by,),
    )


def _approvers(request: AffiliationRequest) -> list[Approver]:
    if request.status != RequestStatus.ASKED:
        return [BRAND]
    return [
        Approver(Permission.APPLICATION_CONFIRM, partner_id)
        for partner_id, answer in (
            (request.partner_id, request.owner_answer),
            (request.to_upstream_id, request.upstream_answer),
        )
        if partner_id is not None and answer is None
    ]


def _open(session: Session, request: AffiliationRequest, *approvers: Approver) -> None:
    document = request_document(request)
    run_operations(session, *open_case(AFFILIATION_APPROVALS, document, *approvers, due_at=request.due_at))


def _lock(session: Session, number: str, waiting: Operation[list[WaitingStep]]) -> LockedDocument[AffiliationRequest]:
    request = lock_request(session, number)
    return LockedDocument(request, request_document(request), waiting.run(session))


def _require_asked(actor: Actor, request: AffiliationRequest) -> None:
    if not roles_of(actor, request) & {"owner", "upstream"}:
        raise NotPermitted("affiliations.not_asked", N_("You are not asked to agree to this change of upstream."))


def _undecidable(session: Session, request: AffiliationRequest) -> DomainError:
    if request.status == RequestStatus.ASKED:
        return Conflict("affiliations.answered", N_("You have answered already."))
    return wrong_status(request)


def _keep_answer(session: Session, request: AffiliationRequest, answer: Consent) -> None:
    actor = actor_of(session)
    role = "owner" if actor.partner_id == request.partner_id else "upstream"
    setattr(request, f"{role}_answer", answer.value)
    setattr(request, f"{role}_by", actor.person)
    setattr(request, f"{role}_at", now())


def _agree(session: Session, request: AffiliationRequest, document: Document, note: Note) -> Effects:
    _keep_answer(session, request, Consent.AGREED)
    count_change(request)
    tell_request(session, request, "agreed", note=note)
    if not has_all_consents(request):
        return Effects()
    advance_request(session, request, RequestStatus.UNDER_REVIEW, "consented")
    return Effects(next_approvers=(BRAND,), due_at=request.due_at)


def _decline(session: Session, request: AffiliationRequest, document: Document, reason: Note) -> Effects:
    _keep_answer(session, request, Consent.DECLINED)
    request.decision_note = reason
    advance_request(session, request, RequestStatus.REFUSED, "declined", reason=reason)
    return Effects()


def _approve(session: Session, request: AffiliationRequest, document: Document, note: Note) -> Effects:
    require_active_upstream(session, request.to_upstream_id)
    request.decided_by, request.decided_at = actor_of(session).person, now()
    request.decision_note, request.problem = note or None, None
    advance_request(session, request, RequestStatus.APPROVED, "approved", note=note)
    if request.valid_from <= today():
        move_partner(session, request)
    return Effects()


def _reject(session: Session, request: AffiliationRequest, document: Document, reason: Note) -> Effects:
    request.decision_note = reason
    request.decided_by, request.decided_at = actor_of(session).person, now()
    advance_request(session, request, RequestStatus.REFUSED, "refused", reason=reason)
    return Effects()


def _titles(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    return moving_partner_names(session, numbers)


def _submissions(session: Session, numbers: Sequence[str]) -> list[Submission]:
    waiting = select(AffiliationRequest).where(
        AffiliationRequest.number.in_(numbers), AffiliationRequest.status.in_(WAITING)
    )
    return [
        Submission(request_document(one), _approvers(one), one.waits_since, one.due_at)
        for one in session.scalars(waiting)
    ]


def _verbs() -> dict[str, Verb[AffiliationRequest]]:
    consent: dict[str, Any] = {
        "permission": Permission.APPLICATION_CONFIRM,
        "statuses": frozenset({RequestStatus.ASKED.value}),
        "authorize": _require_asked,
    }
    brand: dict[str, Any] = {"permission": Permission.APPLICATION_DECIDE}
    reviewed = frozenset({RequestStatus.UNDER_REVIEW.value})
    decided = reviewed | {RequestStatus.APPROVED.value}
    return {
        "agree": Verb(decision=Decision.APPROVED, effects=_agree, **consent),
        "decline": Verb(decision=Decision.DECLINED, effects=_decline, reason=CONCERNED_READ, **consent),
        "approve": Verb(decision=Decision.APPROVED, effects=_approve, statuses=reviewed, **brand),
        "reject": Verb(decision=Decision.REJECTED, effects=_reject, statuses=decided, reason=CONCERNED_READ, **brand),
    }


AFFILIATION_APPROVALS = register_subject(
    Subject(
        name="affiliation_requests",
        view_permission=Permission.APPLICATION_VIEW,
        lock=_lock,
        verbs=_verbs(),
        refusals=Refusals(
            wrong_status=wrong_status,
            changed_meanwhile=changed_meanwhile,
            undecidable=_undecidable,
            own=_OWN,
            person_unknown=_OWN,
        ),
        titles=_titles,
        waiting_keys=select(AffiliationRequest.number).where(AffiliationRequest.status.in_(WAITING)),
        submissions=_submissions,
        columns=DocumentColumns(
            key=AffiliationRequest.number,
            path=AffiliationRequest.path,
            status=AffiliationRequest.status,
            initiators=(AffiliationRequest.asked_by,),
        ),
        statuses_after={
            CaseStatus.APPROVED: frozenset(
                {RequestStatus.APPROVED.value, RequestStatus.DONE.value, RequestStatus.WITHDRAWN.value}
            ),
            CaseStatus.REJECTED: frozenset({RequestStatus.REFUSED.value}),
            CaseStatus.WITHDRAWN: frozenset({RequestStatus.WITHDRAWN.value}),
        },
    )
)
"""Changes of upstream: owner and new upstream consent, unless they requested it; then the brand decides."""
