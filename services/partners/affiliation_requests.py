"""Affiliation requests 挂靠变更: request, consent of those concerned, decision of the brand, move on the day."""

from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.clock import now, today
from core.database.operations import run_operations
from core.database.sessions import actor_of
from core.errors import Conflict, DomainError, InvalidInput, NotFound, NotPermitted, Problem
from core.i18n import N_
from core.permissions import Permission
from models.partners.affiliation_requests import OPEN, AffiliationRequest, Consent, RequestStatus
from models.partners.partners import Partner, PartnerStatus
from services.approvals.cases import withdraw_case
from services.free_texts import parse_note, require_note
from services.number_series import next_numbers
from services.partners.affiliation_states import (
    UPSTREAM_ANSWERS,
    advance_request,
    lock_request,
    require_request_status,
    roles_of,
    tell_request,
)
from services.partners.approval import (
    AFFILIATION_APPROVALS,
    CONCERNED_READ,
    has_all_consents,
    move_partner,
    pass_to_brand,
    submit_for_approval,
    submit_to_brand,
)
from services.partners.tree import require_active_upstream, tier_problem
from services.states import count_change

_ANYONE = {"see_all": "the partner named as new upstream stands in another branch and has to consent"}


def ask_affiliation(
    session: Session, partner: str, upstream: str | None, valid_from: date, reason: str = ""
) -> AffiliationRequest:
    """Ask that a partner stand under another upstream from a day on; its owner asks, or staff for it.

    The partner's owner consents by asking; asked by staff or by an upper partner, the owner is asked. The new upstream
    is asked; the present one is told and may object. None as upstream: directly under the brand.

    Raises:
        NotPermitted: The actor may not ask.
        NotFound: ``partners.not_found``.
        InvalidInput: ``affiliations.upstream_not_found``, ``affiliations.same_upstream``, ``affiliations.day_passed``,
            ``affiliations.below_itself``, ``partners.tier_not_allowed``, or as ``parse_note``; ``fields`` says where.
        Conflict: ``affiliations.partner_not_active``, ``affiliations.open_already``,
            ``applications.upstream_not_active``.
    """
    actor = actor_of(session)
    actor.require(Permission.AFFILIATION_ASK)
    note = parse_note(reason, "reason")
    moving = session.scalar(select(Partner).where(Partner.code == partner).with_for_update())
    if moving is None:
        raise NotFound("partners.not_found", N_("There is no partner {key}."), key=partner)
    above = _new_upstream(session, moving, upstream)
    _require_possible(session, moving, above, valid_from)
    is_owner = actor.partner_id == moving.id
    request = AffiliationRequest(
        number=next_numbers("AF").run(session)[0],
        partner_id=moving.id,
        path=moving.path,
        from_upstream_id=moving.upstream_id,
        to_upstream_id=above.id if above else None,
        valid_from=valid_from,
        reason=note or None,
        status=RequestStatus.ASKED.value,
        asked_by=actor.person,
        owner_answer=Consent.AGREED.value if is_owner else None,
        owner_by=actor.person if is_owner else None,
        owner_at=now() if is_owner else None,
        waits_since=now(),
        due_at=now() + UPSTREAM_ANSWERS,
    )
    if above is not None and actor.partner_id == above.id:
        request.upstream_answer, request.upstream_by, request.upstream_at = Consent.AGREED.value, actor.person, now()
    session.add(request)
    session.flush()
    day, under = valid_from.isoformat(), above.code if above else ""
    tell_request(session, request, "asked", note=note, partner=moving.code, upstream=under, valid_from=day)
    if has_all_consents(request):
        advance_request(session, request, RequestStatus.UNDER_REVIEW, "consented")
    submit_for_approval(session, request)
    return request


def object_to_affiliation(session: Session, number: str, reason: str) -> AffiliationRequest:
    """Say as an owner of the present upstream what speaks against it; the brand reads it before it decides.

    Raises:
        NotPermitted: ``affiliations.not_asked``.
        NotFound, Conflict, InvalidInput: As ``services.partners.approval.decline_affiliation``.
    """
    actor = actor_of(session)
    actor.require(Permission.APPLICATION_CONFIRM)
    request = lock_request(session, number)
    if "present" not in roles_of(actor, request):
        raise NotPermitted("affiliations.not_asked", N_("You are not asked to agree to this change of upstream."))
    require_request_status(request, RequestStatus.ASKED, RequestStatus.UNDER_REVIEW)
    request.objection = require_note(reason, CONCERNED_READ)
    request.objected_by, request.objected_at = actor.person, now()
    count_change(request)
    tell_request(session, request, "objected", reason=request.objection)
    return request


