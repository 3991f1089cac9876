"""Affiliation requests: a partner changes its upstream from a day on, if those concerned consent."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, String, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import PathKey, code_text
from core.database.paths import visible_within
from core.database.sessions import EVERYONE, NOBODY, Base
from core.database.versioned import Versioned
from core.i18n import N_
from core.kinds.standard import CODE_LENGTH_MAX, NAME_LENGTH_MAX, NOTE_LENGTH_MAX
from core.permissions import Permission
from models.partners.partners import Partner


class RequestStatus(StrEnum):
    """Status of a request."""

    ASKED = "asked"
    UNDER_REVIEW = "under_review"
    APPROVED = "approved"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


STATUS_LABELS: dict[StrEnum, tuple[str, str]] = {
    RequestStatus.ASKED: (N_("Waits for consent"), "pending"),
    RequestStatus.UNDER_REVIEW: (N_("Waits for the brand"), "pending"),
    RequestStatus.APPROVED: (N_("Waits for its day"), "progress"),
    RequestStatus.DONE: (N_("Moved"), "approved"),
    RequestStatus.REFUSED: (N_("Refused"), "rejected"),
    RequestStatus.WITHDRAWN: (N_("Withdrawn"), "done"),
}

NEXT_STATUSES: dict[RequestStatus, frozenset[RequestStatus]] = {
    RequestStatus.ASKED: frozenset({RequestStatus.UNDER_REVIEW, RequestStatus.REFUSED, RequestStatus.WITHDRAWN}),
    RequestStatus.UNDER_REVIEW: frozenset({RequestStatus.APPROVED, RequestStatus.REFUSED, RequestStatus.WITHDRAWN}),
    RequestStatus.APPROVED: frozenset(
        {RequestStatus.DONE, RequestStatus.UNDER_REVIEW, RequestStatus.REFUSED, RequestStatus.WITHDRAWN}
    ),
    RequestStatus.DONE: frozenset(),
    RequestStatus.REFUSED: frozenset(),
    RequestStatus.WITHDRAWN: frozenset(),
}

OPEN = (RequestStatus.ASKED.value, RequestStatus.UNDER_REVIEW.value, RequestStatus.APPROVED.value)
"""Statuses in which the partner may still come to move."""


class Consent(StrEnum):
    """Answer of a party whose consent is needed."""

    AGREED = "agreed"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"


ANSWER_LABELS: dict[StrEnum, tuple[str, str]] = {
    Consent.AGREED: (N_("Agreed"), "approved"),
    Consent.DECLINED: (N_("Declined"), "rejected"),
    Consent.NO_ANSWER: (N_("Did not answer"), "returned"),
}


class AffiliationRequest(Versioned, Base):
    """A request to change the upstream of a partner.

    Attributes:
        path: The partner's path key as it stands today.
        from_upstream_id, to_upstream_id: Partner it stands under and is to stand under; None the brand itself.
        valid_from: First day under the new upstream.
        owner_answer, upstream_answer: ``Consent`` of the partner's own owner and of the new upstream; None while they
            may still answer, or need not. objection: what the old upstream says against it; it is informed; its consent
            is not needed.
        due_at: Until when those who must agree may answer, then the brand; None when nobody has to act.
        problem: Why it could not be moved on its day.
    """

    __tablename__ = "affiliation_requests"
    follows_branch = True
    __table_args__ = (
        Index("ix_affiliation_requests_path", "path", "id"),
        Index("ix_affiliation_requests_status", "status", "waits_since", "id"),
        Index("ix_affiliation_requests_partner_id", "partner_id"),
        Index("ix_affiliation_requests_to_upstream_id", "to_upstream_id"),
    )

    number: Mapped[str] = mapped_column(code_text(CODE_LENGTH_MAX), unique=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    path: Mapped[PathKey]
    from_upstream_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    to_upstream_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    valid_from: Mapped[date]
    reason: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    status: Mapped[str] = mapped_column(code_text(20))
    asked_by: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    owner_answer: Mapped[str | None] = mapped_column(code_text(20))
    owner_by: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    owner_at: Mapped[datetime | None]
    upstream_answer: Mapped[str | None] = mapped_column(code_text(20))
    upstream_by: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    upstream_at: Mapped[datetime | None]
    objection: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    objected_by: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    objected_at: Mapped[datetime | None]
    waits_since: Mapped[datetime]
    due_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    moved_at: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Brand staff who may see applications see all; owners those that concern their branch, today or to be."""
        if not actor.can(Permission.APPLICATION_VIEW):
            return NOBODY
        if actor.is_brand:
            return EVERYONE
        branch = select(Partner.id).where(visible_within(Partner.path, actor))
        return or_(visible_within(cls.path, actor), cls.to_upstream_id.in_(branch))
