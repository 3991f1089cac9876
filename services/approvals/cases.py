"""Approval cases: opened when a document is submitted, decided step by step, withdrawn with it.

Nobody decides a document of their own (four-eyes principle), and each step is decided once.

A document has at most one open case. A transaction that opens, decides or ends it holds the lock on the document.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple

import orjson
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.bulk import insert_few, insert_rows
from core.database.chunks import in_chunks
from core.database.operations import Operation, no_result, run_operations
from core.database.prepared import StatementResult
from core.database.sessions import actor_of
from core.errors import NotPermitted
from models.approvals import (
    ApprovalCase,
    ApprovalDecision,
    ApprovalStep,
    CaseStatus,
    Decision,
    StepState,
    initiators_text,
)
from services.approvals import _statements
from services.approvals.subjects import (
    Approver,
    Document,
    Effects,
    LockedDocument,
    Refusals,
    Row,
    Subject,
    Submission,
    Verb,
    WaitingStep,
)
from services.free_texts import Note, parse_note, require_note
from services.states import require_state

FLOW_VERSION = 1
"""Version of the built-in flow: a step requires one permission and is completed by one decision."""
STEP_COLUMNS = ("case_id", "number", "permission", "partner_id", "state")
CASE_COLUMNS = (
    "subject", "key", "path", "version", "flow_version", "facts", "digest", "initiators", "view_permission",
    "opened_at", "due_at", "status",
)  # fmt: skip
DECISION_COLUMNS = (
    "case_id", "step", "decision", "person", "name", "role", "reason", "decided_at", "digest", "facts",
)  # fmt: skip
CASE_STATUS_AFTER = {
    Decision.APPROVED: CaseStatus.APPROVED,
    Decision.REJECTED: CaseStatus.REJECTED,
    Decision.RETURNED: CaseStatus.RETURNED,
    Decision.DECLINED: CaseStatus.REJECTED,
}


_WITHOUT_ROW_FILTER = {"see_all": "an actor that opens cases may not see them, e.g. an applicant"}


class Decided(NamedTuple, Generic[Row]):
    """A document that was decided: its row from ``Subject.lock``, and the results of its effects' operations."""

    row: Row
    results: tuple[Any, ...]


def facts_digest(facts: Mapping[str, Any]) -> str:
    """Return the SHA-256 of facts as sorted compact JSON, in hexadecimal digits."""
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def open_case(
    subject: Subject[Any], document: Document, *approvers: Approver, due_at: datetime | None = None
) -> tuple[Operation[Any], ...]:
    """Return the operations that submit a document for decision, with one waiting step for each approver."""
    return (
        insert_few(ApprovalCase, CASE_COLUMNS, [_row(subject, document, now(), due_at)]),
        *(_add_step(subject.name, document.key, approver) for approver in approvers),
    )


def decide(
    session: Session, subject: Subject[Row], key: str, verb_name: str, reason: str = "", *, version: int | None = None
) -> Decided[Row]:
    """Record the actor's decision about the step that waits for them, and run the effects of the decision.

    Args:
        session: Session of the caller.
        subject: Kind of the document.
        key: Key of the document.
        verb_name: Name of one of the subject's verbs.
        reason: See ``Verb.reason``.
        version: Version of the document that the person saw.

    Raises:
        NotPermitted: The actor lacks the verb's permission, is no approver, or is one of the document's initiators.
        NotFound: What ``Subject.lock`` raises.
        Conflict: The status or the version of the document is wrong, or no step waits for the actor, see ``Refusals``;
            and as the effects.
        InvalidInput: The reason is missing, or as ``parse_note``; ``fields`` names it.
    """
    actor, verb = actor_of(session), subject.verbs[verb_name]
    (row, document, waiting), step = lock_to_decide(session, subject, key, verb_name, version=version)
    note = require_note(reason, verb.reason) if verb.reason else parse_note(reason, "reason")
    effects = verb.effects(session, row, document, note)
    decision = _record(actor, step, verb.decision, document.facts, note)
    steps = _advance((subject.name, key), step, verb.decision, effects, others_wait=len(waiting) > 1)
    results = run_operations(session, *effects.operations, decision, *steps)
    if effects.follow_ups:
        run_operations(session, *effects.follow_ups)
    return Decided(row, results[: len(effects.operations)])