def withdraw_affiliation(session: Session, number: str, *, version: int | None = None) -> AffiliationRequest:
    """Withdraw a request before it is executed, as its requester or as the partner's owner.

    Raises:
        NotPermitted: ``affiliations.not_yours``.
        NotFound, Conflict: As ``services.partners.approval.decline_affiliation``.
    """
    actor = actor_of(session)
    actor.require(Permission.AFFILIATION_ASK)
    request = lock_request(session, number)
    if actor.person != request.asked_by and "owner" not in roles_of(actor, request):
        raise NotPermitted("affiliations.not_yours", N_("Only its requester can withdraw it."))
    require_request_status(request, *(RequestStatus(one) for one in OPEN), version=version)
    advance_request(session, request, RequestStatus.WITHDRAWN, "withdrawn")
    run_operations(session, *withdraw_case(AFFILIATION_APPROVALS.name, number))
    return request


def requests_to_carry_on(session: Session) -> list[str]:
    """Return the numbers of the requests that time moves on: their day has come, or nobody answered in time."""
    actor_of(session).require(Permission.APPLICATION_DECIDE)
    due = (AffiliationRequest.status == RequestStatus.APPROVED.value) & (AffiliationRequest.valid_from <= today())
    late = (AffiliationRequest.status == RequestStatus.ASKED.value) & (AffiliationRequest.due_at <= now())
    query = select(AffiliationRequest.number).where(or_(due, late)).order_by(AffiliationRequest.id)
    return list(session.scalars(query))


def carry_on(session: Session, number: str) -> bool:
    """Do what time asks of a request: move the partner on its day, or pass it on to the brand without an answer.

    A move that is not possible any more goes back to the brand with the reason. Return whether anything was done.

    Raises:
        NotFound: ``affiliations.not_found``.
    """
    actor_of(session).require(Permission.APPLICATION_DECIDE)
    request = lock_request(session, number)
    if request.status == RequestStatus.APPROVED and request.valid_from <= today():
        try:
            with session.begin_nested():
                require_active_upstream(session, request.to_upstream_id)
                move_partner(session, request)
        except DomainError as refused:
            session.refresh(request)
            request.problem = refused.text
            advance_request(session, request, RequestStatus.UNDER_REVIEW, "failed", reason=refused.text)
            submit_to_brand(session, request)
        return True
    if request.status == RequestStatus.ASKED and request.due_at is not None and request.due_at <= now():
        request.owner_answer = request.owner_answer or Consent.NO_ANSWER.value
        if request.to_upstream_id is not None:
            request.upstream_answer = request.upstream_answer or Consent.NO_ANSWER.value
        advance_request(session, request, RequestStatus.UNDER_REVIEW, "unanswered")
        pass_to_brand(session, request)
        return True
    return False


def _new_upstream(session: Session, moving: Partner, code: str | None) -> Partner | None:
    if not code:
        return None
    found = session.scalar(select(Partner).where(Partner.code == code).execution_options(**_ANYONE))
    if found is None:
        raise _wrong("upstream", "affiliations.upstream_not_found", N_("There is no partner with this code."))
    if found.path.startswith(moving.path):
        raise _wrong("upstream", "affiliations.below_itself", N_("A partner cannot stand under itself."))
    return found


def _require_possible(session: Session, moving: Partner, above: Partner | None, valid_from: date) -> None:
    if moving.status != PartnerStatus.ACTIVE:
        raise Conflict("affiliations.partner_not_active", N_("{name} is not active, so it stays."), name=moving.name)
    if (above.id if above else None) == moving.upstream_id:
        raise _wrong("upstream", "affiliations.same_upstream", N_("It stands there already."))
    if above is not None and (found := tier_problem(moving.tier, above.tier)):
        raise InvalidInput(found.code, found.message, fields={"upstream": found}, **found.values)
    if above is not None and above.status != PartnerStatus.ACTIVE:
        raise _wrong("upstream", "affiliations.upstream_not_found", N_("There is no partner with this code."))
    if valid_from < today():
        raise _wrong("valid_from", "affiliations.day_passed", N_("The day has passed: choose today or a later one."))
    open_one = select(AffiliationRequest.number).where(
        AffiliationRequest.partner_id == moving.id, AffiliationRequest.status.in_(OPEN)
    )
    if (number := session.scalar(open_one)) is not None:
        raise Conflict(
            "affiliations.open_already",
            N_("A change of upstream is on its way already: {number}. Take it back first."),
            number=number,
        )


def _wrong(field: str, code: str, sentence: str) -> InvalidInput:
    return InvalidInput(code, sentence, fields={field: Problem(code, sentence)})
