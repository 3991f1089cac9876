"""Deciding about stores: what was found is shown, people accept, send back or close. Each decision once."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import actor_of, transact
from core.errors import Conflict, DomainError, InvalidInput, NotFound
from core.events.log import Event, EventDraft, record
from core.i18n import N_, translate
from core.kinds.standard import MISSING
from core.permissions import Permission
from core.positions.points import cell_of
from models.partners.partners import PartnerStatus
from models.stores import (
    NEXT_STATUSES,
    STATUS_LABELS,
    FindingDecision,
    Store,
    StoreFinding,
    StorePhoto,
    StorePosition,
    StoreStatus,
)
from services.outcomes import Outcome
from services.partners.tree import lock_tree
from services.states import moment
from services.stores.findings import assess_ids, rescore
from services.stores.ordering import partner_status, set_own_partner_status
from services.stores.positions import keep_positions, store_facts
from services.stores.rules import PROPOSALS
from services.stores.saving import find_store

WAITING = (StoreStatus.APPLIED.value, StoreStatus.UNDER_REVIEW.value)
WAITING_MAX = 200
EACH_MAX = 500
PLACE = (
    "latitude", "longitude", "datum", "accuracy_m", "position_source", "fixed_at", "wgs84_latitude", "wgs84_longitude",
)  # fmt: skip
_OPENED_BY = {PartnerStatus.APPLIED, PartnerStatus.UNDER_REVIEW, PartnerStatus.CLOSED}
_ENDED_WITH = set(PartnerStatus) - {PartnerStatus.CLOSED}


def decide_store(session: Session, code: str, note: str = "", *, version: int | None = None) -> Store:
    """Accept a store: it is active, what was found is known and accepted, and its own partner row, if any, is active.

    Args:
        session: The caller's.
        code: Of the store.
        note: Reason.
        version: That the person saw.

    Raises:
        NotPermitted: The actor may not review stores.
        NotFound: ``stores.not_found``.
        Conflict: ``stores.already_decided``, ``stores.changed_meanwhile``.
    """
    store = _lock(session, code, version, StoreStatus.ACTIVE)
    _settle(session, store, FindingDecision.ACCEPTED, note)
    if partner_status(session, store) in _OPENED_BY:
        set_own_partner_status(session, store, PartnerStatus.ACTIVE)
    return _move_on(session, store, StoreStatus.ACTIVE, "store.accepted", note)


def send_back_store(session: Session, code: str, note: str, *, version: int | None = None) -> Store:
    """Send a store back to who registered it. One that was moved is put back where it was, and is active there.

    Raises:
        InvalidInput: ``stores.note_required``.
        NotPermitted, NotFound, Conflict: As ``decide_store``.
    """
    _require_note(note)
    store = _lock(session, code, version, StoreStatus.APPLIED, StoreStatus.ACTIVE)
    moved = _open_move(session, store)
    if moved is None:
        return _move_on(session, store, StoreStatus.APPLIED, "store.sent_back", note)
    _put_back(session, store)
    moved.decision, moved.decided_by, moved.decided_at = FindingDecision.DISMISSED.value, *_who(session)
    moved.note = note
    session.flush()
    assess_ids(session, [store.id])
    session.refresh(store, ["score", "finding_count"])
    return _move_on(session, store, StoreStatus.ACTIVE, "store.put_back", note)


def close_store(session: Session, code: str, note: str, *, version: int | None = None) -> Store:
    """Close a store, with its own partner row if it has one. Raises as ``send_back_store``."""
    _require_note(note)
    store = _lock(session, code, version, StoreStatus.CLOSED)
    if partner_status(session, store) in _ENDED_WITH:
        set_own_partner_status(session, store, PartnerStatus.CLOSED)
    return _move_on(session, store, StoreStatus.CLOSED, "store.closed", note)


def reopen_store(session: Session, code: str, note: str) -> Store:
    """Look at a closed store again. Raises as ``send_back_store``."""
    _require_note(note)
    store = _lock(session, code, None, StoreStatus.UNDER_REVIEW)
    assess_ids(session, [store.id])
    session.refresh(store, ["score", "finding_count"])
    return _move_on(session, store, StoreStatus.UNDER_REVIEW, "store.reopened", note)


def dismiss_finding(session: Session, finding_id: int, note: str = "") -> StoreFinding:
    """Say that a finding is nothing: it takes nothing off the score any more, and is not found again as it is.

    Raises:
        NotPermitted: The actor may not review stores.
        NotFound: ``stores.finding_not_found``.
        Conflict: ``stores.finding_decided``.
    """
    actor_of(session).require(Permission.STORE_REVIEW)
    code = session.scalar(select(Store.code).join(StoreFinding, StoreFinding.store_id == Store.id)
                          .where(StoreFinding.id == finding_id))  # fmt: skip
    if code is None:
        raise NotFound("stores.finding_not_found", N_("There is no such finding any more. Reload to see what is left."))
    store = find_store(session, code, lock=True)
    finding = session.get(StoreFinding, finding_id, populate_existing=True)
    if finding is None or finding.decision != FindingDecision.OPEN:
        raise Conflict("stores.finding_decided", N_("Somebody has decided about this finding meanwhile."))
    finding.decision, finding.decided_by, finding.decided_at = FindingDecision.DISMISSED.value, *_who(session)
    finding.note = note
    session.flush()
    rescore(session, [store.id])
    facts = {"finding": finding.code, "note": note}
    record(session, "store.finding_dismissed", "stores", [EventDraft(store.code, store.path, data=facts)])
    return finding


def accept_stores(session: Session, keys: Sequence[str], note: str = "") -> list[Outcome]:
    """Accept many stores, see ``decide_store``. The session only says who acts: it must not have been used to write."""
    return _each(session, keys, lambda own, code: decide_store(own, code, note))


def close_stores(session: Session, keys: Sequence[str], note: str) -> list[Outcome]:
    """Close many stores, see ``close_store``."""
    _require_note(note)
    return _each(session, keys, lambda own, code: close_store(own, code, note))


def stores_under_review(session: Session, *, limit: int = WAITING_MAX, status: str = "") -> list[Store]:
    """Return the stores that wait for a decision: worst score first, of equal ones who waits longest.

    Raises:
        NotPermitted: The actor may not review stores.
    """
    actor_of(session).require(Permission.STORE_REVIEW)
    query = select(Store).where(Store.status.in_([status] if status in WAITING else WAITING))
    worst_first = query.order_by(func.coalesce(Store.score, 0), Store.updated_at, Store.id)
    return list(session.scalars(worst_first.limit(limit)))


def stores_under_review_count(session: Session) -> int:
    """Return how many stores wait for a decision. Raises as ``stores_under_review``."""
    actor_of(session).require(Permission.STORE_REVIEW)
    return session.scalar(select(func.count()).select_from(Store).where(Store.status.in_(WAITING))) or 0


def store_findings(session: Session, store_id: int) -> list[StoreFinding]:
    """Return what was found about a store, what is open and weighs most first."""
    actor_of(session).require(Permission.STORE_VIEW)
    query = select(StoreFinding).where(StoreFinding.store_id == store_id)
    is_open = StoreFinding.decision == FindingDecision.OPEN.value
    return list(session.scalars(query.order_by(is_open.desc(), StoreFinding.points.desc(), StoreFinding.id)))


def positions_of(session: Session, store_id: int) -> list[StorePosition]:
    """Return where a store is and was, newest first."""
    actor_of(session).require(Permission.STORE_VIEW)
    query = select(StorePosition).where(StorePosition.store_id == store_id)
    return list(session.scalars(query.order_by(StorePosition.valid_from.desc(), StorePosition.id.desc())))


def photos_of(session: Session, store_id: int) -> list[StorePhoto]:
    """Return the photos of a store, newest first."""
    actor_of(session).require(Permission.STORE_VIEW)
    query = select(StorePhoto).where(StorePhoto.store_id == store_id)
    return list(session.scalars(query.order_by(StorePhoto.id.desc())))


def _lock(session: Session, code: str, version: int | None, *wanted: StoreStatus) -> Store:
    """Return a store as it is now, nobody else's until the transaction ends, if one of ``wanted`` may follow."""
    actor_of(session).require(Permission.STORE_REVIEW)
    lock_tree(session)  # before the store: a move of a branch locks the tree first and its stores then
    store = find_store(session, code, lock=True)
    if not NEXT_STATUSES[StoreStatus(store.status)] & set(wanted):
        raise _decided(session, store)
    if version is not None and store.version != version:
        raise Conflict(
            "stores.changed_meanwhile",
            N_("Store {store} was changed while you had it open. Reload to see it as it is, then decide again."),
            store=code,
        )
    return store


