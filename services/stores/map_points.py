"""Stores on a map: clustered by the database, so that the time does not depend on their number.

Clusters are counted by grid cells of a size that fits the zoom; only within the viewer's scope. Points are given in
the datum of the map they are shown on; boxes come in the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Integer, Select, cast, false, func, or_, select
from sqlalchemy.orm import Session

from core.database.paths import within
from core.database.sessions import actor_of, is_sqlite
from core.permissions import Permission
from core.positions.columns import may_be_within
from core.positions.points import CELLS_ROUND, Datum, cell_of, cells_around, convert, distance_m
from models.partners.partners import Partner
from models.stores import Store
from services.stores.queries import find_store

POINTS_MAX = 500
TILE_FIELDS = 4  # clusters side by side in the width of one map tile of 256 pixels
ZOOM_MAX = 20
ROWS_MAX = 40  # rows of grid cells, each queried by itself
NEIGHBOURS_M_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Box:
    """A box on the map, in degrees."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster of stores: centre, count and worst score; of a single store its code and name."""

    latitude: float
    longitude: float
    count: int
    worst_score: int | None = None
    code: str | None = None
    name: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class MapStore:
    """A store as a map shows it."""

    code: str
    name: str
    status: str
    score: int | None
    latitude: float
    longitude: float
    accuracy_m: float | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A store near another one."""

    code: str
    name: str
    status: str
    score: int | None
    latitude: float
    longitude: float
    distance_m: float


def clusters(
    session: Session,
    box: Box,
    zoom: int,
    *,
    status: str = "",
    partner: str = "",
    datum: str = Datum.GCJ02.value,
    limit: int = POINTS_MAX,
) -> list[Cluster]:
    """Return clusters of the stores inside ``box``, largest first, at most ``limit``.

    Args:
        session: The viewer's.
        box: In ``datum``.
        zoom: As map tiles count: 0 shows the earth in one, each step halves.
        status: Only stores in it; "" for all but closed ones.
        partner: Code of a partner: only stores of its branch.
        datum: Of the map.
        limit: Of the answer.

    Raises:
        NotPermitted: The actor may not see stores.
    """
    actor_of(session).require(Permission.STORE_VIEW)
    degrees = 360 / 2 ** max(0, min(zoom, ZOOM_MAX)) / TILE_FIELDS
    row, column = _field(session, Store.wgs84_latitude, degrees), _field(session, Store.wgs84_longitude, degrees)
    query = _chosen(
        session,
        select(
            func.avg(Store.wgs84_latitude),
            func.avg(Store.wgs84_longitude),
            func.count(),
            func.min(Store.score),
            func.min(Store.id),
        ),
        box, status, partner, datum,
    )  # fmt: skip
    rows = session.execute(query.group_by(row, column).order_by(func.count().desc(), func.min(Store.id)).limit(limit))
    found = [tuple(one) for one in rows]
    alone = _named(session, [one[4] for one in found if one[2] == 1])
    gathered = []
    for latitude, longitude, count, worst, store_id in found:
        north, east = convert(latitude, longitude, Datum.WGS84, datum)
        gathered.append(Cluster(north, east, count, worst, *alone.get(store_id, ())))
    return gathered


def stores_in(
    session: Session,
    box: Box,
    *,
    status: str = "",
    partner: str = "",
    datum: str = Datum.GCJ02.value,
    limit: int = POINTS_MAX,
) -> list[MapStore]:
    """Return the stores inside ``box``, worst score first, at most ``limit``; see ``clusters``."""
    actor_of(session).require(Permission.STORE_VIEW)
    columns = (Store.code, Store.name, Store.status, Store.score, Store.wgs84_latitude, Store.wgs84_longitude)
    shown: Select[*tuple[Any, ...]] = select(*columns, Store.accuracy_m)
    query = _chosen(session, shown, box, status, partner, datum)
    rows = session.execute(query.order_by(func.coalesce(Store.score, 0), Store.id).limit(limit))
    return [
        MapStore(code, name, state, score, *convert(latitude, longitude, Datum.WGS84, datum), accuracy)
        for code, name, state, score, latitude, longitude, accuracy in rows
    ]


def neighbours(
    session: Session, code: str, radius_m: float = 300, limit: int = 30, datum: str = Datum.GCJ02.value
) -> list[Neighbour]:
    """Return the stores the viewer sees within ``radius_m`` of one, nearest first.

    Raises:
        NotPermitted: The actor may not see stores.
        NotFound: ``stores.not_found``.
    """
    actor_of(session).require(Permission.STORE_VIEW)
    store = find_store(session, code)
    if store.wgs84_latitude is None or store.wgs84_longitude is None:
        return []
    radius_m = min(radius_m, NEIGHBOURS_M_MAX)
    cells = cells_around(store.wgs84_latitude, store.wgs84_longitude, radius_m)
    here = store.wgs84_latitude, store.wgs84_longitude
    found, others = [], session.scalars(select(Store).where(Store.cell.in_(cells), Store.id != store.id)).all()
    points = [(other.wgs84_latitude or 0.0, other.wgs84_longitude or 0.0) for other in others]
    for at in may_be_within(radius_m, *here, *np.array(points, dtype=np.float64).reshape(-1, 2).T):
        other, point = others[int(at)], points[int(at)]
        metres = distance_m(*here, *point)
        if metres <= radius_m:
            shown = convert(*point, Datum.WGS84, datum)
            found.append(Neighbour(other.code, other.name, other.status, other.score, *shown, metres))
    return sorted(found, key=lambda one: (one.distance_m, one.code))[:limit]


def bounds(session: Session, *, status: str = "", partner: str = "", datum: str = Datum.GCJ02.value) -> Box | None:
    """Return the smallest box that holds all stores the viewer sees; None if none has a position."""
    actor_of(session).require(Permission.STORE_VIEW)
    corners = (
        func.min(Store.wgs84_latitude), func.min(Store.wgs84_longitude),
        func.max(Store.wgs84_latitude), func.max(Store.wgs84_longitude),
    )  # fmt: skip
    widest: Select[*tuple[Any, ...]] = select(*corners).where(Store.cell.is_not(None))
    query = _narrowed(session, widest, status, partner)
    south, west, north, east = session.execute(query).one()
    if south is None:
        return None
    return Box(*convert(south, west, Datum.WGS84, datum), *convert(north, east, Datum.WGS84, datum))


def _chosen(
    session: Session, query: Select[*tuple[Any, ...]], box: Box, status: str, partner: str, datum: str
) -> Select[*tuple[Any, ...]]:
    south, west = _in_wgs84(box.south, box.west, datum)
    north, east = _in_wgs84(box.north, box.east, datum)
    inside = query.where(
        _in_cells(south, west, north, east),
        Store.wgs84_latitude.between(south, north),
        Store.wgs84_longitude.between(west, east),
    )
    return _narrowed(session, inside, status, partner)


def _in_cells(south: float, west: float, north: float, east: float) -> ColumnElement[bool]:
    """Return the condition on the indexed cell that a box allows: its cells row by row, of a large one its rows."""
    first, last = cell_of(south, west), cell_of(north, east)
    top, bottom = last // CELLS_ROUND, first // CELLS_ROUND
    if top - bottom >= ROWS_MAX or west > east:
        return Store.cell.between(bottom * CELLS_ROUND, (top + 1) * CELLS_ROUND)
    across = last % CELLS_ROUND - first % CELLS_ROUND
    starts = range(first, first + (top - bottom + 1) * CELLS_ROUND, CELLS_ROUND)
    return or_(false(), *(Store.cell.between(start, start + across) for start in starts))


def _narrowed(session: Session, query: Select[*tuple[Any, ...]], status: str, partner: str) -> Select[*tuple[Any, ...]]:
    query = query.where(Store.status == status) if status else query.where(Store.status != "closed")
    if partner:
        path = session.scalar(select(Partner.path).where(Partner.code == partner))
        query = query.where(_of_branch(path))
    return query


def _of_branch(path: str | None) -> ColumnElement[bool]:
    return within(Store.path, path) if path else Store.id.is_(None)


def _in_wgs84(latitude: float, longitude: float, datum: str) -> tuple[float, float]:
    latitude = max(-90.0, min(90.0, latitude))
    longitude = max(-180.0, min(180.0, longitude))
    return convert(latitude, longitude, datum, Datum.WGS84)


def _field(session: Session, column: Any, degrees: float) -> Any:
    """Return the number of the field of so many degrees that a column's value lies in; the same on both databases."""
    return cast((column + 360.0) / degrees, Integer) if is_sqlite(session) else func.floor((column + 360.0) / degrees)


def _named(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, str, str]]:
    query = select(Store.id, Store.code, Store.name, Store.status).where(Store.id.in_(ids))
    return {store_id: (code, name, status) for store_id, code, name, status in session.execute(query)}
