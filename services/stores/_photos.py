"""Photos of stores: storage with their metadata, and findings from them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import now
from core.database.chunks import in_chunks
from core.database.sessions import actor_of
from core.files.pictures import SAME_PICTURE_BITS
from core.positions.points import distance_m
from models.stores import Store, StorePhoto
from services.files.pictures import keep_picture
from services.stores.rules import Facts, NewFinding, new_finding

FAR_M = 2_000
OLD = timedelta(hours=24)
EDITORS = (
    "photoshop", "lightroom", "gimp", "snapseed", "picsart", "meitu", "美图", "醒图", "canva", "pixelmator", "facetune",
    "affinity", "paint",
)  # fmt: skip
REASON = {"see_all": "a photo may belong to a store of another branch"}


def keep_photos(session: Session, store: Store, references: Sequence[str]) -> list[StorePhoto]:
    """Attach uploaded pictures (see ``services.files.pictures``) to a store. Raises ``InvalidInput``."""
    photos = []
    for reference in dict.fromkeys(references):
        handed = keep_picture(session, reference)
        photos.append(
            StorePhoto(
                store_id=store.id,
                path=store.path,
                sha256=handed.sha256,
                original_sha256=handed.original_sha256,
                look=handed.look,
                width=handed.width,
                height=handed.height,
                taken_at=handed.taken_at,
                latitude=handed.latitude,
                longitude=handed.longitude,
                software=handed.software,
                camera=handed.camera,
                person=actor_of(session).person,
                created_at=now(),
            )
        )
    session.add_all(photos)
    session.flush()
    return photos


def photo_findings(session: Session, stores: Sequence[Facts]) -> Iterator[NewFinding]:
    """Yield findings from the photos of stores; only registered stores have any."""
    known = {store.id: store for store in stores if store.registered_by}
    ids, photos = sorted(known), defaultdict(list)
    for chunk in in_chunks(ids):
        query = select(StorePhoto).where(StorePhoto.store_id.in_(chunk))
        for photo in session.scalars(query.order_by(StorePhoto.id), execution_options=REASON):
            photos[photo.store_id].append(photo)
    for store_id, store in known.items():
        own = photos.get(store_id)
        if not own:
            yield new_finding(store, "photo.missing")
            continue
        yield from _of_camera(store, own)
        other = _same_elsewhere(session, store_id, own)
        if other is not None:
            yield new_finding(store, "stores.same_photo", {}, other)


def _of_camera(store: Facts, photos: Sequence[StorePhoto]) -> Iterator[NewFinding]:
    """Yield findings from the newest photo's metadata; missing metadata is normal and no finding."""
    photo = photos[-1]
    if photo.latitude is not None and photo.longitude is not None and store.wgs84_latitude is not None:
        metres = distance_m(photo.latitude, photo.longitude, store.wgs84_latitude, store.wgs84_longitude or 0.0)
        if metres > FAR_M:
            yield new_finding(store, "photo.far_from_position", {"distance_m": round(metres)})
    registered_at = store.fixed_at or photo.created_at
    if photo.taken_at is not None and abs(photo.taken_at - registered_at) > OLD:
        hours = round(abs(photo.taken_at - registered_at).total_seconds() / 3600)
        yield new_finding(store, "photo.old", {"hours": hours})
    if any(editor in photo.software.casefold() for editor in EDITORS):
        yield new_finding(store, "photo.edited", {"software": photo.software[:60]})


def _same_elsewhere(session: Session, store_id: int, photos: Sequence[StorePhoto]) -> int | None:
    """Return the first other store that shows one of the photos, also after resizing; None if there is none."""
    rows = session.execute(
        select(StorePhoto.store_id, StorePhoto.look, StorePhoto.original_sha256)
        .where(StorePhoto.store_id != store_id)
        .order_by(StorePhoto.id),
        execution_options=REASON,
    ).all()
    if not rows:
        return None
    looks = np.array([look for _, look, _ in rows], dtype=np.int64)
    for photo in photos:
        for other, _, sha256 in rows:
            if sha256 == photo.original_sha256:
                return int(other)
        if photo.look:
            apart = np.bitwise_count(np.bitwise_xor(looks, np.int64(photo.look)).view(np.uint64))
            same = np.flatnonzero((apart <= SAME_PICTURE_BITS) & (looks != 0))
            if len(same):
                return int(rows[int(same[0])][0])
    return None
