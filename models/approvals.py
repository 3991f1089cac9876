"""Approvals: cases, their steps, and an append-only log of decisions with the facts they were based on."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    and_,
    exists,
    inspect,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.append_only import append_only
from core.database.columns import Id, PathKey, code_text
from core.database.paths import visible_within
from core.database.sessions import NOBODY, Base
from core.i18n import N_
from core.kinds.standard import CODE_LENGTH_MAX, NOTE_LENGTH_MAX

PERSON_LENGTH_MAX = 200
PERMISSION_LENGTH_MAX = 40
INITIATORS_LENGTH_MAX = 1_000
SUBJECT_LENGTH_MAX = 40


class Decision(StrEnum):
    """A decision; *declined* is a refusal of consent, which does not decide the case by itself."""

    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    DECLINED = "declined"


DECISION_LABELS: dict[StrEnum, tuple[str, str]] = {
    Decision.APPROVED: (N_("Approved"), "approved"),
    Decision.REJECTED: (N_("Rejected"), "rejected"),
    Decision.RETURNED: (N_("Returned for change"), "returned"),
    Decision.DECLINED: (N_("Declined"), "rejected"),
}


class CaseStatus(StrEnum):
    """Status of a case."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class StepState(StrEnum):
    """State of a step: waiting, decided, or ended without a decision."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class ApprovalCase(Base):
    """One submission of one document for decision. A document has at most one open case.

    Attributes:
        subject, key: Which document: name of its resource, and its key as people write it.
        path: The document's path key.
        version: The document's, when it was submitted. flow_version: of the flow by which its steps were made.
        facts: What was submitted for decision, as JSON. digest: their SHA-256, see ``services.approvals.cases``.
        initiators: Persons who may not decide, see ``initiators_text``.
        view_permission: Code of the permission that is needed to see the document.
        due_at: Deadline; None for no deadline.
    """

    __tablename__ = "approval_cases"
    follows_branch = True
    __table_args__ = (
        Index("ix_approval_cases_key", "subject", "key", "id"),
        Index(
            "uq_approval_cases_open",
            "subject",
            "key",
            unique=True,
            sqlite_where=literal_column("status = 'open'"),
            postgresql_where=literal_column("status = 'open'"),
        ),
    )

    id: Mapped[Id]
    subject: Mapped[str] = mapped_column(code_text(SUBJECT_LENGTH_MAX))
    key: Mapped[str] = mapped_column(code_text(CODE_LENGTH_MAX))
    path: Mapped[PathKey]
    version: Mapped[int]
    flow_version: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(code_text(64))
    initiators: Mapped[str] = mapped_column(String(INITIATORS_LENGTH_MAX))
    view_permission: Mapped[str] = mapped_column(code_text(PERMISSION_LENGTH_MAX))
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(code_text(20))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: holders of the view permission; partners see cases of their branch and of their own steps."""
        return _visible(cls, actor)


class ApprovalStep(Base):
    """A step of a case: an approver and the state.

    Attributes:
        number: Place in the case, from 1. Several may wait at the same time.
        permission: Code of the permission that the approver needs.
        partner_id: Partner of the approver; None for the brand. No foreign key: the step outlives the partner.
    """

    __tablename__ = "approval_steps"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  (one tree to write to instead of two)
    case_id: Mapped[int] = mapped_column(ForeignKey("approval_cases.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    permission: Mapped[str] = mapped_column(code_text(PERMISSION_LENGTH_MAX))
    partner_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(code_text(20))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: visible with the case."""
        return _of_visible_case(cls.case_id, actor)


class ApprovalDecision(Base):
    """One decision about one step: at most one, and never changed.

    Attributes:
        step: Number of the step within the case.
        person, name, role: Of the actor who decided, see ``Actor``.
        reason: Why; "" for an approval without one.
        facts: Basis of the decision at that time. digest: their SHA-256.
    """

    __tablename__ = "approval_decisions"
    __table_args__ = (
        Index("uq_approval_decisions_step", "case_id", "step", unique=True),
        Index("ix_approval_decisions_person", "person", "id"),
    )

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("approval_cases.id"))
    step: Mapped[int]
    decision: Mapped[str] = mapped_column(code_text(20))
    person: Mapped[str] = mapped_column(String(PERSON_LENGTH_MAX))
    name: Mapped[str] = mapped_column(String(PERSON_LENGTH_MAX))
    role: Mapped[str] = mapped_column(code_text(20))
    reason: Mapped[str] = mapped_column(String(NOTE_LENGTH_MAX))
    decided_at: Mapped[datetime]
    digest: Mapped[str] = mapped_column(code_text(64))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """What was decided in a case is known to whoever may see the case."""
        return _of_visible_case(cls.case_id, actor)


append_only(ApprovalDecision)


def initiators_text(persons: tuple[str | None, ...]) -> str:
    r"""Return persons as a case stores them, in small letters and between line feeds, so that one is found by LIKE.

    >>> initiators_text(("Ling@Example.com", None, "ling@example.com", "wei@example.com"))
    '\nling@example.com\nwei@example.com\n'
    """
    names = dict.fromkeys(one.casefold() for one in persons if one)
    return "".join(f"\n{name}" for name in names) + "\n"


def _visible(cases: Any, actor: Actor) -> ColumnElement[bool]:
    """Return which cases an actor sees; ``cases`` is the mapped class or the columns of its table."""
    codes = sorted(one.value for one in actor.permissions)
    if not codes:
        return NOBODY
    permitted: ColumnElement[bool] = cases.view_permission.in_(codes)
    if actor.is_brand:
        return permitted
    within_branch = visible_within(cases.path, actor)
    if actor.partner_id is None:
        return and_(permitted, within_branch)
    steps = (
        inspect(ApprovalStep).local_table.alias().c
    )  # a table and no class: its own filter would ask for the case again
    is_asked = exists(select(steps.case_id).where(steps.case_id == cases.id, steps.partner_id == actor.partner_id))
    return and_(permitted, or_(within_branch, is_asked))


def _of_visible_case(case_id: Any, actor: Actor) -> ColumnElement[bool]:
    cases: Any = inspect(ApprovalCase).local_table.alias().c
    return exists(select(cases.id).where(cases.id == case_id, _visible(cases, actor)))
