"""Stores as a subject of approvals: what speaks against a store, and the effects of a decision about it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, object_session

from core.clock import now
from core.database.operations import Operation, run_operations
from core.database.sessions import actor_of
from core.errors import Conflict, Problem
from core.events.log import Event, EventDraft, record
from core.i18n import N_, translate
from core.permissions import Permission
from core.positions.points import cell_of
from models.approvals import ApprovalCase, CaseStatus, Decision
from models.partners.partners import PartnerStatus
from models.stores import (
    NEXT_STATUSES,
    STATUS_LABELS,
    FindingDecision,
    Store,
    StoreFinding,
    StorePhoto,
    StoreStatus,
)
from services.approvals.cases import open_case, open_cases, withdraw_cases
from services.approvals.subjects import (
    Approver,
    Document,
    DocumentColumns,
    Effects,
    LockedDocument,
    Refusals,
    Subject,
    Submission,
    Verb,
    WaitingStep,
    register_subject,
)
from services.free_texts import Note
from services.partners.tree import lock_tree
from services.states import count_change, moment
from services.stores.findings import assess_ids
from services.stores.ordering import partner_status, set_own_partner_status
from services.stores.positions import keep_positions, store_facts
from services.stores.queries import find_store, positions_of
from services.stores.rules import PROPOSALS

WAITING = (StoreStatus.APPLIED.value, StoreStatus.UNDER_REVIEW.value)
APPROVER = Approver(Permission.STORE_REVIEW)
_AFTER = frozenset({StoreStatus.ACTIVE.value, StoreStatus.CLOSED.value})  # an import writes either without a case
FACTS = ("score", "region", "latitude", "longitude", "datum", "accuracy_m", "position_source")
"""Columns of a store that a decision is about."""
PLACE = (
    "latitude", "longitude", "datum", "accuracy_m", "position_source", "fixed_at", "wgs84_latitude", "wgs84_longitude",
)  # fmt: skip
NOTE_REQUIRED = Problem("stores.note_required", N_("Say why: the person who registered the store reads it."))
_OPENED_BY = {PartnerStatus.APPLIED, PartnerStatus.UNDER_REVIEW, PartnerStatus.CLOSED}
_ENDED_WITH = set(PartnerStatus) - {PartnerStatus.CLOSED}
_REASON = {"see_all": "a case states all that speaks against a store, whoever submits it"}


def submit_store(session: Session, store: Store) -> None:
    """Open the case of a store that waits and has none."""
    run_operations(session, *open_case(STORE_APPROVALS, _documents(session, [store])[0], APPROVER))


def submit_stores(session: Session, codes: Sequence[str]) -> None:
    """Open the cases of stores that wait and have none; other ``codes`` are left out."""
    if codes:
        open_cases(session, STORE_APPROVALS, codes)


def withdraw_stores(session: Session, codes: Sequence[str]) -> None:
    """End the cases of stores that no longer wait although nobody decided; other ``codes`` are left out."""
    if codes:
        withdraw_cases(session, STORE_APPROVALS, codes)


def _lock(session: Session, code: str, waiting: Operation[list[WaitingStep]]) -> LockedDocument[Store]:
    lock_tree(session)  # before the store: a move of a branch locks the tree first and its stores then
    store = find_store(session, code, lock=True)
    return LockedDocument(store, _documents(session, [store])[0], waiting.run(session))


def _documents(session: Session, stores: Sequence[Any]) -> list[Document]:
    """Return what decisions about stores are about. ``stores`` have the columns of ``Store`` as attributes."""
    ids = [store.id for store in stores]
    findings: dict[int, list[tuple[str, int]]] = defaultdict(list)
    is_open = StoreFinding.store_id.in_(ids), StoreFinding.decision == FindingDecision.OPEN.value
    found = select(StoreFinding.store_id, StoreFinding.code, StoreFinding.points).where(*is_open)
    for store_id, code, points in session.execute(found.order_by(StoreFinding.id), execution_options=_REASON):
        findings[store_id].append((code, points))
    photos: dict[int, list[str]] = defaultdict(list)
    handed_in = select(StorePhoto.store_id, StorePhoto.sha256).where(StorePhoto.store_id.in_(ids))
    for store_id, sha256 in session.execute(handed_in.order_by(StorePhoto.id), execution_options=_REASON):
        photos[store_id].append(sha256)
    return [
        Document(
            key=store.code,
            path=store.path,
            version=store.version,
            facts={
                "store_version": store.version,
                **{name: getattr(store, name) for name in FACTS},
                "findings": [{"code": code, "points": points} for code, points in findings.get(store.id, ())],
                "photos": photos.get(store.id, []),
            },
            initiators=(),
        )
        for store in stores
    ]


def _submissions(session: Session, codes: Sequence[str]) -> list[Submission]:
    has_case = (
        select(ApprovalCase.id)
        .where(
            ApprovalCase.subject == STORE_APPROVALS.name,
            ApprovalCase.key == Store.code,
            ApprovalCase.status == CaseStatus.OPEN.value,
        )
        .exists()
    )
    columns = (Store.id, Store.code, Store.path, Store.version, Store.updated_at)
    query = select(*columns, *(getattr(Store, name) for name in FACTS))
    waiting = query.where(Store.code.in_(codes), Store.status.in_(WAITING), ~has_case)
    stores = session.execute(waiting.order_by(Store.id), execution_options=_REASON).all()
    return [
        Submission(document, (APPROVER,), store.updated_at)
        for store, document in zip(stores, _documents(session, stores), strict=True)
    ]


def _titles(session: Session, codes: Sequence[str]) -> Mapping[str, str]:
    stores = session.execute(select(Store.code, Store.name).where(Store.code.in_(codes)))
    return {store.code: store.name for store in stores}


def _accept(session: Session, store: Store, document: Document, note: Note) -> Effects:
    _settle(session, store, note)
    if partner_status(session, store) in _OPENED_BY:
        set_own_partner_status(session, store, PartnerStatus.ACTIVE)
    advance_store(session, store, StoreStatus.ACTIVE, "store.accepted", note)
    return Effects()


def _send_back(session: Session, store: Store, document: Document, note: Note) -> Effects:
    moved = _open_move(session, store)
    if moved is None:
        advance_store(session, store, StoreStatus.APPLIED, "store.sent_back", note)
        return Effects(next_approvers=(APPROVER,))  # it goes on waiting, for what is handed in now
    _put_back(session, store)
    actor = actor_of(session)
    moved.decision, moved.decided_at = FindingDecision.DISMISSED.value, now()
    moved.decided_by, moved.note = actor.person or actor.name, note
    session.flush()
    assess_ids(session, [store.id])
    session.refresh(store, ["score", "finding_count"])
    advance_store(session, store, StoreStatus.ACTIVE, "store.put_back", note)
    return Effects()


def _close(session: Session, store: Store, document: Document, note: Note) -> Effects:
    if partner_status(session, store) in _ENDED_WITH:
        set_own_partner_status(session, store, PartnerStatus.CLOSED)
    advance_store(session, store, StoreStatus.CLOSED, "store.closed", note)
    return Effects()


def advance_store(session: Session, store: Store, status: StoreStatus, action: str, note: Note) -> None:
    """Move a store, which is locked, to its next status, and record it."""
    changes = {"status": [store.status, status.value]}
    store.status = status.value
    count_change(store)
    session.flush()
    facts = {"note": note, "score": store.score} if note else {"score": store.score}
    record(session, action, "stores", [EventDraft(store.code, store.path, changes, facts, store.version)])


def already_decided(store: Store) -> Conflict:
    """Return the error for who came second."""
    session = object_session(store)
    query = select(Event).where(Event.subject == "stores", Event.subject_key == store.code)
    last = session.scalar(query.order_by(Event.id.desc()).limit(1)) if session else None
    return Conflict(
        "stores.already_decided",
        N_("Store {store} is “{status}” already, by {who} at {when}. Reload to see it as it is."),
        store=store.code,
        status=translate(STATUS_LABELS[StoreStatus(store.status)][0]),
        who=last.actor if last else "",
        when=moment(last.at if last else None),
    )


def _changed_meanwhile(store: Store) -> Conflict:
    return Conflict(
        "stores.changed_meanwhile",
        N_("Store {store} was changed while you had it open. Reload to see it as it is, then decide again."),
        store=store.code,
    )


def _settle(session: Session, store: Store, note: Note) -> None:
    """Accept what is open about a store; a position that is proposed for it still waits for somebody to take it."""
    actor = actor_of(session)
    opened = StoreFinding.store_id == store.id, StoreFinding.decision == FindingDecision.OPEN.value
    settled = update(StoreFinding).where(*opened, StoreFinding.code.not_in(PROPOSALS))
    decided = {"decided_by": actor.person or actor.name, "decided_at": now(), "note": note}
    session.execute(settled.values(decision=FindingDecision.ACCEPTED.value, **decided))
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


def _verbs() -> dict[str, Verb[Store]]:
    def before(*wanted: StoreStatus) -> dict[str, Any]:
        """Return the statuses that one of ``wanted`` may follow; a store that does not wait is submitted with it."""
        statuses = frozenset(one.value for one, following in NEXT_STATUSES.items() if following & set(wanted))
        return {"permission": Permission.STORE_REVIEW, "statuses": statuses, "opens": statuses - {*WAITING}}

    sent_back = before(StoreStatus.APPLIED, StoreStatus.ACTIVE)
    return {
        "accept": Verb(decision=Decision.APPROVED, effects=_accept, **before(StoreStatus.ACTIVE)),
        "send back": Verb(decision=Decision.RETURNED, effects=_send_back, reason=NOTE_REQUIRED, **sent_back),
        "close": Verb(decision=Decision.REJECTED, effects=_close, reason=NOTE_REQUIRED, **before(StoreStatus.CLOSED)),
    }


STORE_APPROVALS = register_subject(
    Subject(
        name="stores",
        view_permission=Permission.STORE_VIEW,
        lock=_lock,
        verbs=_verbs(),
        refusals=Refusals(
            wrong_status=already_decided,
            changed_meanwhile=_changed_meanwhile,
            undecidable=lambda session, store: already_decided(store),
        ),
        titles=_titles,
        waiting_keys=select(Store.code).where(Store.status.in_(WAITING)),
        submissions=_submissions,
        columns=DocumentColumns(key=Store.code, path=Store.path, status=Store.status),
        statuses_after={one: _AFTER for one in CaseStatus if one is not CaseStatus.OPEN},
    )
)
"""Stores: one decision by a holder of ``STORE_REVIEW``, who may have registered the store, too."""
