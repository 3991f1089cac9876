"""Stores of the demo: one for each partner of tier ``store``, somewhere in its county.

Some have findings: two that are one (same place, same telephone), one far from its region, one at 0, 0, one
that was measured badly. They are assessed like any other store.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from core.clock import BRAND_ZONE, now
from core.database.chunks import in_chunks
from core.positions.points import METRES_PER_DEGREE, Datum, convert
from core.positions.texts import ANGLE_PLACES
from models.partners.partners import PartnerStatus
from models.regions.resolving import region
from models.stores import PositionSource, Store, StoreFinding, StoreStatus
from services.demo._partners import DemoPartner
from services.demo._rows import insert_numbered
from services.stores.approval import WAITING, submit_stores
from services.stores.findings import assess_stores, rescore
from services.stores.names import name_key
from services.stores.positions import Captured, derive, keep_positions, store_facts
from services.stores.saving import record_new_findings

COLUMNS = (
    "code", "name", "partner_id", "path", "contact", "phone", "region", "address", "status", "latitude", "longitude",
    "datum", "accuracy_m", "position_source", "fixed_at", "wgs84_latitude", "wgs84_longitude", "cell", "name_key",
    "score", "finding_count", "ordering_partner_id", "registered_by", "note", "version", "created_at", "updated_at",
)  # fmt: skip
WAYS = (
    (Datum.WGS84, PositionSource.GPS), (Datum.WGS84, PositionSource.GPS), (Datum.WGS84, PositionSource.GPS),
    (Datum.GCJ02, PositionSource.IMPORT), (Datum.BD09, PositionSource.IMPORT),
)  # fmt: skip
"""Position sources, as often as they occur here."""
STATUSES = {
    PartnerStatus.APPLIED.value: StoreStatus.APPLIED.value,
    PartnerStatus.UNDER_REVIEW.value: StoreStatus.UNDER_REVIEW.value,
    PartnerStatus.CLOSED.value: StoreStatus.CLOSED.value,
}
AROUND_M = 2_500  # how far from its county's point a store is, at most, north or east
ODD_FROM = 6  # stores; fewer have no room for those to be found
SLICE = 5_000
FIRST_WAITS, NEXT_WAITS = timedelta(hours=3), timedelta(hours=13)
REASON = {"see_all": "findings about demo stores are deleted with them, in every branch"}


class StoreSpec(NamedTuple):
    """Position of a demo store, and values that differ from its partner row."""

    captured: Captured
    accuracy_m: float | None
    source: str
    phone: str | None


def add_stores(session: Session, ids: Sequence[int], partners: Sequence[DemoPartner], seed: int) -> list[str]:
    """Add a store for each partner of tier ``store`` and assess them; return the codes of the duplicate pair.

    Args:
        session: Of the load.
        ids: Row numbers, one for each partner.
        partners: Of tier ``store``.
        seed: Decides their positions.
    """
    random = Random(f"{seed} stores")  # noqa: S311  (made-up places protect nothing)
    standings = [_store_spec(random, one) for one in partners]
    twins = _with_odd_ones(partners, standings)
    rows = _rows(partners, standings)
    insert_numbered(session, Store, ids, COLUMNS, rows)
    since = {row_id: _moment(one) for row_id, one in zip(ids, partners, strict=True)}
    for chunk in in_chunks(ids, SLICE):
        stores = store_facts(session, chunk)
        fresh = {store.id for store in stores}
        for at in sorted({since[store.id] for store in stores}):
            keep_positions(session, [one for one in stores if since[one.id] == at], at, fresh=fresh)
        assessments = assess_stores(session, stores, fresh=fresh, to_review=fresh)
        record_new_findings(session, stores, assessments)
        _let_wait(session, [store.id for store in stores])
        submit_stores(session, [store.code for store in stores])
    return twins


def _let_wait(session: Session, ids: Sequence[int]) -> None:
    """Spread the stores that wait over the last days."""
    waiting = Store.id.in_(ids), Store.status.in_(WAITING)
    for place, store in enumerate(session.scalars(select(Store).where(*waiting).order_by(Store.id))):
        store.updated_at = now() - FIRST_WAITS - place * NEXT_WAITS
    session.flush()


def purge_stores(session: Session, is_demo: ColumnElement[bool]) -> None:
    """Delete findings of other stores that refer to demo stores, which are about to be deleted."""
    demo = select(Store.id).where(is_demo)
    beside = StoreFinding.other_store_id.in_(demo), StoreFinding.store_id.not_in(demo)
    others = sorted(set(session.scalars(select(StoreFinding.store_id).where(*beside), execution_options=REASON)))
    session.execute(delete(StoreFinding).where(StoreFinding.store_id.in_(demo)), execution_options=REASON)
    session.execute(delete(StoreFinding).where(StoreFinding.other_store_id.in_(demo)), execution_options=REASON)
    for chunk in in_chunks(others):
        rescore(session, chunk)


def _store_spec(random: Random, partner: DemoPartner) -> StoreSpec:
    datum, source = random.choice(WAYS)
    county = region(partner.buyer.region or "")
    while county is not None and county.latitude is None and county.parent:
        county = region(county.parent)
    north, east = (random.uniform(-AROUND_M, AROUND_M) / METRES_PER_DEGREE for _ in range(2))
    latitude, longitude = (county.latitude or 30.0, county.longitude or 120.0) if county else (30.0, 120.0)
    captured = _captured(latitude + north, longitude + east, datum)
    accuracy = round(random.uniform(5, 45), 1) if source is PositionSource.GPS else None
    return StoreSpec(captured, accuracy, source.value, partner.buyer.phone)


def _captured(latitude: float, longitude: float, datum: Datum) -> Captured:
    """Return a GCJ-02 point in another datum."""
    north, east = convert(latitude, longitude, Datum.GCJ02, datum)
    return Captured(round(north, ANGLE_PLACES), round(east, ANGLE_PLACES), datum.value)


def _with_odd_ones(partners: Sequence[DemoPartner], standings: list[StoreSpec]) -> list[str]:
    """Give some of the stores positions with findings; return the codes of the duplicate pair."""
    active = [at for at, one in enumerate(partners) if one.buyer.status == PartnerStatus.ACTIVE.value]
    if len(active) < ODD_FROM:
        return []
    first, second, far, nowhere, vague = active[-1], active[-2], active[-3], active[-4], active[-5]
    standings[second] = standings[first]
    standings[far] = standings[far]._replace(captured=_captured(39.909, 116.397, Datum.WGS84), source="import")
    standings[nowhere] = standings[nowhere]._replace(captured=Captured(0.0, 0.0, "wgs84"), accuracy_m=None)
    standings[vague] = standings[vague]._replace(accuracy_m=850.0)
    return [partners[first].buyer.code, partners[second].buyer.code]


def _rows(partners: Sequence[DemoPartner], standings: Sequence[StoreSpec]) -> list[tuple[Any, ...]]:
    derived = derive([one.captured for one in standings])
    rows = []
    for partner, standing, *computed in zip(partners, standings, *derived, strict=True):
        buyer = partner.buyer
        at = _moment(partner)
        fixed_at = at if standing.source == PositionSource.GPS else None
        rows.append(
            (
                buyer.code, buyer.name, partner.upstream_id, buyer.path, buyer.contact, standing.phone, buyer.region,
                buyer.address, STATUSES.get(buyer.status, StoreStatus.ACTIVE.value), *standing.captured,
                standing.accuracy_m, standing.source, fixed_at, *computed, name_key(buyer.name, buyer.region), 100, 0,
                buyer.id, "", None, 1, at, at,
            )
        )  # fmt: skip
    return rows


def _moment(partner: DemoPartner) -> datetime:
    """Return when a store was entered: at ten on the first day of its partner."""
    return datetime.combine(partner.valid_from, time(10), BRAND_ZONE)
