"""Subjects of approvals: a capability declares how its documents are locked, who decides them, and the effects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import Session

from core.access import Actor
from core.database.operations import Operation
from core.errors import Conflict, DomainError, Problem
from core.permissions import Permission
from models.approvals import CaseStatus, Decision
from services.free_texts import Note

Row = TypeVar("Row")


class Approver(NamedTuple):
    """Approvers of a step: holders of a permission, of the brand or of one partner."""

    permission: Permission
    partner_id: int | None = None


class WaitingStep(NamedTuple):
    """A step that waits. See ``models.approvals.ApprovalStep``."""

    case_id: int
    number: int
    permission: str
    partner_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Snapshot of a document under approval.

    Attributes:
        key, path, version: Key, path key and version of the row.
        facts: Shown to approvers, as JSON; the case and each decision store them with their digest.
        initiators: Persons who may not decide.
    """

    key: str
    path: str
    version: int
    facts: Mapping[str, Any]
    initiators: tuple[str | None, ...]


class Submission(NamedTuple):
    """Snapshot of a document with the approvers and the deadline with which its case is opened.

    Attributes:
        approvers: One for each step; all steps wait at once.
        opened_at, due_at: Beginning and deadline of the case; None for no deadline.
    """

    document: Document
    approvers: Sequence[Approver]
    opened_at: datetime
    due_at: datetime | None = None


class LockedDocument(NamedTuple, Generic[Row]):
    """A document, refreshed and locked until the transaction ends.

    Attributes:
        row: With the attributes ``status`` and ``version``.
        waiting: The steps that wait, in their order.
    """

    row: Row
    document: Document
    waiting: Sequence[WaitingStep]


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of a decision.

    Attributes:
        operations: Run in one round trip with the decision. Other changes were made when ``Verb.effects`` was called.
        follow_ups: Run in a second round trip, once the operations have succeeded: only the transaction that wins a
            race may run them.
        next_approvers: Approvers of the next steps; () ends the case unless other steps still wait.
        due_at: Deadline of the next steps.
    """

    operations: tuple[Operation[Any], ...] = ()
    follow_ups: tuple[Operation[Any], ...] = ()
    next_approvers: tuple[Approver, ...] = ()
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb(Generic[Row]):
    """A decision that an approver can make about a document, e.g. to approve or to return it.

    Attributes:
        decision: How it is recorded.
        permission: Permission it needs.
        statuses: Statuses of the document in which it can be made.
        effects: Called under the lock, after all checks, with session, row, document and reason.
        reason: Problem if no reason is given; None if it needs none.
        authorize: Raises ``NotPermitted`` for an actor with the permission who may not decide about this row.
        overrides: Whether it may also decide the step of another approver.
        opens: Statuses in which no case is open: the decision opens the case and decides it.
    """

    decision: Decision
    permission: Permission
    statuses: frozenset[str]
    effects: Callable[[Session, Row, Document, Note], Effects]
    reason: Problem | None = None
    authorize: Callable[[Actor, Row], None] | None = None
    overrides: bool = False
    opens: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals(Generic[Row]):
    """Errors of decisions about a subject.

    Attributes:
        wrong_status, changed_meanwhile: Make the error for a row whose status forbids a decision, or whose version has
            changed.
        undecidable: Makes the error for a row without a step that waits for the actor: another transaction was faster.
        own, person_unknown: Problems of an initiator who decides, and of an actor without a person, with {number} in
            their messages. None for both if initiators may decide.
    """

    wrong_status: Callable[[Row], Conflict]
    changed_meanwhile: Callable[[Row], Conflict]
    undecidable: Callable[[Session, Row], DomainError]
    own: Problem | None = None
    person_unknown: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentColumns:
    """Columns of the stored documents of a subject, with which its cases have to agree.

    Attributes:
        key, path, status: Key, path key and status of the row.
        initiators: The columns from which ``Document.initiators`` is read; () if initiators may decide.
    """

    key: Any
    path: Any
    status: Any
    initiators: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Generic[Row]):
    """A kind of document that is subject to approval.

    Attributes:
        name: Name of its resource.
        view_permission: Permission to see such a document.
        lock: Locks a document and reads the steps that wait, in one round trip where it can; see ``LockedDocument``.
        verbs: Name → verb.
        titles: Returns key → title of the documents of ``keys`` that the session's actor sees.
        waiting_keys: Query for the keys of all documents that wait for a decision, by their status.
        submissions: Returns the submissions of the documents of ``keys`` that wait; for rows written without cases.
        columns: Columns of the documents that the cases are compared with.
        statuses_after: Status of a closed case → statuses that a document may have whose last case it is.
    """

    name: str
    view_permission: Permission
    lock: Callable[[Session, str, Operation[list[WaitingStep]]], LockedDocument[Row]]
    verbs: Mapping[str, Verb[Row]]
    refusals: Refusals[Row]
    titles: Callable[[Session, Sequence[str]], Mapping[str, str]]
    waiting_keys: Select[Any]
    submissions: Callable[[Session, Sequence[str]], Sequence[Submission]]
    columns: DocumentColumns
    statuses_after: Mapping[CaseStatus, frozenset[str]]


SUBJECTS: dict[str, Subject[Any]] = {}
"""Name → subject; each capability registers its own when it is imported."""


def register_subject(subject: Subject[Row]) -> Subject[Row]:
    """Register a subject and return it."""
    SUBJECTS[subject.name] = subject
    return subject