def _decided(session: Session, store: Store) -> Conflict:
    """Return the error for who came second."""
    query = select(Event).where(Event.subject == "stores", Event.subject_key == store.code)
    last = session.scalar(query.order_by(Event.id.desc()).limit(1))
    return Conflict(
        "stores.already_decided",
        N_("Store {store} is “{status}” already, by {who} at {when}. Reload to see it as it is."),
        store=store.code,
        status=translate(STATUS_LABELS[StoreStatus(store.status)][0]),
        who=last.actor if last else "",
        when=moment(last.at if last else None),
    )


def _move_on(session: Session, store: Store, status: StoreStatus, action: str, note: str) -> Store:
    changes = {"status": [store.status, status.value]}
    store.status, store.version, store.updated_at = status.value, store.version + 1, now()
    session.flush()
    facts = {"note": note, "score": store.score} if note else {"score": store.score}
    record(session, action, "stores", [EventDraft(store.code, store.path, changes, facts, store.version)])
    return store


def _settle(session: Session, store: Store, decision: FindingDecision, note: str) -> None:
    """Close what is open about a store; a position that is proposed for it still waits for somebody to take it."""
    opened = StoreFinding.store_id == store.id, StoreFinding.decision == FindingDecision.OPEN.value
    person, at = _who(session)
    settled = update(StoreFinding).where(*opened, StoreFinding.code.not_in(PROPOSALS))
    session.execute(settled.values(decision=decision.value, decided_by=person, decided_at=at, note=note))
    store.finding_count = session.scalar(select(func.count()).select_from(StoreFinding).where(*opened)) or 0


