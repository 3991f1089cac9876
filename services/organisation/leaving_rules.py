"""Leaving rules: what becomes of rows that name a leaver, for every column that names a person.

A test finds all foreign keys to ``users`` and all columns that name a person by e-mail (``person`` and ``…_by``), so
that a new one without a rule fails it. ``services/installation/checks`` verifies every rule.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, true
from sqlalchemy.orm import InstrumentedAttribute

from core.clock import now
from core.jobs.rows import Job, JobStatus
from models.accounts.departments import Department
from models.accounts.sessions import KnownDevice, OneTimeLink, RecoveryCode, SessionState, UserSession
from models.accounts.tokens import ApiToken
from models.accounts.users import User
from models.customers import Customer
from models.imports import ImportBatch, ImportStatus
from models.orders import Order, OrderStatus
from models.partners.invites import Invite


class LeavingOutcome(StrEnum):
    """Outcome for rows that name the leaver."""

    HANDED_OVER = "handed_over"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Rule:
    """Rule for open rows of one table that name the leaver.

    Attributes:
        column: Mapped attribute that names the person: by number, or by e-mail.
        outcome: See ``LeavingOutcome``.
        is_open: Which rows still count; a function, as some ask for the time.
    """

    column: InstrumentedAttribute[Any]
    outcome: LeavingOutcome
    is_open: Callable[[], ColumnElement[bool]] = true

    @property
    def by_number(self) -> bool:
        """Return whether people are named by their number and not by their e-mail."""
        return isinstance(self.column.type, Integer)

    def names(self, user: User) -> ColumnElement[bool]:
        """Return the condition that a row is open and names ``user``."""
        return and_(self.column == (user.id if self.by_number else user.email), self.is_open())


OPEN_IMPORTS = (ImportStatus.DRAFT.value, ImportStatus.RUNNING.value, ImportStatus.CANCELLED.value)


def _unused_links() -> ColumnElement[bool]:
    return and_(OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > now())


def _usable_invites() -> ColumnElement[bool]:
    return and_(Invite.revoked_at.is_(None), Invite.expires_at > now(), Invite.used_count < Invite.uses_max)


def _waiting_jobs() -> ColumnElement[bool]:
    return and_(Job.status.in_((JobStatus.WAITING.value, JobStatus.RUNNING.value)), Job.cancel_asked.is_(False))


def _open_sessions() -> ColumnElement[bool]:
    return and_(UserSession.state != SessionState.ENDED.value, UserSession.expires_at > now())


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "customers.owner_id": Rule(Customer.owner_id, LeavingOutcome.HANDED_OVER),
        "orders.placed_by": Rule(
            Order.placed_by, LeavingOutcome.HANDED_OVER, lambda: Order.status == OrderStatus.DRAFT.value
        ),
        "users.manager_id": Rule(User.manager_id, LeavingOutcome.HANDED_OVER, lambda: User.left_at.is_(None)),
        "departments.manager_id": Rule(Department.manager_id, LeavingOutcome.HANDED_OVER),
        "import_batches.person": Rule(
            ImportBatch.person, LeavingOutcome.HANDED_OVER, lambda: ImportBatch.status.in_(OPEN_IMPORTS)
        ),
        "invites.made_by": Rule(Invite.made_by, LeavingOutcome.HANDED_OVER, _usable_invites),
        "one_time_links.user_id": Rule(OneTimeLink.user_id, LeavingOutcome.ENDED, _unused_links),
        "one_time_links.made_by": Rule(OneTimeLink.made_by, LeavingOutcome.ENDED, _unused_links),
        "user_sessions.user_id": Rule(UserSession.user_id, LeavingOutcome.ENDED, _open_sessions),
        "api_tokens.user_id": Rule(ApiToken.user_id, LeavingOutcome.ENDED, lambda: ApiToken.revoked_at.is_(None)),
        "api_tokens.person": Rule(ApiToken.person, LeavingOutcome.ENDED, lambda: ApiToken.revoked_at.is_(None)),
        "known_devices.user_id": Rule(KnownDevice.user_id, LeavingOutcome.ENDED),
        "recovery_codes.user_id": Rule(RecoveryCode.user_id, LeavingOutcome.ENDED),
        "jobs.person": Rule(Job.person, LeavingOutcome.ENDED, _waiting_jobs),
    }
)
"""Column → rule for open rows."""

HISTORY: Mapping[str, str] = MappingProxyType(
    {
        "events.person": "the audit log is never changed",
        "approval_decisions.person": "who decided is never changed",
        "orders.submitted_by": "who submitted is history; somebody else has to decide in any case",
        "orders.decided_by": "who decided is history",
        "orders.shipped_by": "who shipped is history",
        "applications.entered_by": "who typed it in is history; the brand decides, with any of its staff",
        "applications.upstream_by": "who confirmed is history",
        "applications.decided_by": "who decided is history",
        "affiliation_requests.asked_by": "the requester is history; a request stands for its partner",
        "affiliation_requests.owner_by": "who consented is history",
        "affiliation_requests.upstream_by": "who consented is history",
        "affiliation_requests.objected_by": "who objected is history",
        "affiliation_requests.decided_by": "who decided is history",
        "stores.registered_by": "who registered it is history; a store belongs to its partner",
        "store_positions.person": "who stated a position is history",
        "store_findings.decided_by": "who decided is history",
        "store_photos.person": "who brought a picture is history",
        "api_tokens.confirmed_by": "who confirmed is history; the key ends with who made it",
        "notifications.person": "what a reader was notified of is history; it is purged with its retention",
        "files.person": "files of open imports go along with them; others are only named by what came of them",
    }
)
"""Column → why it may keep naming a person who has left."""
