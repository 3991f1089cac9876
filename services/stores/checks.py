"""Consistency checks of stores, each a query that must find nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import func, literal, or_, select
from sqlalchemy.orm import Session

from models.partners.partners import Partner
from models.stores import FindingDecision, Store, StoreFinding, StorePosition
from services.stores.ordering import FOLLOWERS, TIER
from services.stores.positions import Captured, derive
from services.stores.rules import score_of

AT_ONCE = 5_000
SAME_DEGREES = 1e-9


def check_branches(session: Session) -> Iterator[str]:
    """A store stands where its own partner row stands, else under its upstream, and so does what is kept about it."""
    owners = select(Partner.id, Partner.path, Partner.tier, Partner.upstream_id).subquery()
    own = select(Store.code, owners.c.tier, owners.c.upstream_id, Store.partner_id, owners.c.path, Store.path)
    for code, tier, upstream, partner, wanted, path in session.execute(
        own.join(owners, owners.c.id == Store.ordering_partner_id)
    ):
        if tier != TIER or upstream != partner or wanted != path:
            yield f"store {code}: it does not stand where its own partner row stands"
    wanted_path = func.coalesce(owners.c.path, literal(""))
    others = select(Store.code).outerjoin(owners, owners.c.id == Store.partner_id)
    for code in session.scalars(others.where(Store.ordering_partner_id.is_(None), Store.path != wanted_path)):
        yield f"store {code}: its path is not its partner's"
    for model in FOLLOWERS:
        astray = select(Store.code).join(model, model.store_id == Store.id).where(model.path != Store.path)
        for code in session.scalars(astray):
            yield f"{model.__tablename__} of store {code}: their path is not the store's"


def check_positions(session: Session) -> Iterator[str]:
    """What is computed from a position fits it, and exactly one position lasts: the one the store has."""
    columns = (Store.latitude, Store.longitude, Store.datum, Store.wgs84_latitude, Store.wgs84_longitude, Store.cell)
    last = 0
    while rows := session.execute(
        select(Store.id, Store.code, *columns).where(Store.id > last).order_by(Store.id).limit(AT_ONCE)
    ).all():
        last = rows[-1].id
        derived = derive([Captured(row.latitude, row.longitude, row.datum) for row in rows])
        for row, latitude, longitude, cell in zip(rows, *derived, strict=True):
            stored = (row.wgs84_latitude, row.wgs84_longitude)
            if cell != row.cell or not _are_same(stored, (latitude, longitude)):
                yield f"store {row.code}: what is computed from its position does not fit it"
    lasting = select(StorePosition.store_id, func.count().label("many")).where(StorePosition.valid_to.is_(None))
    counted = lasting.group_by(StorePosition.store_id).subquery()
    has_place = Store.latitude.is_not(None) & Store.longitude.is_not(None)
    query = select(Store.code, counted.c.many).outerjoin(counted, counted.c.store_id == Store.id)
    one = func.coalesce(counted.c.many, 0)
    for code, many in session.execute(query.where(or_(has_place & (one != 1), ~has_place & (one != 0)))):
        yield f"store {code}: {many or 0} lasting positions"
    differs = or_(
        StorePosition.latitude != Store.latitude,
        StorePosition.longitude != Store.longitude,
        StorePosition.datum != Store.datum,
    )
    now = select(Store.code).join(StorePosition, StorePosition.store_id == Store.id)
    for code in session.scalars(now.where(StorePosition.valid_to.is_(None), differs)):
        yield f"store {code}: its lasting position is not the one it has"


def check_scores(session: Session) -> Iterator[str]:
    """A score is 100 less what counts against the store; the open findings are counted."""
    counting: dict[int, list[tuple[str, int]]] = defaultdict(list)
    opened: dict[int, int] = defaultdict(int)
    rows = select(StoreFinding.store_id, StoreFinding.code, StoreFinding.points, StoreFinding.decision)
    for store_id, code, points, decision in session.execute(rows):
        if decision != FindingDecision.DISMISSED:
            counting[store_id].append((code, points))
        opened[store_id] += decision == FindingDecision.OPEN
    for store_id, code, score, count in session.execute(
        select(Store.id, Store.code, Store.score, Store.finding_count).where(Store.score.is_not(None))
    ):
        if score != score_of(counting.get(store_id, ())) or count != opened.get(store_id, 0):
            yield f"store {code}: its score or its count of findings does not fit them"


def _are_same(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    return all(
        (a is None and b is None) or (None not in (a, b) and abs(a - b) < SAME_DEGREES)
        for a, b in zip(one, other, strict=True)
    )


STORE_CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {
    "store branches": check_branches,
    "store positions": check_positions,
    "store scores": check_scores,
}
