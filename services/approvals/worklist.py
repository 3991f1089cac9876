"""Worklist of a person across all subjects: one query for navigation, start page and inbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, false, func, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.addresses import record_path
from core.database.sessions import actor_of
from models.approvals import ApprovalCase, ApprovalStep, CaseStatus, StepState
from services.approvals.subjects import SUBJECTS

ROWS_MAX = 200


class WorkItem(NamedTuple):
    """A document that waits for a decision.

    Attributes:
        since: Time of submission. due_at: deadline; None for no deadline.
        link: Path of its record page.
    """

    subject: str
    key: str
    title: str
    since: datetime
    due_at: datetime | None
    link: str


def worklist(session: Session, subject: str = "", *, limit: int = ROWS_MAX) -> list[WorkItem]:
    """Return the documents that wait for the session's person, of one subject or of all ("").

    Own submissions are left out. Ordered by deadline, then by time of submission.
    """
    columns = (ApprovalCase.subject, ApprovalCase.key, ApprovalCase.opened_at, ApprovalCase.due_at)
    query = _cases(actor_of(session), *columns).distinct()
    if subject:
        query = query.where(ApprovalCase.subject == subject)
    has_no_limit = ApprovalCase.due_at.is_(None)
    rows = session.execute(
        query.add_columns(has_no_limit, ApprovalCase.id)
        .order_by(has_no_limit, ApprovalCase.due_at, ApprovalCase.opened_at, ApprovalCase.id)
        .limit(limit)
    ).all()
    titles = {
        name: SUBJECTS[name].titles(session, [row.key for row in rows if row.subject == name])
        for name in {row.subject for row in rows}
    }
    return [
        WorkItem(
            row.subject,
            row.key,
            titles[row.subject].get(row.key, row.key),
            row.opened_at,
            row.due_at,
            record_path(row.subject, row.key),
        )
        for row in rows
    ]


def waiting_counts(session: Session) -> dict[str, int]:
    """Return subject → number of its documents that wait for the session's person."""
    counted = func.count(func.distinct(ApprovalCase.id))
    query = _cases(actor_of(session), ApprovalCase.subject, counted).group_by(ApprovalCase.subject)
    found = {name: int(count) for name, count in session.execute(query)}
    return {name: found.get(name, 0) for name in SUBJECTS}


def waiting_count(session: Session, subject: str) -> int:
    """Return the number of documents of a subject that wait for the session's person."""
    query = _cases(actor_of(session), func.count(func.distinct(ApprovalCase.id)))
    return session.scalar(query.where(ApprovalCase.subject == subject)) or 0


def waiting_total(session: Session) -> int | None:
    """Return the number of documents of all subjects that wait for the session's person; None where none can."""
    return sum(waiting_counts(session).values()) if decides_anything(actor_of(session)) else None


def decides_anything(actor: Actor) -> bool:
    """Return whether documents of any subject can wait for an actor."""
    return any(actor.can(verb.permission) for subject in SUBJECTS.values() for verb in subject.verbs.values())


def keys_waiting(session: Session, subject: str, keys: Sequence[str]) -> set[str]:
    """Return those of ``keys`` whose documents wait for the session's person."""
    return set(session.scalars(waiting_keys(actor_of(session), subject).where(ApprovalCase.key.in_(keys))))


def waiting_keys(actor: Actor, subject: str) -> Select[Any]:
    """Return the subquery of the keys of a subject's documents that wait for an actor."""
    return _cases(actor, ApprovalCase.key).where(ApprovalCase.subject == subject)


def _cases(actor: Actor, *columns: Any) -> Select[Any]:
    query = select(*columns).join(ApprovalStep, ApprovalStep.case_id == ApprovalCase.id)
    is_open = ApprovalCase.status == CaseStatus.OPEN.value
    return query.where(is_open, ApprovalStep.state == StepState.WAITING.value, _asks(actor), _is_not_own(actor))


def _asks(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a step asks an actor."""
    if not actor.is_brand and actor.partner_id is None:
        return false()
    permissions = [one.value for one in sorted(actor.permissions)]
    return and_(
        ApprovalStep.permission.in_(permissions), ApprovalStep.partner_id.is_not_distinct_from(actor.partner_id)
    )


def _is_not_own(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that an actor is no initiator of a case, as ``Actor.is_one_of`` says it of one document."""
    own = ApprovalCase.initiators.contains(f"\n{actor.person.casefold()}\n", autoescape=True)
    return ~own if actor.person else ApprovalCase.id.is_not(None)
