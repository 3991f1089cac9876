"""Queries of stores: a store by its code, its findings, positions and photos, names by id."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.errors import NotFound
from core.i18n import N_
from core.permissions import Permission
from models.stores import FindingDecision, Store, StoreFinding, StorePhoto, StorePosition
from services.states import lock_one
from services.stores.findings import lock_stores


def find_store(session: Session, code: str, *, lock: bool = False) -> Store:
    """Return a store. Raises ``NotFound`` ``stores.not_found``, also if the actor may not see it."""
    if lock:
        lock_stores(session)
    query = select(Store).where(Store.code == code)
    store = lock_one(session, query) if lock else session.scalar(query)
    if store is None:
        raise NotFound("stores.not_found", N_("There is no store {store}."), store=code)
    return store


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


def find_photo(session: Session, code: str, photo_id: int) -> StorePhoto:
    """Return a photo of a store that the actor sees.

    Raises:
        NotFound: ``pictures.not_found``; the same for an unknown and an invisible one.
    """
    query = select(StorePhoto).join(Store, Store.id == StorePhoto.store_id)
    photo = session.scalars(query.where(StorePhoto.id == photo_id, Store.code == code)).one_or_none()
    if photo is None:
        raise NotFound("pictures.not_found", N_("There is no such picture, or you may not see it."))
    return photo


def store_labels(session: Session, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return row number → (code, name) of those of ``ids`` that the actor may see."""
    rows = session.execute(select(Store.id, Store.code, Store.name).where(Store.id.in_(ids)))
    return {number: (code, name) for number, code, name in rows}


def stores_coded(session: Session, code: str, statuses: Collection[str]) -> list[Store]:
    """Return the store of a code, if it is in one of ``statuses``."""
    return list(session.scalars(select(Store).where(Store.code == code, Store.status.in_(statuses))))


def worst_findings(session: Session, ids: Collection[int]) -> dict[int, StoreFinding]:
    """Return store → its open finding with most points."""
    query = select(StoreFinding).where(
        StoreFinding.store_id.in_(ids), StoreFinding.decision == FindingDecision.OPEN.value
    )
    found = session.scalars(query.order_by(StoreFinding.points, StoreFinding.id))
    return {finding.store_id: finding for finding in found}
