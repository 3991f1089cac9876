"""Stores that order: each is a leaf of the channel tree, a partner of tier ``store`` with the store's own code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.clock import today
from core.database.chunks import in_chunks
from core.database.paths import segment
from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import CellProblem, Conflict, InvalidInput, NotFound
from core.events.log import EventDraft, record
from core.i18n import N_
from core.permissions import Permission
from models.approvals import ApprovalCase
from models.partners.partners import Affiliation, Partner, PartnerStatus
from models.stores import Store, StoreFinding, StorePhoto, StorePosition, StoreStatus
from services.free_texts import parse_note
from services.partners.saving import PLAN as PARTNER_PLAN
from services.partners.saving import save_partners
from services.partners.tree import lock_tree, reserve_ids, tier_problem
from services.saving.plans import SaveOptions
from services.states import lock_one

TIER = "store"
PARTNER_COLUMNS = (
    "name", "tier", "upstream_id", "contact", "phone", "region", "address", "status", "credit_limit_cents",
    "valid_from",
)  # fmt: skip
"""Of the partner that a store becomes: recorded with its creation."""
REASON = {"see_all": "a code belongs to one partner of the whole brand, and an upstream is whose it is, seen or not"}
FOLLOWERS = (StorePosition, StoreFinding, StorePhoto)


@dataclass(slots=True)
class Ordering:
    """Ordering stores among drafts.

    Attributes:
        paths: Code → path of its own row among the partners, as it is now.
        moving: Row number → code of its own partner row, of those that change their upstream.
        problems: Of those that cannot be moved.
    """

    paths: dict[str, str] = field(default_factory=dict)
    moving: dict[int, str] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)


def allow_ordering(session: Session, code: str) -> Store:
    """Allow a store to order: create its partner row, or reactivate it.

    Raises:
        NotPermitted: The actor may not review stores.
        NotFound: ``stores.not_found``.
        Conflict: ``stores.not_active``, ``stores.code_of_partner``.
        InvalidInput: ``partners.tier_not_allowed``.
    """
    actor_of(session).require(Permission.STORE_REVIEW)
    lock_tree(session)
    store = _lock_store(session, code)
    if store.status != StoreStatus.ACTIVE:
        raise Conflict("stores.not_active", N_("Store {store} is not active, so it cannot order."), store=code)
    if store.ordering_partner_id is None:
        assign_partner(session, store, PartnerStatus.ACTIVE)
    else:
        set_own_partner_status(session, store, PartnerStatus.ACTIVE)
    record(session, "store.ordering_allowed", "stores", [EventDraft(store.code, store.path)])
    return store


def stop_ordering(session: Session, code: str, note: str) -> Store:
    """Stop a store from ordering: its partner row is frozen and kept.

    Raises:
        NotPermitted: The actor may not review stores.
        NotFound: ``stores.not_found``.
        Conflict: ``stores.does_not_order``.
        InvalidInput: As ``parse_note``.
    """
    actor_of(session).require(Permission.STORE_REVIEW)
    checked = parse_note(note)
    lock_tree(session)
    store = _lock_store(session, code)
    if store.ordering_partner_id is None:
        raise Conflict("stores.does_not_order", N_("Store {store} does not order by itself."), store=code)
    set_own_partner_status(session, store, PartnerStatus.FROZEN)
    record(session, "store.ordering_stopped", "stores", [EventDraft(store.code, store.path, data={"note": checked})])
    return store


def assign_partner(session: Session, store: Store, status: PartnerStatus) -> Partner:
    """Assign a store its partner row: an existing one with its code and upstream, else a new one.

    Needs ``lock_tree``; the caller has checked who may do this.

    Raises:
        Conflict: ``stores.code_of_partner``.
        InvalidInput: ``partners.tier_not_allowed``.
    """
    own = session.scalar(select(Partner).where(Partner.code == store.code), execution_options=REASON)
    if own is None:
        own = _new_partner(session, store, status)
    elif own.tier != TIER or own.upstream_id != store.partner_id:
        raise Conflict(
            "stores.code_of_partner",
            N_("A partner has the code {store} already, so the store cannot order under it."),
            store=store.code,
        )
    store.ordering_partner_id = own.id
    session.flush()
    move_under(session, store, own.path)
    return own


def move_under(session: Session, store: Store, path: str) -> None:
    """Move a store, with its dependent rows, into a branch."""
    store.path = path
    session.flush()
    cascade_paths(session, [store.id])


def cascade_paths(session: Session, ids: Sequence[int]) -> None:
    """Move the dependent rows of stores, and the cases about them, to where the stores are stored by now."""
    options = REASON | {"synchronize_session": False}
    for some in in_chunks(ids):
        for model in FOLLOWERS:
            path = select(Store.path).where(Store.id == model.store_id).scalar_subquery()
            session.execute(update(model).where(model.store_id.in_(some)).values(path=path), execution_options=options)
        path = select(Store.path).where(Store.code == ApprovalCase.key).scalar_subquery()
        codes = select(Store.code).where(Store.id.in_(some))
        about = update(ApprovalCase).where(ApprovalCase.subject == "stores", ApprovalCase.key.in_(codes))
        session.execute(about.values(path=path), execution_options=options)


def set_own_partner_status(session: Session, store: Store, status: PartnerStatus) -> None:
    """Change the status of a store's own row among the partners by the partners' own rules."""
    code = session.scalar(select(Partner.code).where(Partner.id == store.ordering_partner_id))
    drafts = Drafts([1], {"code": [code], "status": [status.value]})
    save_partners(session, drafts, SaveOptions()).or_refuse()


def partner_status(session: Session, store: Store) -> PartnerStatus | None:
    """Return the status of a store's own row among the partners; None if it has none."""
    status = session.scalar(select(Partner.status).where(Partner.id == store.ordering_partner_id))
    return PartnerStatus(status) if status else None


