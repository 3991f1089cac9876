"""Stating where a store is, in one of three ways: measured by the phone, set on a map, pasted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from core.clock import now
from core.errors import Problem
from core.i18n import _
from core.kinds.kind import Refused
from core.positions.points import DATUM_LABELS, Datum, parse_position, position_text, to_wgs84
from models.regions.table import region
from models.stores import PositionSource
from pages.components.base.buttons import button
from pages.components.base.design_tokens import Tone
from pages.components.base.elements import Tag
from pages.components.base.focus import focus_on
from pages.components.forms.fields import choice_field, search_field, show_problems, text_field
from pages.components.forms.geolocation import NoPosition, PositionReading, locator
from pages.components.layout.content import chip, form, kv, notice, row, stack
from pages.components.layout.records import instant_text
from pages.components.maps import Map, MapPoint, add_map, map_view
from pages.stores._queries import (
    accuracy_text,
    apart_m,
    datum_text,
    displayed,
    find_any_region,
    length_text,
    position_source_text,
    region_text,
)
from services.misplacement import ABROAD_M, misplaced, nearest_county
from services.stores.fixes import FIX_HOLDS, Fix, best_fix, fix_problem
from services.stores.rules import ACCURACY_GOOD_M

UNUSABLE = frozenset(
    {"positions.out_of_range", "stores.position_zero", "stores.accuracy_refused", "stores.fix_too_old"}
)
"""Problems of a position that cannot be handed in at all; with others it can, with a photo or a second try."""
PINNED_HOLDS = timedelta(hours=24)


class PositionStep:
    """Where a store is, as stated so far.

    Attributes:
        fixes: What to hand to the service; () while there is no position.
        tried_again: Whether the person has measured again on request.
        neighbours: What else stands on the map.
        start: Where the pin stands before anything is stated; None for the middle of the region.
    """

    def __init__(
        self, on_change: Callable[[], None], photo_count: Callable[[], int], *, asks_region: bool = True
    ) -> None:
        self.fixes: tuple[Fix, ...] = ()
        self.tried_again = False
        self._on_change = on_change
        self._photo_count = photo_count
        self._asks_region = asks_region
        self._was_asked = False
        self._measured: tuple[Fix, ...] = ()
        self._proposed = ""
        self._map: Map | None = None
        self.neighbours: Sequence[MapPoint] = ()
        self.start: MapPoint | None = None

    @property
    def best(self) -> Fix | None:
        """The fix that counts."""
        return best_fix(self.fixes) if self.fixes else None

    @property
    def region(self) -> str:
        """Adcode of the region stated, "" for none."""
        return str(self._region.value or "")

    def draw(self) -> None:
        """Draw the three ways; what they find is shown below."""
        add_map()
        locator(self._take_readings, self._failed)
        self._result = stack()
        self._result.put(hidden=True, aria_live="polite")
        with Tag("div", css="qd-ways"):
            Tag("span", _("Other ways"), "qd-ways-label")
            button(_("Pin on the map"), self._open_map, icon="map", testid="action-pin")
            button(_("Paste coordinates"), self._open_paste, icon="file", testid="action-paste")
        self._draw_paste()
        self._region_box = Tag("div", hidden=True)
        with self._region_box:
            self._region = search_field(
                "region",
                _("Region"),
                find_any_region,
                on_change=self._region_chosen,
                hint=_("The county the store lies in. It is compared with the position."),
            )
        self._region_note = Tag("div", hidden=True, aria_live="polite")
        self._map_box = Tag("div", css="qd-stack", hidden=True)

    # --- measured ---

    async def _take_readings(self, readings: Sequence[PositionReading]) -> None:
        at = now()
        self.tried_again = self._was_asked
        self._measured = tuple(
            Fix(one.latitude, one.longitude, Datum.WGS84, one.accuracy_m, one.fixed_at, PositionSource.GPS, at)
            for one in readings
        )
        code = self._take_checked(self._measured)
        self._was_asked = self._was_asked or code == "stores.accuracy_ask_again"

    def _take_checked(self, fixes: tuple[Fix, ...]) -> str:
        """Take what can be handed in, and say what is wrong with it; return the code of that."""
        problem = fix_problem(best_fix(fixes), self._photo_count(), tried_again=self.tried_again)
        code = problem.code if problem else ""
        self._take(() if code in UNUSABLE else fixes, problem)
        return code

    def _failed(self, _reason: NoPosition) -> None:
        self._region_box.put(hidden=not self.fixes)

    # --- set on the map ---

    def _open_map(self) -> None:
        self._paste.put(hidden=True)
        self._region_box.put(hidden=not self._asks_region)
        self._show_map()

    def _take_pin(self, latitude: float, longitude: float) -> None:
        if abs(latitude) > 90 or abs(longitude) > 180:
            return
        at = now()
        self._take_checked((Fix(latitude, longitude, Datum.GCJ02, None, at, PositionSource.PIN, at),))

    # --- pasted ---

    def _draw_paste(self) -> None:
        self._paste = Tag("div", css="qd-stack", hidden=True)
        with self._paste:
            with form():
                self._pasted = text_field(
                    "coordinates",
                    _("Coordinates or a link from a map"),
                    placeholder="31.230416, 121.473701",
                    wide=True,
                    hint=_("Latitude and longitude, also as 31°14′20″N 121°29′0″E."),
                    on_enter=self._take_paste,
                )
                choices = {datum.value: _(DATUM_LABELS[datum][0]) for datum in Datum}
                self._datum = choice_field(
                    "datum",
                    _("Where they come from"),
                    choices,
                    Datum.GCJ02.value,
                    hint=_("Maps in China shift positions by some hundred metres, each in its own way."),
                )
            with row():
                button(_("Use these coordinates"), self._take_paste, testid="action-use-coordinates")

    def _open_paste(self) -> None:
        self._paste.put(hidden=False)
        self._pasted.focus()

    def _take_paste(self) -> None:
        try:
            found = parse_position(str(self._pasted.value or ""), str(self._datum.value))
        except Refused as refused:
            show_problems({"coordinates": self._pasted}, {"coordinates": refused.problem.text})
            return
        self._pasted.refuse("")
        at = now()
        self._take_checked((Fix(found.latitude, found.longitude, found.datum, None, at, PositionSource.PASTE, at),))

    # --- what was found ---

    def _take(self, fixes: tuple[Fix, ...], problem: Problem | None) -> None:
        self.fixes = fixes
        self._show_result(problem)
        if fixes:
            self._region_box.put(hidden=not self._asks_region)
            self._propose_region()
            self._show_map()
        self._note_region()
        self._on_change()

    def _show_result(self, problem: Problem | None) -> None:
        best = self.best
        self._result.clear()
        self._result.put(hidden=best is None and problem is None)
        with self._result:
            if problem is not None:
                tone = "danger" if problem.code in UNUSABLE else "warning"
                notice(problem.text, "danger" if tone == "danger" else "warning", testid="position-problem")
            if best is not None:
                self._draw_fix(best)

    def _draw_fix(self, best: Fix) -> None:
        facts: dict[str, object] = {
            _("Position"): f"{position_text(best.latitude, best.longitude)} · {datum_text(best.datum)}"
        }
        if best.source == PositionSource.GPS and best.fixed_at is not None:
            facts[_("Accuracy")] = _(
                "{accuracy}, best of {count}", accuracy=accuracy_text(best.accuracy_m), count=len(self.fixes)
            )
            age_s = max(0, round(((best.received_at or now()) - best.fixed_at).total_seconds()))
            at = instant_text(best.fixed_at)
            facts[_("Measured")] = _("{time}, {age} s old when it came", time=at, age=age_s)
        else:
            facts[_("How")] = position_source_text(best.source)
            if self._measured:
                apart = apart_m(_shown(best), _shown(best_fix(self._measured)))
                facts[_("From the measured point")] = length_text(apart)
        with Tag("div", css="qd-fix", testid="position-facts"):
            chip(*_grade(best))
            kv(facts, pairs=1)
            if best.source != PositionSource.GPS and self._measured:
                button(_("Back to the measured point"), self._back_to_measured, testid="action-measured")

    def _back_to_measured(self) -> None:
        self._take_checked(self._measured)
        focus_on(self._result)  # the button is gone

    # --- region ---

    def _propose_region(self) -> None:
        """Fill in the nearest county, unless a person chose another region."""
        point = self._wgs84()
        if point is None or self.region not in ("", self._proposed):
            return
        code, metres = nearest_county(*point)
        if metres <= ABROAD_M:
            self._proposed = code
            self.set_region(code)

    def set_region(self, code: str) -> None:
        """State a region, as a person would choose it."""
        select: Any = self._region.control
        select.set_options({code: region_text(code)} if code else {}, value=code or None)

    def _region_chosen(self) -> None:
        self._note_region()
        if not self.fixes and self._map is not None:
            self._show_map()
        self._on_change()

    def _note_region(self) -> None:
        """Say what does not fit before anybody else finds it."""
        sentence = self._region_problem()
        self._region_note.clear()
        self._region_note.put(hidden=not sentence)
        if sentence:
            with self._region_note:
                notice(sentence, "warning", testid="region-problem")

    def _region_problem(self) -> str:
        point = self._wgs84()
        if point is None:
            return ""
        latitude, longitude = point
        place = misplaced(np.array([latitude]), np.array([longitude]), [self.region or None]).get(0)
        if place is None:
            return ""
        if place.is_abroad:
            code, metres = nearest_county(*point)
            far, nearest = length_text(metres), region_text(code)
            return _(
                "This point lies outside China: {distance} from {region}. Is that right?", distance=far, region=nearest
            )
        stated, far = region_text(self.region), length_text(place.declared_m or 0)
        return _("The point is {distance} from {region}: check the point or the region.", distance=far, region=stated)

    def _wgs84(self) -> tuple[float, float] | None:
        best = self.best
        return to_wgs84(best.latitude, best.longitude, best.datum) if best else None

    # --- the map ---

    def _show_map(self) -> None:
        self._map_box.put(hidden=False)
        points = self._points()
        if self._map is not None:
            self._map.show(points)
            return
        with self._map_box:
            self._map = map_view(points, label=_("Map with the position of the store"), on_pin=self._take_pin)
            words = _("Drag the pin, tap where the store is, or use the arrows below or on the keyboard.")
            Tag("p", words, "qd-hint")

    def _points(self) -> list[MapPoint]:
        best, found = self.best, list(self.neighbours)
        if best is not None:
            found.append(MapPoint(*_shown(best), "pin", _("The store"), accuracy_m=best.accuracy_m or 0))
            if best.source != PositionSource.GPS and self._measured:
                found.append(MapPoint(*_shown(best_fix(self._measured)), "fix", _("Measured")))
        elif self.start is not None:
            found.append(self.start)
        elif (chosen := region(self.region)) and chosen.latitude is not None and chosen.longitude is not None:
            found.append(MapPoint(chosen.latitude, chosen.longitude, "pin", chosen.name))
        return found

    # --- draft ---

    def state(self) -> dict[str, Any]:
        """Return what is stated, for a draft."""
        kept = [asdict(one) for one in self.fixes]
        for one in kept:
            one |= {name: at.isoformat() for name in ("fixed_at", "received_at") if (at := one[name])}
        return {"fixes": kept, "tried_again": self.tried_again, "region": self.region}

    def resume(self, state: Mapping[str, Any]) -> None:
        """State again what a draft held, as far as it is sound and of today."""
        if isinstance(code := state.get("region"), str) and region(code):
            self.set_region(code)
        stated = state.get("fixes")
        fixes = tuple(fix for one in stated if (fix := _resumed(one))) if isinstance(stated, list) else ()
        if fixes:
            self.tried_again = self._was_asked = state.get("tried_again") is True
            self._measured = fixes if fixes[0].source == PositionSource.GPS else ()
            self._take_checked(fixes)


def _grade(fix: Fix) -> tuple[str, Tone]:
    """Return in words how good a position is, with its tone."""
    if fix.source != PositionSource.GPS:
        return _("Lower grade"), "pending"
    if fix.accuracy_m is not None and fix.accuracy_m <= ACCURACY_GOOD_M:
        return _("Good"), "approved"
    return _("A photo is needed"), "pending"


def _shown(fix: Fix) -> tuple[float, float]:
    return displayed(fix.latitude, fix.longitude, fix.datum)


def _resumed(stated: Any) -> Fix | None:
    """Return a fix of a draft; None for one that is too old or not sound."""
    try:
        at = datetime.fromisoformat(stated["received_at"])
        fix = Fix(
            float(stated["latitude"]),
            float(stated["longitude"]),
            Datum(stated["datum"]),
            None if stated["accuracy_m"] is None else float(stated["accuracy_m"]),
            datetime.fromisoformat(stated["fixed_at"]),
            PositionSource(stated["source"]),
            at,
        )
        holds = FIX_HOLDS if fix.source == PositionSource.GPS else PINNED_HOLDS
        is_sound = abs(fix.latitude) <= 90 and abs(fix.longitude) <= 180 and now() - holds < at <= now()
    except (KeyError, TypeError, ValueError):
        return None
    return fix if is_sound else None
