"""geopy's geocoders: one question at a time, no more than one a second, failures as sentences. Loaded late."""

from functools import cache
from typing import Any
from urllib.parse import urlsplit

from geopy.distance import geodesic
from geopy.exc import (
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
    GeocoderParseError,
    GeocoderQueryError,
    GeocoderQuotaExceeded,
    GeocoderServiceError,
)
from geopy.extra.rate_limiter import RateLimiter
from geopy.geocoders import BaiduV3, Nominatim

from core.errors import Conflict, InvalidInput
from core.i18n import N_

TIMEOUT_S = 10
INTERVAL_S = 1.0
"""Between two questions, as the operators of public servers ask."""
USER_AGENT = "qudao"
BAIDU_ACCURACY_M = {100: 20, 90: 50, 80: 100, 75: 200, 70: 300, 60: 500, 50: 1_000, 40: 2_000, 30: 5_000, 25: 8_000}
"""Confidence → radius in metres, as the provider states it; below the last one nothing is said."""

Point = tuple[tuple[float, float], float | None]
"""Latitude and longitude, and a radius in metres, None if the provider says none."""


def query_provider(provider: str, url: str, key: str, address: str) -> list[Point]:
    """Return the points that an address may mean, best first. Raises as ``search.find_candidates``."""
    try:
        question = _limited(provider, url, key)
        if provider == "nominatim":
            return [_nominatim(one) for one in question(address, exactly_one=False) or []]
        found = question(address)  # it answers one place at most, and geopy cannot read it as a list
        return [_baidu(found)] if found else []
    except (GeocoderAuthenticationFailure, GeocoderInsufficientPrivileges) as error:
        message = N_("The service for addresses refuses the key: check QUDAO_GEOCODER_KEY.")
        raise InvalidInput("geocoding.key_refused", message) from error
    except GeocoderQuotaExceeded as error:
        message = N_("The service for addresses has had enough questions for now. Try again later.")
        raise Conflict("geocoding.busy", message) from error
    except (GeocoderQueryError, GeocoderParseError, KeyError, TypeError, AttributeError) as error:
        message = N_("The service for addresses answers something that is not understood: check QUDAO_GEOCODER_URL.")
        raise InvalidInput("geocoding.not_understood", message) from error
    except GeocoderServiceError as error:  # also what the network itself says
        message = N_("The service for addresses does not answer. Check the network, or try again later.")
        raise Conflict("geocoding.unreachable", message) from error


@cache
def _limited(provider: str, url: str, key: str) -> RateLimiter:
    geocoder = _geocoder(provider, url, key)
    return RateLimiter(geocoder.geocode, min_delay_seconds=INTERVAL_S, max_retries=0, swallow_exceptions=False)


def _geocoder(provider: str, url: str, key: str) -> Any:
    parts = urlsplit(url)
    if provider == "nominatim":
        domain = parts.netloc + parts.path
        return Nominatim(domain=domain, scheme=parts.scheme, timeout=TIMEOUT_S, user_agent=USER_AGENT)
    baidu = BaiduV3(key, timeout=TIMEOUT_S, user_agent=USER_AGENT)
    if url:  # a gateway of the own network
        baidu.api = url.rstrip("/") + baidu.api_path
    return baidu


def _nominatim(found: Any) -> Point:
    """Return a point with half the diagonal of the box around it."""
    south, north, west, east = (float(degrees) for degrees in found.raw["boundingbox"])
    return (found.latitude, found.longitude), float(geodesic((south, west), (north, east)).m) / 2


def _baidu(found: Any) -> Point:
    confidence = found.raw.get("confidence", 0)
    radius = next((metres for least, metres in BAIDU_ACCURACY_M.items() if confidence >= least), None)
    return (found.latitude, found.longitude), radius
