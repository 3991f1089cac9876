"""What tests of stores share: rows as a worksheet has them, and what became of them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select

from core.access import Actor
from core.clock import now
from core.database.sessions import engine_in_use, reading, unit_of_work
from core.drafts import draft_rows
from core.events.log import Event
from core.files.contents import content_path
from models.approvals import ApprovalCase, ApprovalStep
from models.stores import Store, StoreFinding, StorePhoto, StorePosition
from resources.stores import STORES
from services.accounts.one_time_secrets import new_token
from services.files.pictures import HandedPicture, reference_of
from services.saving.plans import Saved, SaveOptions
from services.stores.fixes import Fix
from services.stores.registration import StoreStatement, register_store_once
from tests.conftest import ADMIN, WEI

HUANGPU = {"region": "310101", "latitude": 31.2323, "longitude": 121.4752}
"""In the middle of 上海市黄浦区."""
METRE = 1 / 110_873  # of latitude, in Shanghai, on the ellipsoid
"""Degrees of latitude."""


def save(actor: Actor, *rows: Mapping[str, Any], match: str = "", version: int | None = None, batch: int | None = None):
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = {name: [row.get(name) for row in rows] for name in names}
    drafts, problems = draft_rows(STORES.stated_fields, list(range(2, len(rows) + 2)), cells)
    with unit_of_work(actor) as session:
        saved: Saved = STORES.save(session, drafts, SaveOptions(match=match, version=version, batch_id=batch))
    saved.problems = problems + saved.problems
    return saved


def shop(code: str, **stated: Any) -> dict[str, Any]:
    """Return a row of a shop in Huangpu against which nothing speaks."""
    number = sum(map(ord, code)) * 7919 % 10**8
    return {"code": code, "name": f"青禾{code}号店", "phone": f"138{number:08}", **HUANGPU, "datum": "wgs84"} | stated


def doubtful(code: str = "S1", **stated) -> None:
    """Save a store that is far from the region it states, so that it is under review."""
    save(WEI, shop(code, **{"region": "110000"} | stated))


def away(metres: float, **stated: Any) -> dict[str, Any]:
    """Return the position so far north of the middle of Huangpu."""
    return {"latitude": HUANGPU["latitude"] + metres * METRE} | stated


def stored(code: str) -> Store:
    with reading(ADMIN) as session:
        return session.scalars(select(Store).where(Store.code == code)).one()


def found(code: str) -> dict[str, StoreFinding]:
    """Return what is there about a store, by code; the last of each."""
    with reading(ADMIN) as session:
        query = select(StoreFinding).join(Store, Store.id == StoreFinding.store_id).where(Store.code == code)
        return {finding.code: finding for finding in session.scalars(query.order_by(StoreFinding.id))}


def positions(code: str) -> list[StorePosition]:
    with reading(ADMIN) as session:
        query = select(StorePosition).join(Store, Store.id == StorePosition.store_id).where(Store.code == code)
        return list(session.scalars(query.order_by(StorePosition.id)))


def events(action: str) -> list[Event]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(Event).where(Event.action == action).order_by(Event.id)))


def count(model: Any = Store) -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def counts(saved: Saved) -> tuple[int, int, int]:
    return saved.created, saved.updated, saved.unchanged


def fix(metres: float = 0, **stated: Any) -> Fix:
    """Return a good fix so far north of the middle of Huangpu, measured just now."""
    place = {"latitude": HUANGPU["latitude"] + metres * METRE, "longitude": HUANGPU["longitude"]}
    return Fix(**{**place, "accuracy_m": 12.0, "fixed_at": now() - timedelta(seconds=3)} | stated)


def register(actor: Actor = WEI, *, name: str = "青禾南京东路店", photos: tuple[str, ...] = (), **stated: Any) -> Store:
    at = stated.pop("at", None) or fix()
    invite, form_id = stated.pop("invite", ""), stated.pop("form_id", new_token())
    statement = StoreStatement(**{"name": name, "phone": "13900139000", "region": "310101"} | stated)
    with unit_of_work(actor) as session:
        return register_store_once(session, form_id, statement, [at], photos, invite)


def photo(**camera: Any) -> str:
    """Return the reference to a photo that was handed in, with what its camera wrote."""
    facts = {
        "sha256": "1" * 64, "size_bytes": 1, "width": 9, "height": 9, "original_sha256": "2" * 64, "look": 0,
        "taken_at": None, "latitude": None, "longitude": None, "software": "", "camera": "",
    }  # fmt: skip
    handed = HandedPicture(**(facts | camera))
    content = content_path(handed.sha256)
    content.parent.mkdir(parents=True, exist_ok=True)
    content.write_bytes(b"1")
    return reference_of(handed)


def without_stores() -> None:
    """Delete every store and what belongs to it; nothing has been decided."""
    with engine_in_use().begin() as connection:
        connection.execute(delete(ApprovalStep))
        connection.execute(delete(ApprovalCase))
        for table in (StoreFinding, StorePosition, StorePhoto, Store):
            connection.execute(delete(table))
