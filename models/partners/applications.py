"""Applications to become a partner: the data entered, the pending step, the decision."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import PathKey, code_text
from core.database.paths import visible_within
from core.database.sessions import EVERYONE, NOBODY, Base
from core.database.versioned import Versioned
from core.i18n import DEFAULT_LANGUAGE, N_
from core.kinds.standard import CODE_LENGTH_MAX, NAME_LENGTH_MAX, NOTE_LENGTH_MAX
from core.permissions import Permission

HASH_LENGTH = 64


class ApplicationStatus(StrEnum):
    """Status of an application, which decides who has to act."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    RETURNED = "returned"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


STATUS_LABELS: dict[StrEnum, tuple[str, str]] = {
    ApplicationStatus.DRAFT: (N_("Being filled in"), "draft"),
    ApplicationStatus.SUBMITTED: (N_("Waits for the upstream"), "pending"),
    ApplicationStatus.UNDER_REVIEW: (N_("Waits for the brand"), "pending"),
    ApplicationStatus.RETURNED: (N_("Returned for change"), "returned"),
    ApplicationStatus.APPROVED: (N_("Approved"), "approved"),
    ApplicationStatus.REFUSED: (N_("Refused"), "rejected"),
    ApplicationStatus.WITHDRAWN: (N_("Withdrawn"), "done"),
}

_ENDS = frozenset({ApplicationStatus.RETURNED, ApplicationStatus.REFUSED, ApplicationStatus.WITHDRAWN})
_BEGINS = frozenset(
    {ApplicationStatus.SUBMITTED, ApplicationStatus.UNDER_REVIEW, ApplicationStatus.WITHDRAWN},
)
NEXT_STATUSES: dict[ApplicationStatus, frozenset[ApplicationStatus]] = {
    ApplicationStatus.DRAFT: _BEGINS,
    ApplicationStatus.SUBMITTED: _ENDS | {ApplicationStatus.UNDER_REVIEW},
    ApplicationStatus.UNDER_REVIEW: _ENDS | {ApplicationStatus.APPROVED, ApplicationStatus.SUBMITTED},
    ApplicationStatus.RETURNED: _BEGINS,
    ApplicationStatus.APPROVED: frozenset(),
    ApplicationStatus.REFUSED: frozenset(),
    ApplicationStatus.WITHDRAWN: frozenset(),
}

OPEN = (
    ApplicationStatus.SUBMITTED.value,
    ApplicationStatus.UNDER_REVIEW.value,
    ApplicationStatus.RETURNED.value,
)
"""Statuses in which somebody still has to act and a partner row stands for the applicant."""
WAITING = (ApplicationStatus.SUBMITTED.value, ApplicationStatus.UNDER_REVIEW.value)
"""Statuses in which the upstream or the brand has to act."""


class UpstreamAnswer(StrEnum):
    """The upstream's answer about the applicant."""

    CONFIRMED = "confirmed"
    ON_BEHALF = "on_behalf"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"


WORD_LABELS: dict[StrEnum, tuple[str, str]] = {
    UpstreamAnswer.CONFIRMED: (N_("Confirmed by the upstream"), "approved"),
    UpstreamAnswer.ON_BEHALF: (N_("Confirmed on behalf of the upstream"), "approved"),
    UpstreamAnswer.DECLINED: (N_("Declined by the upstream"), "rejected"),
    UpstreamAnswer.NO_ANSWER: (N_("The upstream did not answer"), "returned"),
}


class Application(Versioned, Base):
    """One application, from the first line of its draft to the decision.

    Attributes:
        token_hash: Of the secret in the applicant's own link; None for one that staff entered.
        partner_id: Row in ``partners`` that stands for the applicant since the first submission. path: its path key;
            "" before, so that no partner sees a draft.
        stated: Field name to text exactly as typed, for who resumes the draft. step: how far the form was filled in.
        name, tier, uscc, contact, phone, email, region, address, note: The same as checked values; None where what
            was typed cannot be read yet.
        licence_sha256: Of the cleaned picture of the business licence.
        upstream_id: Partner under whom the applicant is to stand; None directly under the brand, or for the brand to
            decide. invite_id: the invite it came by.
        upstream_word: See ``UpstreamAnswer``; None before the upstream was notified and while it may still answer.
            upstream_by,
            upstream_at, upstream_note: who said so, when, and why.
        entered_by: Person of the brand who entered it; "" for the applicant.
        waits_since: Since when somebody has to act. due_at: until when, for the upstream and the brand.
        reason: Why it was returned or refused.
    """

    __tablename__ = "applications"
    follows_branch = True
    __table_args__ = (
        Index("ix_applications_path", "path", "id"),
        Index("ix_applications_status", "status", "waits_since", "id"),
        Index("ix_applications_created_at", "created_at", "id"),
        Index("ix_applications_partner_id", "partner_id"),
        Index("ix_applications_upstream_id", "upstream_id"),
    )

    number: Mapped[str] = mapped_column(code_text(CODE_LENGTH_MAX), unique=True)
    token_hash: Mapped[str | None] = mapped_column(code_text(HASH_LENGTH), unique=True)
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    path: Mapped[PathKey] = mapped_column(default="")
    status: Mapped[str] = mapped_column(code_text(20))
    stated: Mapped[dict[str, Any]] = mapped_column(JSON)
    step: Mapped[int] = mapped_column(default=1)
    name: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    tier: Mapped[str | None] = mapped_column(code_text(20))
    uscc: Mapped[str | None] = mapped_column(code_text(18))
    contact: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    phone: Mapped[str | None] = mapped_column(String(16))
    email: Mapped[str | None] = mapped_column(code_text(NAME_LENGTH_MAX))
    region: Mapped[str | None] = mapped_column(code_text(6))
    address: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    note: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    licence_sha256: Mapped[str | None] = mapped_column(code_text(HASH_LENGTH))
    language: Mapped[str] = mapped_column(code_text(10), default=DEFAULT_LANGUAGE)
    upstream_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    invite_id: Mapped[int | None] = mapped_column(ForeignKey("invites.id"))
    upstream_word: Mapped[str | None] = mapped_column(code_text(20))
    upstream_by: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    upstream_at: Mapped[datetime | None]
    upstream_note: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    entered_by: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX), default="")
    consented_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    waits_since: Mapped[datetime]
    due_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Brand staff who may see applications see all, a partner's owner those for its branch once submitted."""
        if not actor.can(Permission.APPLICATION_VIEW):
            return NOBODY
        return EVERYONE if actor.is_brand else visible_within(cls.path, actor)
