"""Rules of store findings: their points, taken off a score of 100, and their sentences.

No rule refuses a store: findings are shown, and people decide. The limits are those of the filing rules in
the trade: 50 m accuracy is good, over 100 m is not; two shops within 30 m that share a telephone or a name are one.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from core.errors import Problem
from core.i18n import N_
from core.kinds.standard import Labels
from core.positions.points import Datum, convert, distance_m, is_swapped, position_text
from models.regions.resolving import region
from models.stores import PositionSource, StoreFinding
from services.misplacement import Misplacement
from services.stores.names import ALIKE, RATHER_ALIKE

ACCURACY_GOOD_M = 50
ACCURACY_POOR_M = 100
ACCURACY_USELESS_M = 500
SAME_PLACE_M = 30
NEAR_M = 50
OTHER_DATUM_M = range(100, 1_500)  # largest distance of a point in two datums, with a margin
ISLAND_DEGREES = 0.01
GOOD_SCORE = 80
"""Score from which a registration is accepted automatically."""

POINTS = {
    "position.zero": 60,
    "position.swapped": 40,
    "position.abroad": 40,
    "position.incomplete": 30,
    "position.far_from_region": 50,
    "position.inaccurate": 15,
    "position.not_measured": 10,
    "position.datum_doubtful": 20,
    "position.moved": 25,
    "position.proposed": 0,
    "position.proposed_even": 0,
    "position.proposed_far": 0,
    "phone.not_a_mobile": 10,
    "stores.duplicate": 60,
    "stores.near_duplicate": 30,
    "stores.same_phone": 25,
    "stores.same_photo": 40,
    "photo.far_from_position": 25,
    "photo.old": 15,
    "photo.edited": 15,
    "photo.missing": 10,
}
FAR_POINTS = {"city": 15, "province": 30, "": 50}
"""Points for a position outside its region, by how much of the region is near."""
TITLES = {
    "position.zero": N_("Position is zero"),
    "position.swapped": N_("Latitude and longitude exchanged"),
    "position.abroad": N_("Position abroad"),
    "position.incomplete": N_("Half a position"),
    "position.far_from_region": N_("Far from its region"),
    "position.inaccurate": N_("Inaccurate position"),
    "position.not_measured": N_("Position not measured"),
    "position.datum_doubtful": N_("Doubtful datum"),
    "position.moved": N_("Moved"),
    "position.proposed": N_("Position found for the address"),
    "position.proposed_even": N_("One of several positions for the address"),
    "position.proposed_far": N_("Position for the address, far from its region"),
    "phone.not_a_mobile": N_("No mobile number"),
    "stores.duplicate": N_("Same shop twice"),
    "stores.near_duplicate": N_("Perhaps the same shop"),
    "stores.same_phone": N_("Telephone of another store"),
    "stores.same_photo": N_("Photo of another store"),
    "photo.far_from_position": N_("Photo taken elsewhere"),
    "photo.old": N_("Photo taken another day"),
    "photo.edited": N_("Edited photo"),
    "photo.missing": N_("No photo"),
}
SENTENCES = {
    "position.zero": N_("The position is 0, 0, in the sea off Africa: nothing was measured."),
    "position.swapped": N_("The position is in China only if latitude and longitude are exchanged."),
    "position.abroad": N_("The position is not in China."),
    "position.incomplete": N_("Only one half of the position is known: it needs latitude and longitude."),
    "position.far_from_region": N_("The position is {distance} from {region}, which is stated; near it is {nearest}."),
    "position.inaccurate": N_("The position may be wrong by {accuracy_m} m; up to {limit} m is good."),
    "position.not_measured": N_("The position was set by hand and not measured on the spot."),
    "position.datum_doubtful": N_(
        "Taken as {datum}, the position is where another store with this telephone is: the stated datum may be wrong."
    ),
    "position.moved": N_("The store was moved by {distance}: somebody has to look at the new position."),
    "position.proposed": N_("By its address the store is at {position} ({provider}). Take it over if that is right."),
    "position.proposed_even": N_("The address fits {alternatives} places; one is at {position} ({provider})."),
    "position.proposed_far": N_(
        "By its address the store is at {position} ({provider}), {distance} from {region}, which is stated."
    ),
    "phone.not_a_mobile": N_("The telephone has the length of a mobile number, but none begins like this."),
    "stores.duplicate": N_("{distance} from another store with the same {shared}: it is probably the same shop."),
    "stores.near_duplicate": N_("{distance} from another store, with names {likeness} % alike."),
    "stores.same_phone": N_("Another store has the same telephone; together they are {count}."),
    "stores.same_photo": N_("Another store shows the same photo."),
    "photo.far_from_position": N_("The photo was taken {distance} from the position."),
    "photo.old": N_("The photo was taken {hours} hours before or after the store was registered."),
    "photo.edited": N_("The photo was edited with {software}."),
    "photo.missing": N_("No photo was handed in."),
}
NOT_MEASURED = {PositionSource.PIN, PositionSource.PASTE, PositionSource.PHOTO, PositionSource.GEOCODER}
PROPOSALS = ("position.proposed", "position.proposed_even", "position.proposed_far")
"""What is proposed for a store without a position: open until people decide, or until it has one."""
SHARED = {"phone": N_("telephone"), "name": N_("name"), "both": N_("telephone and name")}

PROVIDERS = {"nominatim": "Nominatim", "baidu": "百度地图"}

NOTHING: dict[str, Any] = {}
_MOBILE = re.compile(r"1[3-9]\d{9}")
_AS_LONG = re.compile(r"1\d{10}")
_HOTLINE = re.compile(r"[48]00\d{7}")


class Facts(NamedTuple):
    """Facts of a store from which findings are made. See ``models.stores.Store``."""

    id: int
    code: str
    path: str
    status: str
    name_key: str
    phone: str | None
    region: str | None
    latitude: float | None
    longitude: float | None
    datum: str
    accuracy_m: float | None
    position_source: str | None
    fixed_at: datetime | None
    wgs84_latitude: float | None
    wgs84_longitude: float | None
    cell: int | None
    registered_by: str


class NewFinding(NamedTuple):
    """A finding before it is stored. See ``models.stores.StoreFinding``."""

    store_id: int
    code: str
    points: int
    data: dict[str, Any]
    other_store_id: int | None = None


def own_findings(store: Facts, place: Misplacement | None) -> Iterator[NewFinding]:
    """Yield the findings of a store by itself.

    Args:
        store: As stored.
        place: Misplacement of its position, if any.
    """
    if store.position_source in NOT_MEASURED:
        yield new_finding(store, "position.not_measured")
    if store.accuracy_m is not None and store.accuracy_m > ACCURACY_POOR_M:
        points = POINTS["position.inaccurate"] * (2 if store.accuracy_m > ACCURACY_USELESS_M else 1)
        yield NewFinding(store.id, "position.inaccurate", points, {"accuracy_m": round(store.accuracy_m)})
    is_abroad = place is not None and place.is_abroad
    if store.phone and _AS_LONG.fullmatch(store.phone) and not _MOBILE.fullmatch(store.phone) and not is_abroad:
        yield new_finding(store, "phone.not_a_mobile")
    if (store.latitude is None) != (store.longitude is None):
        yield new_finding(store, "position.incomplete")
    if store.latitude is None or store.longitude is None:
        return
    if is_zero(store.latitude, store.longitude):
        yield new_finding(store, "position.zero")
    elif is_swapped(store.latitude, store.longitude):
        yield new_finding(store, "position.swapped")
    elif place is not None:
        yield from _of_place(store, place)


def is_zero(latitude: float, longitude: float) -> bool:
    """Return whether a position is 0, 0, which programs write where nothing was measured."""
    return abs(latitude) < ISLAND_DEGREES and abs(longitude) < ISLAND_DEGREES


def is_hotline(phone: str) -> bool:
    """Return whether a number is one that many shops share by its nature, such as 400-820-8820."""
    return _HOTLINE.fullmatch(phone) is not None


def pair_finding(
    store: Facts, other: Facts, metres: float | None, likeness: float
) -> tuple[str, dict[str, Any]] | None:
    """Return code and figures of the finding about two stores; None if they have too little in common.

    Args:
        store: The store assessed.
        other: Another one.
        metres: Between their positions; None if one has none.
        likeness: Of their names, 0 to 1.
    """
    has_phone = bool(store.phone) and store.phone == other.phone and not is_hotline(store.phone or "")
    if metres is not None and metres <= NEAR_M:
        if metres <= SAME_PLACE_M and (has_phone or likeness >= ALIKE):
            shared = "phone" if likeness < ALIKE else "both" if has_phone else "name"
            return "stores.duplicate", {"distance_m": round(metres), "shared": shared}
        if likeness >= RATHER_ALIKE or has_phone:
            return "stores.near_duplicate", {"distance_m": round(metres), "likeness": round(likeness * 100)}
        return None
    return ("stores.same_phone", NOTHING) if has_phone else None


def doubtful_datum(store: Facts, other: Facts, metres: float | None) -> str:
    """Return the datum in which a store's degrees would be where another is; "" if there is none."""
    if metres is None or int(metres) not in OTHER_DATUM_M or store.latitude is None or store.longitude is None:
        return ""
    if other.wgs84_latitude is None or other.wgs84_longitude is None:
        return ""
    for datum in Datum:
        if datum != store.datum:
            point = convert(store.latitude, store.longitude, datum, Datum.WGS84)
            if distance_m(*point, other.wgs84_latitude, other.wgs84_longitude) <= NEAR_M:
                return datum.value
    return ""


