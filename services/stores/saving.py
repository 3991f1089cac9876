"""Saving of stores from forms and worksheets. Each is assessed at once; findings never refuse a row."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.chunks import in_chunks
from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import CellProblem, Problem
from core.events.log import EventDraft, record
from core.i18n import N_
from core.permissions import Permission
from core.positions.points import Datum, distance_m, to_wgs84
from models.partners.partners import Partner
from models.stores import NEXT_STATUSES, PositionSource, Store, StoreStatus
from services.partners.saving import UNKNOWN_PARTNER
from services.saving.lookups import look_up, look_up_references, match_keys
from services.saving.plans import Plan, Rows, Saved, SaveOptions
from services.saving.rows import save_rows
from services.stores.approval import WAITING, submit_stores, withdraw_stores
from services.stores.findings import Assessment, assess_stores, lock_stores
from services.stores.names import name_key
from services.stores.ordering import cascade_paths, follow_stores, hold_partners, ordering_stores
from services.stores.positions import FACTS, Captured, derive, keep_positions
from services.stores.rules import NEAR_M, NOTHING, Facts, NewFinding, new_finding

PLAN = Plan(
    subject="stores",
    model=Store,
    keys=("code",),
    required=("name",),
    defaults={
        "status": StoreStatus.ACTIVE.value, "datum": Datum.WGS84.value, "score": 100, "finding_count": 0,
        "registered_by": "",
    },
    derived_columns=(
        "path", "wgs84_latitude", "wgs84_longitude", "cell", "name_key", "position_source", "fixed_at", "registered_by",
    ),
    field_names={"partner_id": "partner"},
)  # fmt: skip
MATCHES = {"code": Store.code, "phone": Store.phone, "name": Store.name}
PLAIN = ("name", "contact", "phone", "region", "address", "status", "latitude", "longitude", "datum", "accuracy_m")
ASSESSED_FIELDS = ("name", "phone", "region", "latitude", "longitude", "datum", "accuracy_m")
"""Fields that findings are made from: a change of one of them triggers a new assessment."""
PLACE = ("latitude", "longitude", "datum")


PUT_UNDER_REVIEW = {"status": [StoreStatus.ACTIVE.value, StoreStatus.UNDER_REVIEW.value]}


class StoredStore(NamedTuple):
    """A stored store; see ``models.stores.Store``."""

    id: int
    name: str
    phone: str | None
    region: str | None
    status: str
    latitude: float | None
    longitude: float | None
    datum: str
    accuracy_m: float | None
    position_source: str | None
    fixed_at: Any
    partner_id: int | None
    path: str
    ordering_partner_id: int | None


STORED_COLUMNS: tuple[Any, ...] = tuple(getattr(Store, name) for name in StoredStore._fields[1:])


def save_stores(session: Session, drafts: Drafts, options: SaveOptions) -> Saved:
    """Add stores that are new, change those that differ, and assess them.

    A store with findings and without a status in the drafts goes under review. Earlier positions are kept.

    Raises:
        NotPermitted: The actor may not edit stores.
        Conflict: ``rows.changed_meanwhile``.
    """
    actor = actor_of(session)
    actor.require(Permission.STORE_EDIT)
    drafts, problems = match_keys(session, PLAN, drafts, options, MATCHES)
    before = stored_stores(session, drafts.columns["code"])
    partners, unknown = look_up_references(
        session, drafts, "partner", Partner.code, UNKNOWN_PARTNER, Partner.path, Partner.tier
    )
    problems = [*problems, *unknown, *_status_problems(actor, drafts, before)]
    drafts = drafts.without({problem.row for problem in problems})
    own = {code: now.ordering_partner_id for code, now in before.items()}
    ordering = ordering_stores(session, drafts, own, partners)
    problems += ordering.problems
    drafts = drafts.without({problem.row for problem in ordering.problems})

    stored_under = [now.partner_id for now in before.values() if now.partner_id is not None]
    held = hold_partners(session, [*stored_under, *(partner_id for partner_id, *_ in partners.values())])
    lock_stores(session)
    upstreams = {row: (partner_id, held[partner_id]) for row, (partner_id, *_) in partners.items()}
    saved = save_rows(session, PLAN, _rows(drafts, before, upstreams, ordering.paths, options), options)
    drafts = drafts.without({problem.row for problem in saved.problems})
    follow_stores(session, drafts, ordering)
    _cascade_paths(session, drafts, before, upstreams, ordering.paths)
    _follow_statuses(session, drafts, before, _assess(session, drafts, before, options))
    saved.problems = sorted([*problems, *saved.problems], key=lambda problem: problem.row)
    return saved


def stored_stores(session: Session, codes: Sequence[str]) -> dict[str, StoredStore]:
    """Return code → store as stored, of those that exist and that the actor may see."""
    return {code: StoredStore(*row) for code, row in look_up(session, Store.code, codes, *STORED_COLUMNS).items()}


def _status_problems(actor: Actor, drafts: Drafts, before: dict[str, StoredStore]) -> list[CellProblem]:
    """Refuse a status that cannot follow, and a decision by somebody who may not take it."""
    problems = []
    statuses = drafts.columns.get("status", [None] * len(drafts))
    for row, code, status in zip(drafts.rows, drafts.columns["code"], statuses, strict=True):
        was = before[code].status if code in before else status
        if status is None or status == was or was is None:
            continue
        if status not in NEXT_STATUSES[StoreStatus(was)]:
            problem = Problem("stores.wrong_status", N_("cannot follow the status {before}"), {"before": was})
        elif not actor.can(Permission.STORE_REVIEW):
            problem = Problem("stores.status_not_permitted", N_("may be changed only by who reviews stores"))
        else:
            continue
        problems.append(CellProblem(row, "status", status, problem))
    return problems


def _rows(
    drafts: Drafts,
    before: dict[str, StoredStore],
    partners: dict[int, Any],
    own_paths: dict[str, str],
    options: SaveOptions,
) -> Rows:
    """Return drafts as rows of the table, with their branch and derived columns."""
    codes = drafts.columns["code"]
    columns = {name: values for name, values in drafts.columns.items() if name in PLAIN}
    if "partner" in drafts.columns:
        columns["partner_id"] = [partners[row][0] if row in partners else None for row in drafts.rows]
        upstream_paths = [partners[row][1] if row in partners else "" for row in drafts.rows]
        columns["path"] = [own_paths.get(code, path) for code, path in zip(codes, upstream_paths, strict=True)]
    if "name" in columns or "region" in columns:
        names, regions = (_merged(drafts, before, name) for name in ("name", "region"))
        columns["name_key"] = [name_key(name or "", region) for name, region in zip(names, regions, strict=True)]
    if columns.keys() & {*PLACE}:
        columns |= _position_columns(drafts, before, options)
    return Rows(drafts.rows, list(codes), {"code": list(codes), **columns} if "code" not in columns else columns)


def _position_columns(drafts: Drafts, before: dict[str, StoredStore], options: SaveOptions) -> dict[str, list[Any]]:
    """Return the derived columns of positions and their source; a new one has its own accuracy or none."""
    captured = [Captured(*place) for place in zip(*(_merged(drafts, before, name) for name in PLACE), strict=True)]
    derived = derive(captured)
    source = PositionSource.FORM if options.batch_id is None else PositionSource.IMPORT
    accuracies = _merged(drafts, before, "accuracy_m")
    sources, fixed_at = [], []
    for index, (code, place) in enumerate(zip(drafts.columns["code"], captured, strict=True)):
        was = before.get(code)
        stays = was is not None and place == (was.latitude, was.longitude, was.datum)
        has_place = place.latitude is not None and place.longitude is not None
        sources.append(was.position_source if was and stays else source.value if has_place else None)
        fixed_at.append(was.fixed_at if was and stays else None)
        if not stays and "accuracy_m" not in drafts.columns:
            accuracies[index] = None
    return {
        "wgs84_latitude": derived.wgs84_latitude,
        "wgs84_longitude": derived.wgs84_longitude,
        "cell": derived.cell,
        "accuracy_m": accuracies,
        "position_source": sources,
        "fixed_at": fixed_at,
    }


def _merged(drafts: Drafts, before: dict[str, StoredStore], name: str) -> list[Any]:
    """Return the new value of each row's field: from the draft, else stored, else the default."""
    stated = drafts.columns.get(name)
    default = PLAN.defaults.get(name)
    if stated is not None and default is None:
        return list(stated)
    kept = [getattr(before[code], name) if code in before else default for code in drafts.columns["code"]]
    return kept if stated is None else [old if new is None else new for new, old in zip(stated, kept, strict=True)]


