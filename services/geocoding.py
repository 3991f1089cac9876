"""Positions that a service found for the address of a store: proposals, until a person takes one over.

A proposal is a finding that takes no points off. Nothing is taken by itself: several proposals, and one that is far
from the stated region, say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import actor_of
from core.errors import Conflict, InvalidInput, NotFound
from core.events.log import EventDraft, record
from core.i18n import N_
from core.jobs.queueing import enqueue
from core.permissions import Permission
from core.positions.points import position_text, to_wgs84
from models.regions.table import region
from models.stores import FindingDecision, PositionSource, Store, StoreFinding, StoreStatus
from services.misplacement import misplaced
from services.partners.tree import lock_tree
from services.stores.approval import submit_stores
from services.stores.findings import assess_stores, file_findings
from services.stores.fixes import Fix
from services.stores.positions import keep_positions, put_position, store_facts
from services.stores.queries import find_store
from services.stores.rules import PROPOSALS, Facts, NewFinding, new_finding

JOB = "stores.geocode"


@dataclass(frozen=True, slots=True)
class PositionProposal:
    """A point that an address may mean, in degrees of ``datum``; ``provider`` found it.

    Attributes:
        accuracy_m: Radius in metres within which it probably is; None if nobody says.
    """

    latitude: float
    longitude: float
    datum: str
    provider: str
    accuracy_m: float | None


def ask_for_position(session: Session, code: str) -> str:
    """Let a job look up the address of a store, and return that address.

    Raises:
        NotPermitted: The actor may not change stores.
        NotFound: ``stores.not_found``.
        InvalidInput: ``stores.no_address``.
        Conflict: ``stores.has_position``, ``jobs.too_many``.
    """
    address = address_to_look_up(session, code)
    enqueue(session, JOB, dedupe=f"{JOB} {code}", store=code)
    return address


def address_to_look_up(session: Session, code: str) -> str:
    """Return the whole address of a store that has no position. Raises as ``ask_for_position``."""
    actor_of(session).require(Permission.STORE_EDIT)
    store = find_store(session, code)
    if store.latitude is not None:
        raise Conflict("stores.has_position", N_("Store {store} has a position already."), store=code)
    if not (store.address or "").strip():
        raise InvalidInput("stores.no_address", N_("Store {store} has no address to look up."), store=code)
    place = region(store.region) if store.region else None
    return f"{place.full_name.replace(' ', '') if place else ''}{(store.address or '').strip()}"


def propose_positions(session: Session, code: str, proposals: Sequence[PositionProposal]) -> None:
    """File what was found for the address of a store.

    Raises:
        InvalidInput: ``stores.address_not_found`` if it is nothing; and as ``ask_for_position``.
    """
    address_to_look_up(session, code)
    if not proposals:
        message = N_("The address of store {store} was not found. Write it out in full, or set the position.")
        raise InvalidInput("stores.address_not_found", message, store=code)
    store = find_store(session, code, lock=True)
    (facts,) = store_facts(session, [store.id])
    file_findings(session, facts, [_finding(facts, proposal, len(proposals)) for proposal in proposals])
    said = {"count": len(proposals), "provider": proposals[0].provider}
    record(session, "store.position_proposed", "stores", [EventDraft(store.code, store.path, data=said)])


def take_proposal(session: Session, finding_id: int) -> Store:
    """Give a store the position that was proposed; the other proposals are dismissed, and the store is looked at.

    Raises:
        NotPermitted: The actor may not change stores.
        NotFound: ``stores.finding_not_found``.
        Conflict: ``stores.finding_decided``, ``stores.has_position``, ``stores.wrong_status`` for a closed store.
    """
    actor = actor_of(session)
    actor.require(Permission.STORE_EDIT)
    of_proposal = StoreFinding.id == finding_id, StoreFinding.code.in_(PROPOSALS)
    code = session.scalar(select(Store.code).join(StoreFinding, StoreFinding.store_id == Store.id).where(*of_proposal))
    if code is None:
        raise NotFound("stores.finding_not_found", N_("There is no such finding any more. Reload to see what is left."))
    lock_tree(session)  # the findings and the case get the store's path: its branch must not move meanwhile
    store = find_store(session, code, lock=True)
    finding = session.get(StoreFinding, finding_id, populate_existing=True)
    if finding is None or finding.decision != FindingDecision.OPEN:
        raise Conflict("stores.finding_decided", N_("Somebody has decided about this finding meanwhile."))
    if store.latitude is not None:
        raise Conflict("stores.has_position", N_("Store {store} has a position already."), store=code)
    if store.status == StoreStatus.CLOSED:
        raise Conflict("stores.wrong_status", N_("Store {store} is closed."), store=code)
    put_position(store, _fix(finding.data))
    store.version, store.updated_at = store.version + 1, now()
    _decide(session, finding)
    session.flush()
    facts = store_facts(session, [store.id])
    keep_positions(session, facts, now(), fresh={store.id})
    was = store.status
    verdict = assess_stores(session, facts, to_review={store.id})[store.id]
    session.refresh(store, ["score", "finding_count", "status"])
    changes: dict[str, Any] = {"position": ["", _shown(store)]}
    if store.status != was:
        changes["status"] = [was, store.status]
        submit_stores(session, [code])
    said = {"score": verdict.score, "found": sorted(set(verdict.new_codes)), "provider": finding.data["provider"]}
    record(session, "store.moved", "stores", [EventDraft(store.code, store.path, changes, said)])
    return store


def _finding(store: Facts, proposal: PositionProposal, count: int) -> NewFinding:
    data = {
        "latitude": proposal.latitude,
        "longitude": proposal.longitude,
        "stated_datum": str(proposal.datum),
        "provider": proposal.provider,
        "accuracy_m": None if proposal.accuracy_m is None else round(proposal.accuracy_m),
        "alternatives": count,
    }
    latitude, longitude = to_wgs84(proposal.latitude, proposal.longitude, proposal.datum)
    place = misplaced(np.array([latitude]), np.array([longitude]), [store.region]).get(0)
    if place is not None and place.declared_m is not None:
        far = {"distance_m": round(place.declared_m), "region": store.region}
        return new_finding(store, "position.proposed_far", data | far)
    return new_finding(store, "position.proposed_even" if count > 1 else "position.proposed", data)


def _fix(data: dict[str, Any]) -> Fix:
    source = PositionSource.GEOCODER.value
    return Fix(data["latitude"], data["longitude"], data["stated_datum"], data["accuracy_m"], None, source)


def _decide(session: Session, taken: StoreFinding) -> None:
    """Accept a proposal and dismiss the others of the store."""
    actor = actor_of(session)
    decided = {"decided_by": actor.person or actor.name, "decided_at": now()}
    others = StoreFinding.store_id == taken.store_id, StoreFinding.code.in_(PROPOSALS), StoreFinding.id != taken.id
    still = StoreFinding.decision == FindingDecision.OPEN.value
    dismissed = decided | {"decision": FindingDecision.DISMISSED.value}
    session.execute(update(StoreFinding).where(*others, still).values(dismissed))
    session.execute(
        update(StoreFinding)
        .where(StoreFinding.id == taken.id)
        .values(decided | {"decision": FindingDecision.ACCEPTED.value})
    )


def _shown(store: Store) -> str:
    return f"{position_text(store.latitude or 0.0, store.longitude or 0.0)} {store.datum}"
