"""Applicants of the demo, one for each course of an application. Applications and partner rows are made from it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from models.partners.applications import ApplicationStatus, UpstreamAnswer
from models.partners.partners import PartnerStatus

DEALERS_LEAST = 4
"""Number of dealers without an application before the first applicant."""


class Applicant(NamedTuple):
    """An applicant to become a dealer, with the progress of the application.

    Attributes:
        hours: Since they submitted it.
        word: The upstream's answer; None before it was notified and while it may still answer. word_hours: since it
            did.
        decided_hours: Since the brand decided; 0 while it has not.
        is_under_first: Whether their upstream is the first master agent, whose owner is one of the demo's people.
        reason: Why the brand returned or refused it.
        upstream_note: The upstream's note with its answer.
        is_known: Whether a partner with the same phone is there already.
        invite: Position in ``INVITE_SPECS`` of the invite they came by.
    """

    status: ApplicationStatus
    hours: int
    word: UpstreamAnswer | None = None
    word_hours: int = 0
    decided_hours: int = 0
    is_under_first: bool = False
    reason: str | None = None
    upstream_note: str | None = None
    is_known: bool = False
    invite: int | None = None

    @property
    def partner_status(self) -> PartnerStatus:
        """Return the status of the partner row that stands for the applicant."""
        return PARTNER_STATUSES[self.status]

    def since(self, now: datetime) -> datetime:
        """Return since when somebody has to act, or nobody any more."""
        return now - timedelta(hours=self.decided_hours or self.word_hours or self.hours)


PARTNER_STATUSES = {
    ApplicationStatus.SUBMITTED: PartnerStatus.APPLIED,
    ApplicationStatus.UNDER_REVIEW: PartnerStatus.UNDER_REVIEW,
    ApplicationStatus.RETURNED: PartnerStatus.APPLIED,
    ApplicationStatus.REFUSED: PartnerStatus.CLOSED,
    ApplicationStatus.APPROVED: PartnerStatus.ACTIVE,
}
APPLICANTS = (
    Applicant(ApplicationStatus.UNDER_REVIEW, 130, UpstreamAnswer.CONFIRMED, 76, is_under_first=True, is_known=True,
              upstream_note="在本地做粮油批发多年，渠道熟"),
    Applicant(ApplicationStatus.SUBMITTED, 20, is_under_first=True),
    Applicant(ApplicationStatus.RETURNED, 150, UpstreamAnswer.CONFIRMED, 140, 115, is_under_first=True,
              reason="营业执照的照片看不清，请重拍后再提交。"),
    Applicant(ApplicationStatus.REFUSED, 400, UpstreamAnswer.DECLINED, 370, 330, is_under_first=True,
              reason="该区已有三家经销商，今年不再增加。", upstream_note="与现有客户重叠"),
    Applicant(ApplicationStatus.APPROVED, 480, UpstreamAnswer.CONFIRMED, 450, 410, is_under_first=True, invite=2),
    Applicant(ApplicationStatus.UNDER_REVIEW, 7, UpstreamAnswer.CONFIRMED, 3, is_under_first=True, invite=1),
    Applicant(ApplicationStatus.SUBMITTED, 50),
    Applicant(ApplicationStatus.UNDER_REVIEW, 90, UpstreamAnswer.NO_ANSWER, 18),
    Applicant(ApplicationStatus.APPROVED, 960, UpstreamAnswer.ON_BEHALF, 930, 915,
              upstream_note="已与上级电话确认"),
)  # fmt: skip
"""Those for whom a partner row stands; a small load has the first of them."""


def applicants_among(dealers: int) -> tuple[Applicant, ...]:
    """Return the applicants there are among so many dealers: the last of them, as they came last."""
    return APPLICANTS[: max(0, dealers - DEALERS_LEAST)]