def _assess(session: Session, drafts: Drafts, before: dict[str, StoredStore], options: SaveOptions) -> list[str]:
    """Store positions of new and moved stores, and assess those with a change in ``ASSESSED_FIELDS``.

    Returns:
        The codes of those that are put under review.
    """
    codes = drafts.columns["code"]
    bearing = {name: _merged(drafts, before, name) for name in ASSESSED_FIELDS}
    touched = [
        code
        for index, code in enumerate(codes)
        if code not in before or any(bearing[name][index] != getattr(before[code], name) for name in ASSESSED_FIELDS)
    ]
    if not touched:
        return []
    stores = _facts(session, touched)
    fresh = {store.id for store in stores if store.code not in before}
    placed = [store for store in stores if store.code not in before or _place(store) != _place(before[store.code])]
    keep_positions(session, placed, now(), fresh=fresh)
    may_decide = actor_of(session).can(Permission.STORE_REVIEW)
    more = [] if may_decide else [one for store in placed if (one := _moved(store, before.get(store.code)))]
    statuses = drafts.columns.get("status", [None] * len(codes))
    stated = {code for code, status in zip(codes, statuses, strict=True) if status is not None and may_decide}
    undecided = {store.id for store in stores if store.code not in stated}
    assessments = assess_stores(session, stores, fresh=fresh, more=more, to_review=undecided)
    record_new_findings(session, stores, assessments, batch_id=options.batch_id)
    return [store.code for store in stores if assessments[store.id].to_review]


