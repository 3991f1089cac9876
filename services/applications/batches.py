"""Many at once: partners that a worksheet or a form states as having applied go through the same review."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import now
from core.database.bulk import insert_rows
from core.database.chunks import in_chunks
from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import CellProblem, Problem
from core.events.log import EventDraft, record
from core.i18n import DEFAULT_LANGUAGE, N_
from models.partners.applications import OPEN, Application, ApplicationStatus
from models.partners.partners import Partner, PartnerStatus
from services.applications.approval import APPLICATION_APPROVALS
from services.approvals.cases import open_cases
from services.number_series import next_numbers
from services.partners.affiliation_states import BRAND_ANSWERS
from services.partners.saving import save_partners
from services.saving.plans import Saved, SaveOptions

WAITS = frozenset({PartnerStatus.APPLIED.value, PartnerStatus.UNDER_REVIEW.value})
COPIED = ("name", "tier", "uscc", "contact", "phone", "region", "address", "upstream_id")
COLUMNS = (
    "number", "partner_id", "path", "status", "stated", "step", *COPIED, "language", "entered_by", "submitted_at",
    "waits_since", "due_at", "version", "created_at", "updated_at",
)  # fmt: skip


def save_partners_for_review(session: Session, drafts: Drafts, options: SaveOptions) -> Saved:
    """Save partners as ``save_partners`` does; those that are stated as applied or under review wait for the brand.

    For each of them that has no open application one is made, entered by the session's person and put up for the
    brand's decision at once: staff who enter a partner under an upstream speak for that upstream. Somebody else has
    to decide it. The status of a partner with an open application follows the application and is not stated.

    Raises:
        NotPermitted: The actor may not edit partners.
        Conflict: ``rows.changed_meanwhile``.
    """
    drafts, problems = _without_reviewed(session, drafts)
    saved = save_partners(session, drafts, options)
    refused = {problem.row for problem in saved.problems}
    stated = drafts.columns.get("status", [])
    codes = drafts.columns.get("code", [])
    waiting = [
        code
        for row, code, status in zip(drafts.rows, codes, stated, strict=False)
        if status in WAITS and row not in refused
    ]
    _begin_reviews(session, waiting, options)
    saved.problems = sorted([*problems, *saved.problems], key=lambda problem: problem.row)
    return saved


def _without_reviewed(session: Session, drafts: Drafts) -> tuple[Drafts, list[CellProblem]]:
    """Refuse rows that state another status of a partner whose application is open."""
    stated, codes = drafts.columns.get("status"), drafts.columns.get("code")
    if stated is None or codes is None:
        return drafts, []
    open_ones: dict[str, tuple[str, str]] = {}
    for chunk in in_chunks(codes):
        query = (
            select(Partner.code, Partner.status, Application.number)
            .join(Application, Application.partner_id == Partner.id)
            .where(Partner.code.in_(chunk), Application.status.in_(OPEN))
        )
        open_ones.update({code: (status, number) for code, status, number in session.execute(query)})
    problems = []
    for row, code, status in zip(drafts.rows, codes, stated, strict=True):
        before, number = open_ones.get(code, (status, ""))
        if status is not None and status != before:
            message = N_("follows application {number}: decide that one")
            problem = Problem("partners.application_open", message, {"number": number})
            problems.append(CellProblem(row, "status", status, problem))
    return drafts.without({problem.row for problem in problems}), problems


def _begin_reviews(session: Session, codes: Sequence[str], options: SaveOptions) -> None:
    """Make an application, waiting for the brand, for each partner that waits and has none."""
    person, at = actor_of(session).person, now()
    for chunk in in_chunks(codes):
        open_one = select(Application.id).where(Application.partner_id == Partner.id, Application.status.in_(OPEN))
        columns = (Partner.code, Partner.id, Partner.path, *(getattr(Partner, name) for name in COPIED))
        query = select(*columns).where(Partner.code.in_(chunk), ~open_one.exists())
        found = session.execute(query.order_by(Partner.code)).all()
        numbers = next_numbers("AP", len(found)).run(session) if found else []
        rows = [
            (
                number, one.id, one.path, ApplicationStatus.UNDER_REVIEW.value, {}, 4, *one[3:], DEFAULT_LANGUAGE,
                person, at, at, at + BRAND_ANSWERS, 1, at, at,
            )
            for number, one in zip(numbers, found, strict=True)
        ]  # fmt: skip
        insert_rows(session, Application, COLUMNS, rows)
        open_cases(session, APPLICATION_APPROVALS, [row[0] for row in rows])
        happenings = [
            EventDraft(number, one.path, data={"partner": one.code}) for number, one in zip(numbers, found, strict=True)
        ]
        record(session, "application.submitted", "applications", happenings, batch_id=options.batch_id)