def ordering_stores(
    session: Session, drafts: Drafts, ordering: Mapping[str, int | None], partners: Mapping[int, Any]
) -> Ordering:
    """Return which of the drafts' stores order, and which of these change their upstream.

    Args:
        session: That of the change; the tree is locked if any is to move.
        drafts: Of stores, with or without ``partner``.
        ordering: Code → id of the store's own row among the partners.
        partners: Row number → (id, path, tier) of the partner stated there.
    """
    found = Ordering()
    own = {code: row for row, code in zip(drafts.rows, drafts.columns["code"], strict=True) if ordering.get(code)}
    if "partner" not in drafts.columns or not own:
        return found
    lock_tree(session)
    standing = _standing(session, [ordering[code] for code in own])
    for code, row in own.items():
        now = standing[ordering[code] or 0]
        found.paths[code] = now.path
        upstream = partners.get(row)
        if now.upstream_id == (upstream[0] if upstream else None):
            continue
        problem = tier_problem(TIER, upstream[2]) if upstream else None
        if problem is None:
            found.moving[row] = now.code
        else:
            found.problems.append(CellProblem(row, "partner", "", problem))
    return found


def follow_stores(session: Session, drafts: Drafts, ordering: Ordering) -> None:
    """Move the partner rows of saved stores, with their branches, to the stores' new upstreams."""
    moving = [(row, partner) for row, partner in zip(drafts.rows, drafts.columns.get("partner", ()), strict=False)
              if row in ordering.moving]  # fmt: skip
    if moving:
        codes = [ordering.moving[row] for row, _ in moving]
        stated = Drafts([row for row, _ in moving], {"code": codes, "upstream": [partner for _, partner in moving]})
        save_partners(session, stated, SaveOptions()).or_refuse()


def hold_partners(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Lock partners against moves until the transaction ends; return id → path."""
    wanted = sorted(set(ids))
    held: dict[int, str] = {}
    for chunk in in_chunks(wanted):
        query = select(Partner.id, Partner.path).where(Partner.id.in_(chunk))
        locked = query.order_by(Partner.id).with_for_update(read=True)
        held.update((one, path) for one, path in session.execute(locked, execution_options=REASON))
    return held


def _standing(session: Session, ids: Sequence[int | None]) -> dict[int, Any]:
    wanted = [one for one in ids if one is not None]
    found: dict[int, Any] = {}
    for chunk in in_chunks(wanted):
        query = select(Partner.id, Partner.code, Partner.upstream_id, Partner.path)
        chosen = query.where(Partner.id.in_(chunk))
        found.update((row.id, row) for row in session.execute(chosen))
    return found


def _lock_store(session: Session, code: str) -> Store:
    store = lock_one(session, select(Store).where(Store.code == code))
    if store is None:
        raise NotFound("stores.not_found", N_("There is no store {store}."), store=code)
    return store


def _new_partner(session: Session, store: Store, status: PartnerStatus) -> Partner:
    upstream = session.scalar(select(Partner).where(Partner.id == store.partner_id), execution_options=REASON)
    problem = tier_problem(TIER, upstream.tier) if upstream else None
    if problem is not None:
        raise InvalidInput(problem.code, N_("Stores cannot stand under a partner of this tier, so it cannot order."))
    (partner_id,) = reserve_ids(session, 1)
    partner = Partner(
        id=partner_id,
        code=store.code,
        name=store.name,
        tier=TIER,
        upstream_id=store.partner_id,
        path=(upstream.path if upstream else "") + segment(partner_id),
        contact=store.contact,
        phone=store.phone,
        region=store.region,
        address=store.address,
        status=status.value,
        credit_limit_cents=None if actor_of(session).can(Permission.PARTNER_CREDIT_EDIT) else 0,
        valid_from=today(),
    )
    session.add(partner)
    session.flush()
    session.add(
        Affiliation(
            partner_id=partner.id, upstream_id=partner.upstream_id, path=partner.path, valid_from=partner.valid_from
        )
    )
    data, values = {"store": store.code}, PARTNER_PLAN.values_of(partner, PARTNER_COLUMNS)
    happening = EventDraft(partner.code, partner.path, data=data, version=1, created_values=values)
    record(session, "partner.created", "partners", [happening])
    return partner
