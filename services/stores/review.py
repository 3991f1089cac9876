"""Review of stores: what was found is shown, people accept, send back or close. Each decision once."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import actor_of
from core.errors import Conflict, NotFound, Problem
from core.events.log import EventDraft, record
from core.i18n import N_
from core.permissions import Permission
from models.stores import NEXT_STATUSES, FindingDecision, Store, StoreFinding, StoreStatus
from services.approvals.cases import decide
from services.approvals.worklist import waiting_count, waiting_keys
from services.free_texts import parse_note, require_note
from services.outcomes import Outcome, each
from services.partners.tree import lock_tree
from services.stores.approval import (
    NOTE_REQUIRED,
    STORE_APPROVALS,
    WAITING,
    advance_store,
    already_decided,
    submit_store,
)
from services.stores.findings import assess_ids, rescore
from services.stores.queries import find_store

WAITING_MAX = 200
TOO_MANY = Problem(
    "stores.too_many", N_("At most {limit} stores can be changed at once; these are {count}. Select fewer.")
)


def decide_store(session: Session, code: str, note: str = "", *, version: int | None = None) -> Store:
    """Accept a store: it is active, what was found is known and accepted, and its own partner row, if any, is active.

    Args:
        session: Session of the caller.
        code: Code of the store.
        note: Reason; may be empty.
        version: Version that the person saw.

    Raises:
        NotPermitted: The actor may not review stores.
        NotFound: ``stores.not_found``.
        Conflict: ``stores.already_decided``, ``stores.changed_meanwhile``.
        InvalidInput: As ``parse_note``.
    """
    return decide(session, STORE_APPROVALS, code, "accept", parse_note(note), version=version).row


def send_back_store(session: Session, code: str, note: str, *, version: int | None = None) -> Store:
    """Send a store back to who registered it. One that was moved is put back where it was, and is active there.

    Raises:
        InvalidInput: ``stores.note_required``, or as ``parse_note``.
        NotPermitted, NotFound, Conflict: As ``decide_store``.
    """
    required = require_note(note, NOTE_REQUIRED, "note")
    return decide(session, STORE_APPROVALS, code, "send back", required, version=version).row


def close_store(session: Session, code: str, note: str, *, version: int | None = None) -> Store:
    """Close a store, with its own partner row if it has one. Raises as ``send_back_store``."""
    required = require_note(note, NOTE_REQUIRED, "note")
    return decide(session, STORE_APPROVALS, code, "close", required, version=version).row


def reopen_store(session: Session, code: str, note: str) -> Store:
    """Look at a closed store again. Raises as ``send_back_store``."""
    required = require_note(note, NOTE_REQUIRED, "note")
    actor_of(session).require(Permission.STORE_REVIEW)
    lock_tree(session)  # before the store: a move of a branch locks the tree first and its stores then
    store = find_store(session, code, lock=True)
    if StoreStatus.UNDER_REVIEW not in NEXT_STATUSES[StoreStatus(store.status)]:
        raise already_decided(store)
    waits = store.status in WAITING
    assess_ids(session, [store.id])
    session.refresh(store, ["score", "finding_count"])
    advance_store(session, store, StoreStatus.UNDER_REVIEW, "store.reopened", required)
    if not waits:
        submit_store(session, store)
    return store


def dismiss_finding(session: Session, finding_id: int, note: str = "") -> StoreFinding:
    """Say that a finding is nothing: it takes nothing off the score any more, and is not found again as it is.

    Raises:
        NotPermitted: The actor may not review stores.
        NotFound: ``stores.finding_not_found``.
        Conflict: ``stores.finding_decided``.
        InvalidInput: As ``parse_note``.
    """
    actor = actor_of(session)
    actor.require(Permission.STORE_REVIEW)
    checked = parse_note(note)
    code = session.scalar(select(Store.code).join(StoreFinding, StoreFinding.store_id == Store.id)
                          .where(StoreFinding.id == finding_id))  # fmt: skip
    if code is None:
        raise NotFound("stores.finding_not_found", N_("There is no such finding any more. Reload to see what is left."))
    store = find_store(session, code, lock=True)
    finding = session.get(StoreFinding, finding_id, populate_existing=True)
    if finding is None or finding.decision != FindingDecision.OPEN:
        raise Conflict("stores.finding_decided", N_("Somebody has decided about this finding meanwhile."))
    finding.decision, finding.decided_at = FindingDecision.DISMISSED.value, now()
    finding.decided_by, finding.note = actor.person or actor.name, checked
    session.flush()
    rescore(session, [store.id])
    facts = {"finding": finding.code, "note": checked}
    record(session, "store.finding_dismissed", "stores", [EventDraft(store.code, store.path, data=facts)])
    return finding


def accept_stores(session: Session, keys: Sequence[str], note: str = "") -> list[Outcome]:
    """Accept many stores, see ``decide_store``. The session only says who acts: it must not have been used to write."""
    actor = actor_of(session)
    actor.require(Permission.STORE_REVIEW)
    checked = parse_note(note)
    return each(actor, keys, lambda own, code: decide_store(own, code, checked), too_many=TOO_MANY)


def close_stores(session: Session, keys: Sequence[str], note: str) -> list[Outcome]:
    """Close many stores, see ``close_store``."""
    required = require_note(note, NOTE_REQUIRED, "note")
    actor = actor_of(session)
    actor.require(Permission.STORE_REVIEW)
    return each(actor, keys, lambda own, code: close_store(own, code, required), too_many=TOO_MANY)


def stores_under_review(session: Session, *, limit: int = WAITING_MAX, status: str = "") -> list[Store]:
    """Return the stores that wait for the session's person: worst score first, of equal ones who waits longest.

    Raises:
        NotPermitted: The actor may not review stores.
    """
    actor = actor_of(session)
    actor.require(Permission.STORE_REVIEW)
    query = select(Store).where(Store.status.in_([status] if status in WAITING else WAITING))
    waiting = query.where(Store.code.in_(waiting_keys(actor, STORE_APPROVALS.name)))
    worst_first = waiting.order_by(func.coalesce(Store.score, 0), Store.updated_at, Store.id)
    return list(session.scalars(worst_first.limit(limit)))


def stores_under_review_count(session: Session) -> int:
    """Return how many stores wait for the session's person. Raises as ``stores_under_review``."""
    actor_of(session).require(Permission.STORE_REVIEW)
    return waiting_count(session, STORE_APPROVALS.name)
