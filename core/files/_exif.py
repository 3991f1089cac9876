"""EXIF metadata of a picture: time, position, camera. All of it may be missing, wrong or forged.

A fact that cannot be read for certain is None, and the others are read all the same. Tags: EXIF 2.32, section 4.6.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

from PIL import ExifTags, Image

from core.clock import BRAND_ZONE

UNREADABLE = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError)
"""Exceptions of reading a damaged picture or its tags, ``struct.error`` (a ValueError) among them."""
WORDS_LENGTH_MAX = 100
YEARS = range(1990, 2101)
NO_FIX_DEG = 1e-6  # a receiver without a fix writes zeros

_Base, _Gps = ExifTags.Base, ExifTags.GPS
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """EXIF facts of a picture.

    Attributes:
        taken_at: Instant in UTC: of the camera's clock where it states its zone, else of the satellites' clock, else
            of the camera's clock taken to stand in the brand's zone.
        latitude: Degrees, WGS-84, of where the camera stood; None together with ``longitude``.
        longitude: See latitude.
        software: What last wrote the picture; an editor is a reason to look twice.
        camera: Maker and model.
        orientation: 1 to 8, how the pixels lie; 1 is upright.
    """

    taken_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None
    software: str = ""
    camera: str = ""
    orientation: int = 1


def facts_of(image: Image.Image) -> CameraFacts:
    """Return the EXIF facts of a picture; never raises."""
    exif = _tags(image)
    if exif is None:
        return CameraFacts()
    shot, gps = _block(exif, ExifTags.IFD.Exif), _block(exif, ExifTags.IFD.GPSInfo)
    latitude, longitude = _position(gps)
    return CameraFacts(
        taken_at=_taken_at(shot, gps),
        latitude=latitude,
        longitude=longitude,
        software=_words(exif.get(_Base.Software)),
        camera=_camera(_words(exif.get(_Base.Make)), _words(exif.get(_Base.Model))),
        orientation=_orientation(exif.get(_Base.Orientation)),
    )


def _tags(image: Image.Image) -> Image.Exif | None:
    try:
        return image.getexif()
    except UNREADABLE:
        return None


def _block(exif: Image.Exif, name: int) -> Mapping[int, Any]:
    try:
        return dict(exif.get_ifd(name))
    except UNREADABLE:
        return {}


def _taken_at(shot: Mapping[int, Any], gps: Mapping[int, Any]) -> datetime | None:
    local = _clock(shot.get(_Base.DateTimeOriginal))
    offset = _offset(shot.get(_Base.OffsetTimeOriginal))
    if local is not None and offset is not None:
        return local.replace(tzinfo=offset).astimezone(UTC)
    satellites = _satellite_clock(gps)
    if satellites is not None:
        return satellites
    return None if local is None else local.replace(tzinfo=BRAND_ZONE).astimezone(UTC)


def _clock(value: object) -> datetime | None:
    """Return the time on the camera's clock, in no zone yet; ``2026:11-22 …`` and zeros are none."""
    try:
        found = datetime.strptime(_words(value), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007  the caller knows the zone
    except ValueError:
        return None
    return found if found.year in YEARS else None


def _offset(value: object) -> timezone | None:
    try:
        found = datetime.strptime(_words(value).replace("Z", "+00:00"), "%z").utcoffset()
    except ValueError:
        return None
    return None if found is None else timezone(found)


def _satellite_clock(gps: Mapping[int, Any]) -> datetime | None:
    time = _numbers(gps.get(_Gps.GPSTimeStamp))
    try:
        day = datetime.strptime(_words(gps.get(_Gps.GPSDateStamp)), "%Y:%m:%d").replace(tzinfo=UTC)
        hours, minutes, seconds = time
        found = day + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except (ValueError, OverflowError):
        return None
    return found if found.year in YEARS else None


def _position(gps: Mapping[int, Any]) -> tuple[float | None, float | None]:
    latitude = _degrees(gps.get(_Gps.GPSLatitude), gps.get(_Gps.GPSLatitudeRef), "NS", 90)
    longitude = _degrees(gps.get(_Gps.GPSLongitude), gps.get(_Gps.GPSLongitudeRef), "EW", 180)
    if latitude is None or longitude is None:
        return None, None
    if abs(latitude) < NO_FIX_DEG and abs(longitude) < NO_FIX_DEG:
        return None, None
    return latitude, longitude


def _degrees(value: object, half: object, halves: str, most: float) -> float | None:
    """Return signed degrees of (degrees, minutes, seconds); None without a hemisphere."""
    parts, stated = _numbers(value), _words(half).upper()
    if len(parts) != 3 or not stated or stated[0] not in halves or min(parts) < 0:
        return None
    degrees = parts[0] + parts[1] / 60 + parts[2] / 3600
    if degrees > most:
        return None
    return -degrees if stated[0] == halves[1] else degrees


def _numbers(value: object) -> tuple[float, ...]:
    """Return finite numbers; () if one of them is not a number (a fraction over zero, a text)."""
    try:
        found = tuple(float(one) for one in value)  # type: ignore[attr-defined]
    except UNREADABLE:
        return ()
    return found if all(map(math.isfinite, found)) else ()


def _words(value: object) -> str:
    """Return a text tag as people may read it: without zeros at its end, control characters and great length."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    return "".join(sign for sign in value.split("\0")[0] if sign.isprintable())[:WORDS_LENGTH_MAX].strip()


def _camera(maker: str, model: str) -> str:
    return model if model.lower().startswith(maker.lower()) else f"{maker} {model}"[:WORDS_LENGTH_MAX].strip()


def _orientation(value: object) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