def new_finding(store: Facts, code: str, data: dict[str, Any] | None = None, other: int | None = None) -> NewFinding:
    """Return a finding with the points of its code."""
    return NewFinding(store.id, code, POINTS[code], NOTHING if data is None else data, other)


def score_of(points: Sequence[tuple[str, int]]) -> int:
    """Return the score after findings (code, points) that count; each kind counts once, by its worst."""
    worst: dict[str, int] = {}
    for code, taken in points:
        worst[code] = max(taken, worst.get(code, 0))
    return max(0, 100 - sum(worst.values()))


def finding_sentence(finding: StoreFinding) -> Problem:
    """Return a finding as one sentence with its figures."""
    values: dict[str, object] = dict(finding.data)
    if "distance_m" in values:
        values["distance"] = distance_text(int(finding.data["distance_m"]))
    for name in ("region", "nearest"):
        if name in values:
            place = region(str(values[name]))
            values[name] = place.full_name.replace(" ", "") if place else values[name]
    if "shared" in values:
        values["shared"] = Labels([SHARED[str(values["shared"])]])
    if "latitude" in values:
        values["position"] = position_text(finding.data["latitude"], finding.data["longitude"])
        values["provider"] = PROVIDERS.get(str(values["provider"]), values["provider"])
    if "datum" in values:
        values["datum"] = {"wgs84": "WGS-84", "gcj02": "GCJ-02", "bd09": "BD-09"}[str(values["datum"])]
    values.setdefault("limit", ACCURACY_GOOD_M)
    values.setdefault("count", 2)
    return Problem(finding.code, SENTENCES[finding.code], values)


def distance_text(metres: int) -> str:
    """Return a distance as text: 35 m, 1.2 km, 240 km."""
    if metres < 1_000:
        return f"{metres} m"
    return f"{metres / 1000:.1f} km" if metres < 100_000 else f"{metres // 1000} km"


def _of_place(store: Facts, place: Misplacement) -> Iterator[NewFinding]:
    if place.is_abroad:
        yield new_finding(store, "position.abroad")
    if place.declared_m is not None and place.nearest:
        data = {"distance_m": round(place.declared_m), "region": store.region, "nearest": place.nearest}
        yield NewFinding(store.id, "position.far_from_region", FAR_POINTS[place.fits], data)