def lock_to_decide(
    session: Session, subject: Subject[Row], key: str, verb_name: str, *, version: int | None = None
) -> tuple[LockedDocument[Row], WaitingStep]:
    """Lock a document and return it with the step that the session's actor may decide. Raises as ``decide``."""
    actor, verb = actor_of(session), subject.verbs[verb_name]
    actor.require(verb.permission)
    locked = subject.lock(session, key, waiting_steps(subject.name, key))
    row: Any = locked.row
    if verb.authorize is not None:
        verb.authorize(actor, row)
    require_state(
        row,
        verb.statuses,
        version,
        wrong_status=subject.refusals.wrong_status,
        changed_meanwhile=subject.refusals.changed_meanwhile,
    )
    _require_second_person(actor, locked.document, subject.refusals)
    if row.status in verb.opens:
        run_operations(session, *open_case(subject, locked.document, Approver(verb.permission, actor.partner_id)))
        locked = locked._replace(waiting=waiting_steps(subject.name, key).run(session))
    step = next((one for one in locked.waiting if _may_decide(actor, verb, one)), None)
    if step is None:
        raise subject.refusals.undecidable(session, row)
    return locked, step


def withdraw_case(subject_name: str, key: str) -> tuple[Operation[Any], ...]:
    """Return the operations that end the open case of a document, if it has one, because it was withdrawn."""
    return (_end_steps(subject_name, key, StepState.CANCELLED), _close(subject_name, key, CaseStatus.WITHDRAWN))


def withdraw_cases(session: Session, subject: Subject[Any], keys: Sequence[str]) -> None:
    """End the open cases of documents that do not wait any more, because their rows were written, e.g. by an import.

    Args:
        session: Session of the change.
        subject: Kind of the documents.
        keys: Keys of the documents that were written; the cases of documents that wait stay open.
    """
    options = {"see_all": "a case ends with its document, whoever changed it", "synchronize_session": False}
    (key,) = subject.waiting_keys.selected_columns
    for chunk in in_chunks(keys):
        ended = (
            ApprovalCase.subject == subject.name,
            ApprovalCase.status == CaseStatus.OPEN.value,
            ApprovalCase.key.in_(chunk),
            ApprovalCase.key.not_in(subject.waiting_keys.where(key.in_(chunk))),
        )
        waiting = (
            ApprovalStep.case_id.in_(select(ApprovalCase.id).where(*ended)),
            ApprovalStep.state == StepState.WAITING.value,
        )
        session.execute(
            update(ApprovalStep).where(*waiting).values(state=StepState.CANCELLED.value), execution_options=options
        )
        session.execute(
            update(ApprovalCase).where(*ended).values(status=CaseStatus.WITHDRAWN.value), execution_options=options
        )


def replace_waiting_steps(
    subject_name: str, key: str, state: StepState, *approvers: Approver, due_at: datetime | None
) -> tuple[Operation[Any], ...]:
    """Return the operations that end the waiting steps without a decision and add a step for each new approver.

    Args:
        subject_name, key: Which document.
        state: Final state of the steps that end: ``EXPIRED`` or ``CANCELLED``.
        approvers: Approvers of the new steps.
        due_at: New deadline of the case; None for no deadline.
    """
    return (
        _end_steps(subject_name, key, state),
        *(_add_step(subject_name, key, approver) for approver in approvers),
        _set_deadline(subject_name, key, due_at),
    )


def waiting_steps(subject_name: str, key: str) -> Operation[list[WaitingStep]]:
    """Return the operation that reads the steps of a document that wait, in their order."""
    values = {"of_subject": subject_name, "of_key": key}
    return Operation(_statements.WAITING_STEPS, values, lambda _, result: [WaitingStep(*row) for row in result.rows])


def open_cases(session: Session, subject: Subject[Any], keys: Sequence[str]) -> None:
    """Open the cases of submitted documents whose rows were written without them, e.g. by an import."""
    for chunk in in_chunks(keys):
        _open_cases(session, subject, subject.submissions(session, chunk))


