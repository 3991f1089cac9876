"""Invariants of cases that no constraint can hold, each as one question that must find nothing."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from models.approvals import ApprovalCase, ApprovalDecision, ApprovalStep, CaseStatus, StepState
from services.approvals.cases import facts_digest
from services.approvals.subjects import Subject

Check = Callable[[Session], Iterator[str]]
AT_ONCE = 5_000


def check_open_cases(subjects: Iterable[Subject[Any]]) -> Check:
    """A document has an open case if and only if its own status says that it waits."""

    def check(session: Session) -> Iterator[str]:
        is_open = ApprovalCase.status == CaseStatus.OPEN.value
        for one in subjects:
            opened = set(session.scalars(select(ApprovalCase.key).where(ApprovalCase.subject == one.name, is_open)))
            waiting = set(session.scalars(one.waiting_keys))
            yield from (f"{one.name} {key}: it waits and has no open case" for key in sorted(waiting - opened))
            yield from (f"{one.name} {key}: it has an open case and does not wait" for key in sorted(opened - waiting))

    return check


def check_steps(session: Session) -> Iterator[str]:
    """An open case has a step that waits, a closed one has none, and a step is in the state that was decided."""
    is_open = ApprovalCase.status == CaseStatus.OPEN.value
    waits = exists().where(ApprovalStep.case_id == ApprovalCase.id, ApprovalStep.state == StepState.WAITING.value)
    for subject, key in session.execute(select(ApprovalCase.subject, ApprovalCase.key).where(is_open, ~waits)):
        yield f"{subject} {key}: its open case waits for nobody"
    for subject, key in session.execute(select(ApprovalCase.subject, ApprovalCase.key).where(~is_open, waits)):
        yield f"{subject} {key}: its closed case still waits for somebody"
    of_step = (ApprovalStep.case_id == ApprovalDecision.case_id) & (ApprovalStep.number == ApprovalDecision.step)
    query = select(ApprovalDecision.id).outerjoin(ApprovalStep, of_step)
    for number in session.scalars(query.where(func.coalesce(ApprovalStep.state, "") != ApprovalDecision.decision)):
        yield f"decision {number}: its step is not in the state that was decided"


def check_digests(session: Session) -> Iterator[str]:
    """The digest of a case and of a decision is that of the facts stored beside it."""
    for model in (ApprovalCase, ApprovalDecision):
        yield from _wrong_digests(session, model)


def _wrong_digests(session: Session, model: Any) -> Iterator[str]:
    last = 0
    query = select(model.id, model.digest, model.facts).order_by(model.id).limit(AT_ONCE)
    while rows := session.execute(query.where(model.id > last)).all():
        last = rows[-1].id
        for number, digest, facts in rows:
            if digest != facts_digest(facts):
                yield f"{model.__tablename__} {number}: its facts are not those that were decided about"
