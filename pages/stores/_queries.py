"""What the pages of stores read and how they say it."""

from datetime import datetime

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from core.clock import now
from core.i18n import _, ngettext
from core.positions.points import DATUM_LABELS, Datum, convert, distance_m
from models.regions import resolving
from models.regions.table import region
from models.stores import SOURCE_LABELS, PositionSource, StoreStatus
from pages.components.base.design_tokens import Tone
from pages.components.layout.content import tone_of
from pages.resources.inputs import find_references
from pages.shell.reading import read
from pages.web.identity import current_actor
from resources import BY_NAME

GOOD_SCORE = 80
FOUND_MAX = 20
DISPLAY = Datum.GCJ02
"""Of every map: what people compare with, and what the names of places are placed by; see docs/adr/0022."""


def displayed(latitude: float, longitude: float, datum: str) -> tuple[float, float]:
    """Return where a captured point stands on our maps."""
    return convert(latitude, longitude, datum, DISPLAY)


def status_tone(status: str, score: int | None) -> Tone:
    """Return the tone of a store on a map or in a list: one that waits or is doubtful stands out."""
    if status == StoreStatus.ACTIVE and score is not None and score < GOOD_SCORE:
        return "pending"
    return tone_of(status)


def length_text(metres: float) -> str:
    """Return a distance as people say it: "40 m", "1.2 km", "1,140 km"."""
    if metres < 1000:
        return f"{metres:.0f} m"
    return f"{metres / 1000:.1f} km" if metres < 10_000 else f"{metres / 1000:,.0f} km"


def accuracy_text(accuracy_m: float | None) -> str:
    """Return how exact a position is, "" if nobody said."""
    return "" if accuracy_m is None else f"± {length_text(accuracy_m)}"


def age_text(since: datetime) -> str:
    """Return how long ago an instant is, roughly."""
    minutes = max(0, round((now() - since).total_seconds() / 60))
    if minutes < 1:
        return _("just now")
    if minutes < 120:
        return ngettext("{count} minute ago", "{count} minutes ago", minutes)
    hours = round(minutes / 60)
    if hours < 48:
        return ngettext("{count} hour ago", "{count} hours ago", hours)
    return ngettext("{count} day ago", "{count} days ago", round(hours / 24))


def position_source_text(source: str | None) -> str:
    """Return how a position came to be known, as people read it."""
    return _(SOURCE_LABELS[PositionSource(source)][0]) if source else ""


def datum_text(datum: str) -> str:
    """Return a datum as people read it."""
    return _(DATUM_LABELS[Datum(datum)][0])


def region_text(code: str | None) -> str:
    """Return a region's full name, "" for none."""
    found = region(code) if code else None
    return found.full_name.replace(" ", "") if found else ""


def apart_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance in metres of two points (latitude, longitude) of one datum."""
    return distance_m(*one, *other)


async def find_any_region(text: str) -> dict[str, str]:
    """Return adcode → name of regions that a person may mean; regions are public."""
    found = await run_in_threadpool(resolving.search, text, FOUND_MAX)
    return {one.code: one.full_name for one in found}


async def find_partners(text: str) -> dict[str, str]:
    """Return code → name of partners within the scope of the current user."""
    return await read(await current_actor(), _partners, text)


def _partners(session: Session, text: str) -> dict[str, str]:
    reference = BY_NAME["customers"].field("partner").kind.reference
    return find_references(session, reference, text) if reference else {}
