"""Positions of stores: derived WGS-84 coordinates, and the history of positions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.database.bulk import insert_rows
from core.database.chunks import in_chunks
from core.database.sessions import actor_of
from core.positions.columns import Floats, are_in_china_box, cells_of, convert_columns
from core.positions.points import Datum
from core.positions.texts import ANGLE_PLACES
from models.stores import Store, StorePosition
from services.stores.fixes import Fix
from services.stores.rules import ISLAND_DEGREES, Facts

FACTS: tuple[Any, ...] = tuple(getattr(Store, name) for name in Facts._fields)
COLUMNS = (
    "store_id", "path", "latitude", "longitude", "datum", "accuracy_m", "position_source", "fixed_at",
    "wgs84_latitude", "wgs84_longitude", "valid_from", "valid_to", "person", "name",
)  # fmt: skip


class Captured(NamedTuple):
    """A position as captured; degrees are None where missing."""

    latitude: float | None
    longitude: float | None
    datum: str


class Derived(NamedTuple):
    """The same points to compute with, by column: WGS-84 degrees and grid cell, None without a usable position."""

    wgs84_latitude: list[float | None]
    wgs84_longitude: list[float | None]
    cell: list[int | None]


def derive(captured: Sequence[Captured]) -> Derived:
    """Return the WGS-84 points and cells of captured positions.

    A half position, 0, 0, and one that is in China only with its numbers exchanged have none: nobody knows where
    they are.
    """
    empty: list[Any] = [None] * len(captured)
    derived = Derived(list(empty), list(empty), list(empty))
    latitudes = np.array([one.latitude for one in captured], dtype=np.float64)
    longitudes = np.array([one.longitude for one in captured], dtype=np.float64)
    usable = _are_usable(latitudes, longitudes)
    for datum in Datum:
        of_datum = np.array([one.datum == datum for one in captured], dtype=np.bool_)
        rows = np.flatnonzero(usable & of_datum)
        if len(rows):
            found = convert_columns(latitudes[rows], longitudes[rows], datum, Datum.WGS84)
            columns: tuple[list[Any], ...] = (found[0].tolist(), found[1].tolist(), cells_of(*found).tolist())
            for column, values in zip(_lists(derived), columns, strict=True):
                for row, value in zip(rows.tolist(), values, strict=True):
                    column[row] = value
    return derived


def _lists(derived: Derived) -> tuple[list[Any], ...]:
    return derived.wgs84_latitude, derived.wgs84_longitude, derived.cell


def _are_usable(latitudes: Floats, longitudes: Floats) -> Any:
    with np.errstate(invalid="ignore"):
        is_zero = (np.abs(latitudes) < ISLAND_DEGREES) & (np.abs(longitudes) < ISLAND_DEGREES)
        is_swapped = ~are_in_china_box(latitudes, longitudes) & are_in_china_box(longitudes, latitudes)
    return ~(np.isnan(latitudes) | np.isnan(longitudes) | is_zero | is_swapped)


def put_position(store: Store, fix: Fix) -> None:
    """Put a store where it was measured, with what is derived of it."""
    store.latitude, store.longitude = round(fix.latitude, ANGLE_PLACES), round(fix.longitude, ANGLE_PLACES)
    store.datum = fix.datum
    store.accuracy_m = None if fix.accuracy_m is None else round(fix.accuracy_m, 1)
    store.position_source, store.fixed_at = fix.source, fix.fixed_at
    derived = derive([Captured(store.latitude, store.longitude, store.datum)])
    store.wgs84_latitude, store.wgs84_longitude = derived.wgs84_latitude[0], derived.wgs84_longitude[0]
    store.cell = derived.cell[0]


def store_facts(session: Session, ids: Sequence[int]) -> list[Facts]:
    """Return the facts of stores that findings are made from, without a row filter."""
    reason = {"see_all": "findings compare a store with all stores, not only those of the actor's branch"}
    found: list[Facts] = []
    for chunk in in_chunks(ids):
        query = select(*FACTS).where(Store.id.in_(chunk))
        found += [Facts(*row) for row in session.execute(query, execution_options=reason)]
    return found


def keep_positions(session: Session, stores: Sequence[Facts], at: datetime, *, fresh: set[int]) -> None:
    """Begin the positions that stores have from ``at`` on, and end those they had.

    Args:
        session: That of the change.
        stores: As they are now, each of them new or moved.
        at: When.
        fresh: Ids of those that had no position before.
    """
    actor = actor_of(session)
    had = [store.id for store in stores if store.id not in fresh]
    for chunk in in_chunks(had):
        lasting = StorePosition.store_id.in_(chunk), StorePosition.valid_to.is_(None)
        session.execute(update(StorePosition).where(*lasting).values(valid_to=at))
    rows = [
        (
            store.id, store.path, store.latitude, store.longitude, store.datum, store.accuracy_m,
            store.position_source, store.fixed_at, store.wgs84_latitude, store.wgs84_longitude, at, None,
            actor.person, actor.name,
        )
        for store in stores
        if store.latitude is not None and store.longitude is not None
    ]  # fmt: skip
    insert_rows(session, StorePosition, COLUMNS, rows)
