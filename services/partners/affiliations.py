"""Affiliation history: upstream of each partner on each day."""

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.database.bulk import insert_rows
from core.database.chunks import in_chunks
from core.database.paths import ancestor_ids
from core.drafts import Drafts
from core.errors import CellProblem, Problem
from core.events.log import EventDraft, record
from core.i18n import N_
from models.partners.partners import Affiliation, Partner
from models.stores import Store

COLUMNS = ("partner_id", "upstream_id", "path", "valid_from", "valid_to")


class Placed(Protocol):
    """What this module needs to know of a stored partner."""

    @property
    def id(self) -> int: ...  # noqa: D102
    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def valid_from(self) -> date: ...  # noqa: D102


def upstream_ids_on(session: Session, partner_id: int, day: date) -> list[int]:
    """Return the ids of those above a partner on ``day``, nearest first; empty if it stood under the brand."""
    above: list[int] = []
    current: int | None = partner_id
    while current is not None:
        current = session.scalar(
            select(Affiliation.upstream_id).where(
                Affiliation.partner_id == current,
                Affiliation.valid_from <= day,
                (Affiliation.valid_to > day) | Affiliation.valid_to.is_(None),
            ),
            execution_options={"see_all": "who stood above a partner is not hidden from what is computed for it"},
        )
        if current is not None:
            above.append(current)
    return above


def day_problems(session: Session, drafts: Drafts, existing: Mapping[str, Placed]) -> list[CellProblem]:
    """Refuse a day from which a partner is to stand somewhere while it stood elsewhere."""
    problems = []
    for row, code, day in zip(
        drafts.rows, drafts.columns["code"], drafts.columns.get("valid_from", [None] * len(drafts)), strict=True
    ):
        now = existing.get(code)
        if now is None or day is None or day >= now.valid_from:
            continue
        earlier = select(Affiliation.valid_to).where(Affiliation.partner_id == now.id, Affiliation.valid_to > day)
        if session.scalar(earlier.limit(1)) is not None:
            taken = N_("is before {day}, since when the partner has stood where it stands")
            problem = Problem("partners.day_taken", taken, {"day": now.valid_from.isoformat()})
            problems.append(CellProblem(row, "valid_from", day.isoformat(), problem))
    return problems


def keep_history(session: Session, drafts: Drafts, existing: Mapping[str, Placed], paths: Mapping[str, str]) -> None:
    """Bring the history in line with saved partners: begin it for new ones, go on with it for moved ones."""
    begun = []
    ids = _saved(session, drafts)
    for code in drafts.columns["code"]:
        partner_id, valid_from = ids[code]
        path, before = paths[code], existing.get(code)
        above = ancestor_ids(path)
        upstream_id = above[-2] if len(above) > 1 else None
        if before is None:
            begun.append((partner_id, upstream_id, path, valid_from, None))
        elif ancestor_ids(before.path)[-2:-1] != above[-2:-1]:
            _end(session, partner_id, valid_from)
            begun.append((partner_id, upstream_id, path, valid_from, None))
            _take_store_along(session, partner_id, upstream_id)
        elif before.valid_from != valid_from:
            current = update(Affiliation).where(Affiliation.partner_id == partner_id, Affiliation.valid_to.is_(None))
            session.execute(current.values(valid_from=valid_from))
    insert_rows(session, Affiliation, COLUMNS, begun)


def _take_store_along(session: Session, partner_id: int, upstream_id: int | None) -> None:
    """Move the partner's own store to the new upstream."""
    is_own = Store.ordering_partner_id == partner_id, Store.partner_id.is_distinct_from(upstream_id)
    for store in session.scalars(select(Store).where(*is_own)):
        changes = {"partner": [store.partner_id, upstream_id]}
        store.partner_id, store.version, store.updated_at = upstream_id, store.version + 1, now()
        record(session, "store.changed", "stores", [EventDraft(store.code, store.path, changes, version=store.version)])


def _saved(session: Session, drafts: Drafts) -> dict[str, tuple[int, date]]:
    codes = drafts.columns["code"]
    found: dict[str, tuple[int, date]] = {}
    for chunk in in_chunks(codes):
        query = select(Partner.code, Partner.id, Partner.valid_from).where(Partner.code.in_(chunk))
        found.update((code, (partner_id, day)) for code, partner_id, day in session.execute(query))
    return found


def _end(session: Session, partner_id: int, day: date) -> None:
    """Close the affiliation that is in effect on ``day`` and delete those that start later."""
    session.execute(delete(Affiliation).where(Affiliation.partner_id == partner_id, Affiliation.valid_from >= day))
    lasting = update(Affiliation).where(Affiliation.partner_id == partner_id, Affiliation.valid_to.is_(None))
    session.execute(lasting.values(valid_to=day))
