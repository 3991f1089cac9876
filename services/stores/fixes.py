"""Positions measured on site: the best of several readings, and whether to ask for a better one.

Only here may a position be refused for its quality; later ``services.stores.rules`` makes findings of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import now
from core.errors import InvalidInput, Problem
from core.i18n import N_
from core.positions.points import ACCURACY_MAX_M, LATITUDE_MAX, LONGITUDE_MAX, Datum
from models.stores import PositionSource
from services.stores.rules import ACCURACY_GOOD_M, ACCURACY_POOR_M, ACCURACY_USELESS_M, is_zero

FIX_AGE_MAX = timedelta(seconds=60)
FIX_HOLDS = timedelta(minutes=30)  # from when it reached us until the form is submitted


@dataclass(frozen=True, slots=True)
class Fix:
    """A position as a phone measured it, or as a person set or pasted it.

    Attributes:
        accuracy_m: Radius in metres within which it probably is; None if nobody measured.
        fixed_at: When it was measured. received_at: when it reached us; None for just now.
    """

    latitude: float
    longitude: float
    datum: str = Datum.WGS84.value
    accuracy_m: float | None = None
    fixed_at: datetime | None = None
    source: str = PositionSource.GPS.value
    received_at: datetime | None = None


def best_fix(fixes: Sequence[Fix]) -> Fix:
    """Return the fix with the smallest radius, of equal ones the last. Raises ``InvalidInput`` if there is none."""
    if not fixes:
        raise InvalidInput(
            "stores.position_missing", N_("Where is the store? Measure its position, set it on the map, or paste it.")
        )
    return min(reversed(fixes), key=lambda fix: math.inf if fix.accuracy_m is None else fix.accuracy_m)


def require_good(fix: Fix, photo_count: int, *, tried_again: bool) -> None:
    """Require a fix that is good enough. Raises ``InvalidInput`` as ``fix_problem`` says."""
    problem = fix_problem(fix, photo_count, tried_again=tried_again)
    if problem is not None:
        name = "photo" if problem.code == "stores.photo_required" else "position"
        raise InvalidInput(problem.code, problem.message, fields={name: problem}, **problem.values)


def fix_problem(fix: Fix, photo_count: int, *, tried_again: bool = False) -> Problem | None:
    """Return why a person on site has to measure again; None if the fix is good enough.

    Args:
        fix: The best one.
        photo_count: How many photos there are.
        tried_again: Whether the person has tried again already and could not get a better one.

    Problems: ``positions.out_of_range``, ``stores.position_zero``, ``stores.fix_too_old``,
        ``stores.accuracy_refused``, ``stores.accuracy_ask_again``, ``stores.photo_required``.
    """
    if not _is_on_earth(fix):
        return Problem("positions.out_of_range", N_("This is no position on the earth: measure it again."))
    if is_zero(fix.latitude, fix.longitude):
        return Problem("stores.position_zero", N_("The phone gave 0, 0, which means that it measured nothing. Again?"))
    if fix.source != PositionSource.GPS:
        return _photo_problem(N_("A position that was not measured needs a photo of the shop front."), photo_count)
    if _is_old(fix):
        return Problem("stores.fix_too_old", N_("The position is too old to be sure of. Measure it again on the spot."))
    radius = ACCURACY_MAX_M if fix.accuracy_m is None else fix.accuracy_m
    values: dict[str, object] = {"accuracy_m": round(radius), "limit": ACCURACY_POOR_M}
    if radius > ACCURACY_USELESS_M:
        message = N_("The position may be wrong by {accuracy_m} m. Set it on the map or paste it instead.")
        return Problem("stores.accuracy_refused", message, values)
    if radius > ACCURACY_POOR_M and not tried_again:
        message = N_("The position may be wrong by {accuracy_m} m. Step outside, wait a moment, and measure again.")
        return Problem("stores.accuracy_ask_again", message, values)
    if radius > ACCURACY_GOOD_M:
        return _photo_problem(N_("With this accuracy a photo of the shop front is needed."), photo_count)
    return None


def _photo_problem(message: str, photo_count: int) -> Problem | None:
    return None if photo_count else Problem("stores.photo_required", message)


def _is_on_earth(fix: Fix) -> bool:
    radius = 0.0 if fix.accuracy_m is None else fix.accuracy_m
    if not all(math.isfinite(number) for number in (fix.latitude, fix.longitude, radius)):
        return False
    return abs(fix.latitude) <= LATITUDE_MAX and abs(fix.longitude) <= LONGITUDE_MAX and radius >= 0


def _is_old(fix: Fix) -> bool:
    received_at = fix.received_at or now()
    is_stale = fix.fixed_at is None or abs(received_at - fix.fixed_at) > FIX_AGE_MAX
    return is_stale or now() - received_at > FIX_HOLDS
