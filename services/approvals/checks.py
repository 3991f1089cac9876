"""Consistency checks of cases, each a query that must find nothing. They cover every registered subject."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, inspect, or_, select
from sqlalchemy.orm import Session

from models.approvals import ApprovalCase, ApprovalDecision, ApprovalStep, CaseStatus, StepState, initiators_text
from models.partners.partners import Partner
from services.approvals.cases import CASE_STATUS_AFTER, facts_digest
from services.approvals.subjects import SUBJECTS, Subject

AT_ONCE = 5_000
_IS_OPEN: Any = ApprovalCase.status == CaseStatus.OPEN.value
_FINAL = (CaseStatus.APPROVED.value, CaseStatus.REJECTED.value)
"""Statuses of cases after which a document stays in its branch unless the branch itself moves."""


def check_cases(session: Session) -> Iterator[str]:
    """A document waits if and only if it has an open case; each case agrees with its document."""
    for subject in SUBJECTS.values():
        yield from _case_faults(session, subject)


def check_decisions(session: Session) -> Iterator[str]:
    """A case that was closed by a decision has the status to which its last decision leads."""
    later: Any = inspect(ApprovalDecision).local_table.alias("later").c
    is_last = ~exists().where(later.case_id == ApprovalDecision.case_id, later.id > ApprovalDecision.id)
    fits = or_(
        *(
            and_(ApprovalDecision.decision == decision.value, ApprovalCase.status == status.value)
            for decision, status in CASE_STATUS_AFTER.items()
        )
    )
    decided = {one.value for one in CASE_STATUS_AFTER.values()}
    query = select(ApprovalCase.subject, ApprovalCase.key, ApprovalCase.status, ApprovalDecision.decision)
    query = query.outerjoin(ApprovalDecision, ApprovalDecision.case_id == ApprovalCase.id)
    wrong = or_(ApprovalDecision.id.is_(None), and_(~fits, is_last))
    for subject, key, status, decision in session.execute(query.where(ApprovalCase.status.in_(decided), wrong)):
        last = f"its last decision is {decision}" if decision else "nothing was decided in it"
        yield f"{subject} {key}: a case of it is {status}, but {last}"


def check_steps(session: Session) -> Iterator[str]:
    """An open case has a step that waits, a closed one has none, and a step is in the state that was decided."""
    waits = exists().where(ApprovalStep.case_id == ApprovalCase.id, ApprovalStep.state == StepState.WAITING.value)
    for subject, key in session.execute(select(ApprovalCase.subject, ApprovalCase.key).where(_IS_OPEN, ~waits)):
        yield f"{subject} {key}: its open case waits for nobody"
    for subject, key in session.execute(select(ApprovalCase.subject, ApprovalCase.key).where(~_IS_OPEN, waits)):
        yield f"{subject} {key}: its closed case still waits for somebody"
    of_step = (ApprovalStep.case_id == ApprovalDecision.case_id) & (ApprovalStep.number == ApprovalDecision.step)
    query = select(ApprovalDecision.id).outerjoin(ApprovalStep, of_step)
    for number in session.scalars(query.where(func.coalesce(ApprovalStep.state, "") != ApprovalDecision.decision)):
        yield f"decision {number}: its step is not in the state that was decided"


def check_digests(session: Session) -> Iterator[str]:
    """The digest of a case and of a decision is that of the facts stored beside it."""
    for model in (ApprovalCase, ApprovalDecision):
        yield from _wrong_digests(session, model)


def _case_faults(session: Session, subject: Subject[Any]) -> Iterator[str]:
    columns = subject.columns
    astray, undone = _is_astray(subject), _is_undone(subject)
    hidden = ApprovalCase.view_permission != subject.view_permission.value
    query = select(
        ApprovalCase.key,
        ApprovalCase.status,
        columns.status.label("document_status"),
        ApprovalCase.initiators,
        _IS_OPEN.label("is_open"),
        astray.label("is_astray"),
        undone.label("is_undone"),
        hidden.label("is_hidden"),
        *(column.label(f"initiator_{number}") for number, column in enumerate(columns.initiators)),
    )
    query = query.outerjoin(columns.key.class_, columns.key == ApprovalCase.key)
    query = query.where(ApprovalCase.subject == subject.name, or_(_IS_OPEN, hidden, astray, undone))
    rows = session.execute(query.order_by(ApprovalCase.id)).all()
    opened = {row.key for row in rows if row.is_open}
    waiting = set(session.scalars(subject.waiting_keys))
    yield from (f"{subject.name} {key}: it waits and has no open case" for key in sorted(waiting - opened))
    yield from (f"{subject.name} {key}: it has an open case and does not wait" for key in sorted(opened - waiting))
    for row in rows:
        initiators = initiators_text(tuple(row[-len(columns.initiators) :] if columns.initiators else ()))
        if row.is_open and row.key in waiting and row.initiators != initiators:
            yield f"{subject.name} {row.key}: its open case names other persons who may not decide than it does itself"
        if row.is_hidden:
            yield f"{subject.name} {row.key}: a case of it needs another permission to be seen than it does itself"
        if row.is_astray:
            yield f"{subject.name} {row.key}: the path of a case of it is not its own"
        if row.is_undone and row.key not in waiting:
            yield f"{subject.name} {row.key}: its last case is {row.status}, its own status is {row.document_status}"


def _is_last() -> ColumnElement[bool]:
    """Return the condition that a case is the last one of its document."""
    later: Any = inspect(ApprovalCase).local_table.alias("later").c
    return ~exists().where(
        later.subject == ApprovalCase.subject, later.key == ApprovalCase.key, later.id > ApprovalCase.id
    )


def _is_astray(subject: Subject[Any]) -> ColumnElement[bool]:
    """Return the condition that a case has another path than its document.

    A draft may get another buyer after its case was closed without a final decision: its case stays in the branch of
    the former buyer, which must exist.
    """
    of_partner = exists(select(Partner.id).where(Partner.path == ApprovalCase.path))
    is_bound = or_(_IS_OPEN, and_(ApprovalCase.status.in_(_FINAL), _is_last()))
    return and_(subject.columns.path != ApprovalCase.path, or_(is_bound, and_(ApprovalCase.path != "", ~of_partner)))


def _is_undone(subject: Subject[Any]) -> ColumnElement[bool]:
    """Return the condition that a document has a status to which its last case, which is closed, does not lead."""
    status = subject.columns.status
    fits = [
        and_(ApprovalCase.status == after.value, status.in_(sorted(statuses)))
        for after, statuses in subject.statuses_after.items()
    ]
    return and_(~_IS_OPEN, status.is_not(None), ~or_(false(), *fits), _is_last())


def _wrong_digests(session: Session, model: Any) -> Iterator[str]:
    last = 0
    query = select(model.id, model.digest, model.facts).order_by(model.id).limit(AT_ONCE)
    while rows := session.execute(query.where(model.id > last)).all():
        last = rows[-1].id
        for number, digest, facts in rows:
            if digest != facts_digest(facts):
                yield f"{model.__tablename__} {number}: its facts are not those that were decided about"


APPROVAL_CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {
    "approval cases": check_cases,
    "approval decisions": check_decisions,
    "approval steps": check_steps,
    "approval facts": check_digests,
}
