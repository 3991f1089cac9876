"""Queries of stores for pages: photos, names by id, and the weightiest findings."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.i18n import N_
from models.stores import FindingDecision, Store, StoreFinding, StorePhoto


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