def _follow_statuses(session: Session, drafts: Drafts, before: dict[str, StoredStore], reviewed: Sequence[str]) -> None:
    """Open the cases of saved stores that wait from now on, and end those of stores that are taken out of review."""
    codes, statuses = drafts.columns["code"], drafts.columns.get("status", ())
    stated = [(code, status) for code, status in zip(codes, statuses, strict=False) if status is not None]
    submit_stores(session, [*reviewed, *(code for code, status in stated if status in WAITING)])
    withdraw_stores(session, [code for code, status in stated if status not in WAITING and code in before])


def _cascade_paths(
    session: Session,
    drafts: Drafts,
    before: dict[str, StoredStore],
    upstreams: dict[int, Any],
    own_paths: dict[str, str],
) -> None:
    """Move the dependent rows of stores that changed their upstream."""
    if "partner" not in drafts.columns:
        return
    moved = []
    for row, code in zip(drafts.rows, drafts.columns["code"], strict=True):
        path = upstreams[row][1] if row in upstreams else ""
        if code in before and code not in own_paths and before[code].path != path:
            moved.append(before[code].id)
    cascade_paths(session, moved)


def record_new_findings(
    session: Session, stores: Sequence[Facts], assessments: dict[int, Assessment], *, batch_id: int | None = None
) -> None:
    """Record new findings of stores, and which stores they put under review."""
    happenings = []
    said: dict[tuple[tuple[str, ...], int], dict[str, Any]] = {}
    for store in stores:
        score, codes, is_reviewed = assessments[store.id]
        if codes:
            kinds = tuple(sorted(set(codes)))
            facts = said.setdefault((kinds, score), {"found": kinds, "score": score})
            happenings.append(EventDraft(store.code, store.path, PUT_UNDER_REVIEW if is_reviewed else NOTHING, facts))
    record(session, "store.questioned", "stores", happenings, batch_id=batch_id)


def _facts(session: Session, codes: Sequence[str]) -> list[Facts]:
    found: list[Facts] = []
    for chunk in in_chunks(codes):
        query = select(*FACTS).where(Store.code.in_(chunk)).order_by(Store.id)
        found += [Facts(*row) for row in session.execute(query)]
    return found


def moved_finding(store: Facts, latitude: float | None, longitude: float | None) -> NewFinding | None:
    """Return the finding of a store that was at this WGS-84 point before; None if it hardly moved."""
    if None in (latitude, longitude, store.wgs84_latitude, store.wgs84_longitude):
        return None
    metres = distance_m(latitude or 0.0, longitude or 0.0, store.wgs84_latitude or 0.0, store.wgs84_longitude or 0.0)
    return new_finding(store, "position.moved", {"distance_m": round(metres)}) if metres > NEAR_M else None


def _moved(store: Facts, was: StoredStore | None) -> NewFinding | None:
    if was is None or was.latitude is None or was.longitude is None:
        return None
    return moved_finding(store, *to_wgs84(was.latitude, was.longitude, was.datum))


def _place(store: Facts | StoredStore) -> tuple[float | None, float | None, str]:
    return store.latitude, store.longitude, store.datum