def _open_move(session: Session, store: Store) -> StoreFinding | None:
    is_open = StoreFinding.decision == FindingDecision.OPEN.value
    query = select(StoreFinding).where(StoreFinding.store_id == store.id, is_open)
    return session.scalar(query.where(StoreFinding.code == "position.moved").limit(1))


def _put_back(session: Session, store: Store) -> None:
    """Put a store back where it was before it was moved last; that it was moved stays in its history."""
    now_and_before = positions_of(session, store.id)[:2]
    if len(now_and_before) == 2:
        before = now_and_before[1]
        for name in PLACE:
            setattr(store, name, getattr(before, name))
        store.cell = _cell(store)
        session.flush()
        keep_positions(session, store_facts(session, [store.id]), now(), fresh=set())


def _cell(store: Store) -> int | None:
    if store.wgs84_latitude is None or store.wgs84_longitude is None:
        return None
    return cell_of(store.wgs84_latitude, store.wgs84_longitude)


def _who(session: Session) -> tuple[str, datetime]:
    actor = actor_of(session)
    return actor.person or actor.name, now()


def _require_note(note: str) -> None:
    if not note.strip():
        raise InvalidInput(
            "stores.note_required",
            N_("Say why: the person who registered the store reads it."),
            fields={"note": MISSING},
        )


def _each(session: Session, keys: Sequence[str], step: Callable[[Session, str], object]) -> list[Outcome]:
    """Take ``step`` for each store in a unit of work of its own, so that a refused one leaves the others done."""
    actor = actor_of(session)
    actor.require(Permission.STORE_REVIEW)
    if len(keys) > EACH_MAX:
        raise InvalidInput(
            "stores.too_many",
            N_("At most {limit} stores can be changed at once; these are {count}. Select fewer."),
            limit=EACH_MAX,
            count=len(keys),
        )
    outcomes = []
    for code in dict.fromkeys(keys):
        try:
            transact(actor, lambda own, code=code: step(own, code))  # type: ignore[misc]
            outcomes.append(Outcome(code))
        except DomainError as refused:
            outcomes.append(Outcome(code, refused.problem))
    return outcomes