def _open_cases(session: Session, subject: Subject[Any], submissions: Sequence[Submission]) -> None:
    rows = [_row(subject, one.document, one.opened_at, one.due_at) for one in submissions]
    insert_rows(session, ApprovalCase, CASE_COLUMNS, rows)
    approvers = {one.document.key: one.approvers for one in submissions}
    of_subject = (ApprovalCase.subject == subject.name, ApprovalCase.status == CaseStatus.OPEN.value)
    query = select(ApprovalCase.id, ApprovalCase.key).where(*of_subject, ApprovalCase.key.in_(list(approvers)))
    steps = [
        (case_id, number, approver.permission.value, approver.partner_id, StepState.WAITING.value)
        for case_id, key in session.execute(query, execution_options=_WITHOUT_ROW_FILTER)
        for number, approver in enumerate(approvers[key], 1)
    ]
    insert_rows(session, ApprovalStep, STEP_COLUMNS, steps)


def _row(subject: Subject[Any], document: Document, opened_at: datetime, due_at: datetime | None) -> tuple[Any, ...]:
    return (
        subject.name, document.key, document.path, document.version, FLOW_VERSION, document.facts,
        facts_digest(document.facts), initiators_text(document.initiators), subject.view_permission.value,
        opened_at, due_at, CaseStatus.OPEN.value,
    )  # fmt: skip


def _require_second_person(actor: Actor, document: Document, refusals: Refusals[Any]) -> None:
    if refusals.own is None or refusals.person_unknown is None:
        return
    if not actor.person:
        raise NotPermitted(refusals.person_unknown.code, refusals.person_unknown.message, number=document.key)
    if actor.is_one_of(*document.initiators):
        raise NotPermitted(refusals.own.code, refusals.own.message, number=document.key)


def _may_decide(actor: Actor, verb: Verb[Any], step: WaitingStep) -> bool:
    is_asked = step.permission == verb.permission and step.partner_id == actor.partner_id
    return is_asked or verb.overrides


def _record(
    actor: Actor, step: WaitingStep, decision: Decision, facts: Mapping[str, Any], reason: Note
) -> Operation[Any]:
    row = (
        step.case_id, step.number, decision.value, actor.person, actor.name, actor.role.value, reason, now(),
        facts_digest(facts), facts,
    )  # fmt: skip
    return insert_few(ApprovalDecision, DECISION_COLUMNS, [row])


def _advance(
    document: tuple[str, str], step: WaitingStep, decision: Decision, effects: Effects, *, others_wait: bool
) -> tuple[Operation[Any], ...]:
    """Return the operations that complete a step, then add the next steps, leave others waiting, or close the case."""
    values = {"of_case": step.case_id, "of_step": step.number, "to_state": decision.value}
    if effects.next_approvers:
        steps = (_add_step(*document, approver) for approver in effects.next_approvers)
        decided = Operation(_statements.DECIDE_STEP_AND_CANCEL_OTHERS, values, _require_one)
        return (decided, *steps, _set_deadline(*document, effects.due_at))
    if others_wait and decision is Decision.APPROVED:
        return (Operation(_statements.DECIDE_STEP, values, _require_one),)
    return (
        Operation(_statements.DECIDE_STEP_AND_CANCEL_OTHERS, values, _require_one),
        _close(*document, CASE_STATUS_AFTER[decision]),
    )


def _add_step(subject_name: str, key: str, approver: Approver) -> Operation[Any]:
    values = {
        "of_subject": subject_name,
        "of_key": key,
        "permission": approver.permission.value,
        "partner_id": approver.partner_id,
    }
    return Operation(_statements.ADD_STEP, values, _require_one)


def _end_steps(subject_name: str, key: str, state: StepState) -> Operation[Any]:
    values = {"of_subject": subject_name, "of_key": key, "to_state": state.value}
    return Operation(_statements.END_STEPS, values, no_result)


def _close(subject_name: str, key: str, status: CaseStatus) -> Operation[Any]:
    values = {"of_subject": subject_name, "of_key": key, "to_status": status.value}
    return Operation(_statements.CLOSE_CASE, values, no_result)


def _set_deadline(subject_name: str, key: str, due_at: datetime | None) -> Operation[Any]:
    values = {"of_subject": subject_name, "of_key": key, "to_due_at": due_at}
    return Operation(_statements.SET_DEADLINE, values, no_result)


def _require_one(session: Session, result: StatementResult) -> None:
    """Raise an error if no row was changed: the document is locked, so its case cannot have been closed meanwhile."""
    if result.count < 1:
        raise RuntimeError("the case of a document that is being decided is not open")
