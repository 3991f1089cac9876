"""Reads of cases for pages and reports: what was decided about a document, and by a person."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.approvals import ApprovalCase, ApprovalDecision, CaseStatus, Decision


class DecidedDocument(NamedTuple):
    """A document with the last decision of a person about it."""

    key: str
    decision: ApprovalDecision


def decisions_about(session: Session, subject: str, key: str) -> list[ApprovalDecision]:
    """Return all decisions about a document that the session's actor sees, oldest first."""
    query = select(ApprovalDecision).join(ApprovalCase, ApprovalCase.id == ApprovalDecision.case_id)
    of_document = (ApprovalCase.subject == subject, ApprovalCase.key == key)
    return list(session.scalars(query.where(*of_document).order_by(ApprovalDecision.id)))


def last_decision(session: Session, subject: str, key: str) -> ApprovalDecision | None:
    """Return what was decided about a document last; None if nothing was, or nothing the session's actor sees."""
    decisions = decisions_about(session, subject, key)
    return decisions[-1] if decisions else None


def decided_by(session: Session, subject: str, person: str, limit: int) -> list[DecidedDocument]:
    """Return what a person decided of a subject, the latest first, each document once."""
    query = (
        select(ApprovalCase.key, ApprovalDecision)
        .join(ApprovalDecision, ApprovalDecision.case_id == ApprovalCase.id)
        .where(ApprovalCase.subject == subject, ApprovalDecision.person == person)
        .order_by(ApprovalDecision.id.desc())
        .limit(limit)
    )
    found: dict[str, DecidedDocument] = {}
    for key, decision in session.execute(query):
        found.setdefault(key, DecidedDocument(key, decision))
    return list(found.values())


def decided_count(session: Session, subject: str, person: str) -> int:
    """Return how many documents of a subject a person decided about."""
    query = (
        select(func.count(func.distinct(ApprovalCase.key)))
        .join(ApprovalDecision, ApprovalDecision.case_id == ApprovalCase.id)
        .where(ApprovalCase.subject == subject, ApprovalDecision.person == person)
    )
    return session.scalar(query) or 0


def returned_keys(session: Session, subject: str, keys: Sequence[str]) -> set[str]:
    """Return those of ``keys`` whose open case waits again after a decision that returned the document."""
    query = (
        select(ApprovalCase.key)
        .join(ApprovalDecision, ApprovalDecision.case_id == ApprovalCase.id)
        .where(ApprovalCase.subject == subject, ApprovalCase.key.in_(keys))
        .where(ApprovalCase.status == CaseStatus.OPEN.value, ApprovalDecision.decision == Decision.RETURNED.value)
    )
    return set(session.scalars(query))


def decided_keys(session: Session, subject: str, keys: Sequence[str]) -> list[str]:
    """Return those of ``keys`` of which a decision exists, also one that the session's actor does not see."""
    query = (
        select(ApprovalCase.key)
        .join(ApprovalDecision, ApprovalDecision.case_id == ApprovalCase.id)
        .where(ApprovalCase.subject == subject, ApprovalCase.key.in_(keys))
        .distinct()
    )
    return list(session.scalars(query, execution_options={"see_all": "what was decided about is never removed"}))
