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
from models.approvals import Decision

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
    """The content of a submission.

    Attributes:
        key, path, version: Of the row, as the case stores them.
        facts: Shown to approvers, as JSON; the case and each decision store them with their digest.
        initiators: Persons who may not decide.
    """

    key: str
    path: str
    version: int
    facts: Mapping[str, Any]
    initiators: tuple[str | None, ...]


class Submission(NamedTuple):
    """A document that is submitted for decision.

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
        operations: Sent in one round trip with the decision itself. Other effects have been executed already.
        following: Sent after those have finished, e.g. because only the transaction that wins a race may run them.
        next_approvers: Of the next steps; () ends the case unless other steps still wait.
        due_at: Deadline of the next steps.
    """

    operations: tuple[Operation[Any], ...] = ()
    following: tuple[Operation[Any], ...] = ()
    next_approvers: tuple[Approver, ...] = ()
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb(Generic[Row]):
    """A way to decide.

    Attributes:
        permission: Needed to use it.
        statuses: Of the document, in which it can be used.
        effects: Called under the lock, after all checks, with session, row, document and reason.
        reason: Why a reason is needed; None if it is not.
        authorize: Raises ``NotPermitted`` for an actor with the permission who may not use it on this row.
        overrides: Whether it may also decide the step of another approver.
        opens: Statuses in which a document does not wait: the decision submits it, and decides it in the same case.
    """

    decision: Decision
    permission: Permission
    statuses: frozenset[str]
    effects: Callable[[Session, Row, Document, str], Effects]
    reason: Problem | None = None
    authorize: Callable[[Actor, Row], None] | None = None
    overrides: bool = False
    opens: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals(Generic[Row]):
    """Errors of a subject.

    Attributes:
        wrong_status, changed_meanwhile: Errors for a row that cannot be decided, or not as it was seen.
        undecidable: Error for a row without a step that waits for the actor: another transaction was faster.
        own, person_unknown: Reasons why an actor may not decide; sentences about {number}. None for both if whoever
            submits a document may decide it too.
    """

    wrong_status: Callable[[Row], Conflict]
    changed_meanwhile: Callable[[Row], Conflict]
    undecidable: Callable[[Session, Row], DomainError]
    own: Problem | None = None
    person_unknown: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Generic[Row]):
    """A kind of document that is subject to approval.

    Attributes:
        name: That of the resource.
        view_permission: Needed to see such a document.
        lock: Locks a document and reads the steps that wait, in one round trip where it can; see ``LockedDocument``.
        verbs: Name → verb.
        titles: Returns key → title of the documents of ``keys`` that the session's actor sees.
        waiting_keys: Query for the keys of all documents whose status is one of waiting for a decision.
        submissions: Returns the submissions of the documents of ``keys`` that wait; for rows written without cases.
    """

    name: str
    view_permission: Permission
    lock: Callable[[Session, str, Operation[list[WaitingStep]]], LockedDocument[Row]]
    verbs: Mapping[str, Verb[Row]]
    refusals: Refusals[Row]
    titles: Callable[[Session, Sequence[str]], Mapping[str, str]]
    waiting_keys: Select[Any]
    submissions: Callable[[Session, Sequence[str]], Sequence[Submission]]


SUBJECTS: dict[str, Subject[Any]] = {}
"""Name → subject; each capability registers its own when it is imported."""


def register_subject(subject: Subject[Row]) -> Subject[Row]:
    """Make a subject known and return it."""
    SUBJECTS[subject.name] = subject
    return subject
