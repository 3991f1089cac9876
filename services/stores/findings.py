"""Assessment of stores: findings for many at once, stored, and summed up in a score.

A finding about two stores is stored with both. A decision about a finding holds while its facts are the same; open
findings whose facts are gone are deleted.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, delete, func, select, true, update
from sqlalchemy.orm import Session

from core.clock import now
from core.database.bulk import insert_rows
from core.database.chunks import in_chunks
from core.database.locks import DatabaseLock, take_lock
from models.stores import FindingDecision, Store, StoreFinding, StoreStatus
from services.misplacement import Misplacement, misplaced
from services.stores._pairs import SHOWN, Pair, datum_findings, find_pairs, reversed_pair
from services.stores._photos import photo_findings
from services.stores.positions import store_facts
from services.stores.rules import PROPOSALS, Facts, NewFinding, own_findings, score_of

DEFAULT_SCORE = (100, 0)
"""Score and count of open findings that a new row has."""
CURRENT = ("position.moved", *PROPOSALS)
"""Codes of findings that a new assessment cannot reproduce: they stay until people decide."""
COLUMNS = (
    "store_id", "path", "code", "points", "data", "other_store_id", "found_at", "decision", "decided_by", "decided_at",
    "note",
)  # fmt: skip
REASON = {"see_all": "findings about a store do not depend on the actor"}
Counted = tuple[str, int, str]
"""Code, points and decision of a finding that counts."""
Known = dict[int, list[tuple[str, int | None, dict[str, Any]]]]


class Assessment(NamedTuple):
    """Assessment of a store: its score, codes of new findings, whether they put it under review."""

    score: int
    new_codes: list[str]
    to_review: bool = False


def assess_stores(
    session: Session,
    stores: Sequence[Facts],
    *,
    fresh: Collection[int] = (),
    more: Iterable[NewFinding] = (),
    to_review: Collection[int] = (),
) -> dict[int, Assessment]:
    """Assess stores and store the findings; return id → assessment of each of them and of others affected.

    Args:
        session: That of the change; the stores are in it.
        stores: As stored.
        fresh: Ids of new stores, inserted with ``DEFAULT_SCORE``.
        more: Further findings about them.
        to_review: Ids of those that are put under review if they are active and have new findings.
    """
    if not stores:
        return {}
    lock_stores(session)
    concerned = _withdraw(session, sorted({store.id for store in stores} - set(fresh)))
    pairs = find_pairs(session, stores)
    found = [*_own(stores), *photo_findings(session, stores), *more]
    found += [*(pair.finding for pair in pairs), *datum_findings(pairs)]
    paths = {store.id: store.path for store in stores}
    turned = _reversed_pairs(session, pairs, set(paths))
    paths |= {pair.store.id: pair.store.path for pair in turned}
    found += [pair.finding for pair in turned]
    kept = _keep(session, found, paths, known=_known(session, sorted({*paths} - set(fresh))))
    looked_at = {*paths, *concerned}
    questioned = {store.id for store in stores if store.status == StoreStatus.ACTIVE and store.id in kept}
    review = questioned & set(to_review)
    scores = rescore(session, sorted(looked_at), dict.fromkeys(fresh, ()) | _as_counting(found, fresh), review)
    return {one: Assessment(scores[one], kept.get(one, []), one in review) for one in scores}


def lock_stores(session: Session) -> None:
    """Lock the assessment of stores until the transaction ends, so that two registered at once see each other.

    To be taken before any store's row is locked, because an assessment writes the scores of other stores too.
    """
    take_lock(session, DatabaseLock.STORES)


def file_findings(session: Session, store: Facts, found: Sequence[NewFinding]) -> None:
    """Add findings about a store that came from elsewhere, as far as they are not known, and sum up its score."""
    lock_stores(session)
    _keep(session, found, {store.id: store.path}, known=_known(session, [store.id]))
    rescore(session, [store.id])


def assess_ids(session: Session, ids: Sequence[int], more: Iterable[NewFinding] = ()) -> dict[int, Assessment]:
    """Assess stores by id, see ``assess_stores``."""
    return assess_stores(session, store_facts(session, ids), more=more)


def rescore(
    session: Session,
    ids: Sequence[int],
    fresh: Mapping[int, Sequence[Counted]] | None = None,
    review: Collection[int] = (),
) -> dict[int, int]:
    """Recompute score and count of open findings, write them where they differ; return the scores.

    Args:
        session: That of the change.
        ids: Of the stores.
        fresh: Id of a new store → all its findings; those of others are read.
        review: Ids of those that are put under review.
    """
    fresh = fresh or {}
    counting = {**_counting(session, [one for one in ids if one not in fresh]), **fresh}
    scores = {one: score_of([(code, points) for code, points, _ in counting.get(one, ())]) for one in ids}
    by_value: dict[tuple[int, int, bool], list[int]] = defaultdict(list)
    for one in ids:
        opened = sum(decision == FindingDecision.OPEN for _, _, decision in counting.get(one, ()))
        by_value[scores[one], opened, one in review].append(one)
    for (score, opened, is_reviewed), same in by_value.items():
        if (score, opened) == DEFAULT_SCORE:
            same = [one for one in same if one not in fresh]  # these were inserted so
        values: dict[str, Any] = {"score": score, "finding_count": opened}
        differs: ColumnElement[bool] = Store.score.is_distinct_from(score) | (Store.finding_count != opened)
        if is_reviewed:
            values["status"], differs = StoreStatus.UNDER_REVIEW.value, true()
        for chunk in in_chunks(same):
            chosen = Store.id.in_(chunk)
            changed = update(Store).where(chosen, differs).values(values)
            session.execute(changed, execution_options=REASON | {"synchronize_session": False})
    return scores


def _own(stores: Sequence[Facts]) -> list[NewFinding]:
    """Return the findings of each store by itself."""
    placed = [store for store in stores if store.wgs84_latitude is not None]
    latitudes = np.array([store.wgs84_latitude for store in placed], dtype=np.float64)
    longitudes = np.array([store.wgs84_longitude for store in placed], dtype=np.float64)
    wrong = misplaced(latitudes, longitudes, [store.region for store in placed]) if placed else {}
    places: dict[int, Misplacement] = {placed[row].id: place for row, place in wrong.items()}
    return [one for store in stores for one in own_findings(store, places.get(store.id))]


def _withdraw(session: Session, ids: Sequence[int]) -> set[int]:
    """Delete open findings of stores, and of others because of them; return those others."""
    concerned: set[int] = set()
    is_open = (StoreFinding.decision == FindingDecision.OPEN.value) & StoreFinding.code.not_in(CURRENT)
    for some in in_chunks(ids):
        _withdraw_proposals(session, some)
        beside = StoreFinding.other_store_id.in_(some), is_open
        concerned.update(session.scalars(select(StoreFinding.store_id).where(*beside), execution_options=REASON))
        gone = (StoreFinding.store_id.in_(some) | StoreFinding.other_store_id.in_(some)), is_open
        session.execute(delete(StoreFinding).where(*gone), execution_options=REASON | {"synchronize_session": False})
    return concerned - set(ids)


def _withdraw_proposals(session: Session, ids: Sequence[int]) -> None:
    """Remove what is proposed for stores that have a position by now."""
    placed = select(Store.id).where(Store.id.in_(ids), Store.latitude.is_not(None))
    proposed = StoreFinding.store_id.in_(placed), StoreFinding.code.in_(PROPOSALS)
    gone = delete(StoreFinding).where(*proposed, StoreFinding.decision == FindingDecision.OPEN.value)
    session.execute(gone, execution_options=REASON | {"synchronize_session": False})


def _reversed_pairs(session: Session, pairs: Sequence[Pair], looked_at: set[int]) -> list[Pair]:
    """Return the pairs with other stores, from their view, as far as these have room for more findings."""
    turned = [reversed_pair(pair) for pair in pairs if pair.other.id not in looked_at]
    ids = sorted({pair.store.id for pair in turned})
    room: dict[tuple[int, str], int] = defaultdict(int)
    for chunk in in_chunks(ids):
        of = StoreFinding.store_id.in_(chunk)
        query = select(StoreFinding.store_id, StoreFinding.code, func.count()).where(of)
        grouped = query.group_by(StoreFinding.store_id, StoreFinding.code)
        for store_id, code, count in session.execute(grouped, execution_options=REASON):
            room[store_id, code] = count
    fitting = []
    for pair in turned:
        key = pair.store.id, pair.finding.code
        if room[key] < SHOWN:
            room[key] += 1
            fitting.append(pair)
    return fitting


def _known(session: Session, ids: Sequence[int]) -> Known:
    """Return the stored findings of stores: decided ones, and open ones of others."""
    known: Known = defaultdict(list)
    columns = (StoreFinding.store_id, StoreFinding.code, StoreFinding.other_store_id, StoreFinding.data)
    for chunk in in_chunks(ids):
        query = select(*columns).where(StoreFinding.store_id.in_(chunk))
        for store_id, code, other, data in session.execute(query, execution_options=REASON):
            known[store_id].append((code, other, _lasting(data)))
    return known


def _keep(session: Session, found: Sequence[NewFinding], paths: dict[int, str], known: Known) -> dict[int, list[str]]:
    """Add findings that are not known already; return store → codes of those added."""
    at, rows = now(), []
    kept: dict[int, list[str]] = defaultdict(list)
    for one in found:
        there = known.get(one.store_id)
        if not there or (one.code, one.other_store_id, _lasting(one.data)) not in there:
            kept[one.store_id].append(one.code)
            opened = FindingDecision.OPEN.value, None, None, ""
            rows.append(
                (one.store_id, paths[one.store_id], one.code, one.points, one.data, one.other_store_id, at, *opened)
            )
    insert_rows(session, StoreFinding, COLUMNS, rows)
    return kept


def _lasting(data: dict[str, Any]) -> dict[str, Any]:
    """Return the figures by which a finding is identified."""
    return {name: value for name, value in data.items() if name != "count"}


def _counting(session: Session, ids: Sequence[int]) -> dict[int, list[Counted]]:
    """Return code, points and decision of findings that count: all but dismissed ones."""
    counting: dict[int, list[Counted]] = defaultdict(list)
    counts = StoreFinding.decision != FindingDecision.DISMISSED.value
    columns = (StoreFinding.store_id, StoreFinding.code, StoreFinding.points, StoreFinding.decision)
    for chunk in in_chunks(ids):
        query = select(*columns).where(StoreFinding.store_id.in_(chunk), counts)
        for store_id, code, points, decision in session.execute(query, execution_options=REASON):
            counting[store_id].append((code, points, decision))
    return counting


def _as_counting(found: Sequence[NewFinding], fresh: Collection[int]) -> dict[int, Sequence[Counted]]:
    counting: dict[int, Sequence[Counted]] = {}
    for one in found:
        if one.store_id in fresh:
            counted = (one.code, one.points, FindingDecision.OPEN.value)
            counting[one.store_id] = (*counting.get(one.store_id, ()), counted)
    return counting
