"""From an address to the points it may mean, each with its datum, by the provider that the settings name."""

from dataclasses import dataclass

from core.errors import InvalidInput
from core.i18n import N_
from core.positions.points import Datum
from core.process.late_imports import late_import
from core.settings import settings

DATUMS: dict[str, Datum] = {"nominatim": Datum.WGS84, "baidu": Datum.BD09}
"""Provider → datum of what it answers. geopy has no provider that answers in GCJ-02."""
CANDIDATES_MAX = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point that an address may mean.

    Attributes:
        provider: Key of ``DATUMS``. accuracy_m: radius in metres as the provider says; None if it does not.
    """

    latitude: float
    longitude: float
    datum: Datum
    provider: str
    accuracy_m: float | None


def find_candidates(address: str) -> list[Candidate]:
    """Return the points an address may mean, best first, at most ``CANDIDATES_MAX``; [] if it means none.

    Raises:
        InvalidInput: ``geocoding.off``, ``geocoding.key_refused``, ``geocoding.not_understood``: repeating is useless.
        Conflict: ``geocoding.busy``, ``geocoding.unreachable``: later it may work.
    """
    provider = settings().geocoder
    if not provider:
        raise InvalidInput("geocoding.off", N_("No service is set that finds positions of addresses (QUDAO_GEOCODER)."))
    providers = late_import("integrations.geocoding._providers")
    points = providers.query_provider(provider, settings().geocoder_url, settings().geocoder_key, address)
    return [
        Candidate(latitude, longitude, DATUMS[provider], provider, accuracy_m)
        for (latitude, longitude), accuracy_m in points[:CANDIDATES_MAX]
    ]
