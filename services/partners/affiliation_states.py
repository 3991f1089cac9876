"""From one state of a change of upstream to the next: locked, once, and who the actor is in it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.errors import Conflict, NotFound
from core.events.log import EventDraft, record
from core.i18n import N_, translate
from core.permissions import Permission
from models.partners.affiliation_requests import NEXT_STATUSES, STATUS_LABELS, AffiliationRequest, RequestStatus
from services.states import advance_row, lock_one, moment, require_state

UPSTREAM_ANSWERS = timedelta(days=3)
"""Time an upstream has to answer, about an application or a change of upstream; then the brand goes on without it."""
BRAND_ANSWERS = timedelta(days=2)
"""Time the brand has to decide; what waits longer is late, and stands first."""

DEADLINES = {RequestStatus.ASKED: UPSTREAM_ANSWERS, RequestStatus.UNDER_REVIEW: BRAND_ANSWERS}


def lock_request(session: Session, number: str) -> AffiliationRequest:
    """Return a request as it is now, locked until the transaction ends. Raises ``affiliations.not_found``."""
    found = lock_one(session, select(AffiliationRequest).where(AffiliationRequest.number == number))
    if found is None:
        raise NotFound("affiliations.not_found", N_("There is no change of upstream {number}."), number=number)
    return found


def require_request_status(request: AffiliationRequest, *statuses: RequestStatus, version: int | None = None) -> None:
    """Go on only with a request in one of ``statuses`` and, if a person saw a certain version, still that one.

    Raises:
        Conflict: ``affiliations.already_decided``, ``affiliations.wrong_status``, ``affiliations.changed_meanwhile``.
    """
    require_state(request, statuses, version, wrong_status=wrong_status, changed_meanwhile=changed_meanwhile)


def advance_request(
    session: Session, request: AffiliationRequest, status: RequestStatus, action: str, **data: object
) -> None:
    """Move a request on, start the clock of who has to act next, record it. Raises as ``require_request_status``."""
    if status not in NEXT_STATUSES[RequestStatus(request.status)]:
        raise wrong_status(request)
    changes = advance_row(session, request, status, DEADLINES.get(status))
    tell_request(session, request, action, changes, **data)


def tell_request(
    session: Session, request: AffiliationRequest, action: str, changes: dict[str, Any] | None = None, **data: object
) -> None:
    """Record what happened to a request as ``affiliation.<action>``; facts that are nothing are left out."""
    facts = {name: value for name, value in data.items() if value}
    happening = EventDraft(request.number, request.path, changes or {}, facts, request.version)
    record(session, f"affiliation.{action}", "affiliation_requests", [happening])


def roles_of(actor: Actor, request: AffiliationRequest) -> set[str]:
    """Return what an actor is in a request: "owner" of the partner, "upstream" to be, "present" upstream."""
    places = {
        "owner": request.partner_id,
        "upstream": request.to_upstream_id,
        "present": request.from_upstream_id,
    }
    if not actor.can(Permission.APPLICATION_CONFIRM) or actor.partner_id is None:
        return set()
    return {role for role, partner_id in places.items() if partner_id == actor.partner_id}


def changed_meanwhile(request: AffiliationRequest) -> Conflict:
    """Return the error for a request that is not what the person saw."""
    return Conflict(
        "affiliations.changed_meanwhile",
        N_("Change {number} was changed while you had it open. Look at it as it is now, then decide again."),
        number=request.number,
    )


def wrong_status(request: AffiliationRequest) -> Conflict:
    """Return the error for a step that the request's status does not allow."""
    status = RequestStatus(request.status)
    if request.decided_at is not None and status not in (RequestStatus.ASKED, RequestStatus.UNDER_REVIEW):
        return Conflict(
            "affiliations.already_decided",
            N_("Change {number} was decided by {who} at {when}: {status}."),
            number=request.number,
            who=request.decided_by,
            when=moment(request.decided_at),
            status=translate(STATUS_LABELS[status][0]),
        )
    return Conflict(
        "affiliations.wrong_status",
        N_("Change {number} is in status “{status}”, in which this cannot be done. Reload to see it as it is."),
        number=request.number,
        status=translate(STATUS_LABELS[status][0]),
    )
