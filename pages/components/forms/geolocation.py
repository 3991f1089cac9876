"""Geolocation by the browser: up to five fixes in twenty seconds, or a clear reason why there is none."""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from nicegui.events import GenericEventArguments

from core.clock import now
from core.i18n import _
from pages.components.base.assets import add_script, add_style
from pages.components.base.elements import Tag
from pages.components.lists.grid_spec import without_code

FIXES_MAX = 5
SECONDS_MAX = 20
AGE_MS_MAX = 366 * 24 * 3600 * 1000
NoPosition = Literal["insecure", "unsupported", "refused", "unavailable", "timeout"]

REASONS: tuple[NoPosition, ...] = get_args(NoPosition)


@dataclass(frozen=True, slots=True)
class PositionReading:
    """One fix as the browser gave it, WGS-84. ``fixed_at`` comes from its age, as clocks of phones are often wrong."""

    latitude: float
    longitude: float
    accuracy_m: float
    fixed_at: datetime


def locator(
    on_readings: Callable[[Sequence[PositionReading]], Awaitable[None]], on_failure: Callable[[NoPosition], None]
) -> Tag:
    """Draw the button that measures, and its result; the page offers other ways beside it.

    Browsers give a position only over https or on the machine itself, and only if the person allows it; each reason
    why there is none is said in words, with what to do.
    """
    add_style("position.css")
    add_script("position.js")
    config = {"fixesMax": FIXES_MAX, "secondsMax": SECONDS_MAX, "texts": _texts()}
    made = Tag("qudao-position", css="qd-locate", config=without_code(config), testid="position")

    async def taken(event: GenericEventArguments) -> None:
        if readings := _readings(event):
            await on_readings(readings)

    def failed(event: GenericEventArguments) -> None:
        detail = event.args.get("detail") if isinstance(event.args, dict) else None
        reason = detail.get("reason") if isinstance(detail, dict) else None
        if known := next((one for one in REASONS if one == reason), None):
            on_failure(known)

    made.on("positiontaken", taken, ["detail"])
    made.on("positionfailed", failed, ["detail"])
    return made


def _readings(event: GenericEventArguments) -> list[PositionReading]:
    detail = event.args.get("detail") if isinstance(event.args, dict) else None
    stated = detail.get("fixes") if isinstance(detail, dict) else None
    at, found = now(), []
    for one in stated[:FIXES_MAX] if isinstance(stated, list) else ():
        numbers = _numbers(one)
        if numbers is not None:
            latitude, longitude, accuracy_m, age_ms = numbers
            found.append(PositionReading(latitude, longitude, accuracy_m, at - timedelta(milliseconds=age_ms)))
    return found


def _numbers(stated: Any) -> tuple[float, float, float, float] | None:
    names = ("latitude", "longitude", "accuracy", "age_ms")
    values = [stated.get(name) for name in names] if isinstance(stated, dict) else []
    numbers = [float(one) for one in values if isinstance(one, int | float) and math.isfinite(one)]
    if len(numbers) != len(names) or abs(numbers[0]) > 90 or abs(numbers[1]) > 180:
        return None
    return numbers[0], numbers[1], max(0.0, numbers[2]), min(max(0.0, numbers[3]), float(AGE_MS_MAX))


def _texts() -> dict[str, Any]:
    other = _("Set a pin on the map or paste coordinates instead.")
    return {
        "start": _("Use my position"),
        "again": _("Measure again"),
        "retry": _("Try again"),
        "enough": _("Take this one"),
        "asking": _("Asking for the position … If your browser asks, allow it."),
        "measured": _("Measuring: ± {accuracy} m so far ({count} of {total})"),
        "problems": {
            "insecure": [
                _("This page was opened without https, so your browser gives no position."),
                _("Open it by its https address; your administrator knows it. ({origin})") + " " + other,
            ],
            "unsupported": [_("This browser has no way to give a position."), other],
            "refused": [
                _("Your browser is set not to give this page the position."),
                _("Allow “location” for this page in the settings of the browser, and location in those of the phone.")
                + " "
                + other,
            ],
            "unavailable": [
                _("The phone could not find where it is."),
                _("Step outside or to a window, switch location on, and try again.") + " " + other,
            ],
            "timeout": [
                _("No position came within {seconds} seconds.", seconds=SECONDS_MAX),
                _("Did your browser ask whether to allow it? Outside it goes faster.") + " " + other,
            ],
        },
    }
