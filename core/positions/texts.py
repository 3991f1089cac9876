"""How people write positions: decimal degrees, degrees with minutes and seconds, links of map services."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from core.kinds.plain_texts import without_invisible
from core.limits import POSITION_LENGTH_MAX, STATED_LENGTH_MAX

ANGLE_PLACES = 8  # decimals kept of a degree: about a millimetre, and exact in every spreadsheet program

_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | str.maketrans(
    {"\u3000": " ", "\u00a0": " ", "−": "-", "–": "-", "—": "-", "º": "°", "˚": "°", "度": "°", "′": "'", "’": "'",
     "‘": "'", "´": "'", "分": "'", "″": '"', "”": '"', "“": '"', "秒": '"', "、": ",", "；": ",", ";": ","}
)  # fmt: skip
_WORDS = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE), letter)
    for pattern, letter in (
        ("北纬", " N"), ("南纬", " S"), ("东经", " E"), ("西经", " W"), (r"纬度|\blat(?:itude)?\b", " N"),
        (r"经度|\b(?:lng|lon|long|longitude)\b", " E"),
    )
)  # fmt: skip
_NUMBER = r"\d{1,4}(?:\.\d{0,20})?"
_ANGLE = (
    rf"(?P<before#>[NSEWnsew])? ?[:=]? ?(?P<sign#>[+-])? ?(?P<degrees#>{_NUMBER}) ?°?"
    rf"(?:(?<=°) ?(?P<minutes#>{_NUMBER}) ?'(?: ?(?P<seconds#>{_NUMBER}) ?(?:\"|''))?)?"
    rf"(?(before#)|(?: ?(?P<after#>[NSEWnsew]))?)"
)
_ONE = re.compile(_ANGLE.replace("#", ""), re.ASCII)
_BETWEEN = r"(?: ?, ?| |(?<=[NSEWnsew°'\"]))"
_FIRST, _SECOND = _ANGLE.replace("#", "1"), _ANGLE.replace("#", "2")
_TWO = re.compile(rf"\D{{0,20}}?{_FIRST}{_BETWEEN}{_SECOND}\D{{0,20}}", re.ASCII)
_METRES = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?(?:m|M|米)?", re.ASCII)

_DEGREES = r"([+-]?\d{1,3}\.\d{1,20})"
_LINKS = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE), latitude_first)
    for pattern, latitude_first in (
        (rf"!3d{_DEGREES}!4d{_DEGREES}", True),
        (rf"@{_DEGREES},{_DEGREES}", True),
        (rf"mlat={_DEGREES}&mlon={_DEGREES}", True),
        (rf"#map=\d+/{_DEGREES}/{_DEGREES}", True),
        (rf"coord:{_DEGREES},{_DEGREES}", True),
        (rf"(?:position|lnglat|lnglats|dest|to)=(?:lonlat:)?{_DEGREES},{_DEGREES}", False),
        (rf"(?:location|latlng|ll|sll|q|query|center|daddr|p)=(?:loc:)?(?:[^&,]{{0,40}},)?{_DEGREES},{_DEGREES}", True),
        (rf"^geo:{_DEGREES},{_DEGREES}", True),
        (rf"lat(?:itude)?={_DEGREES}.{{1,40}}?(?:lng|lon|long|longitude)={_DEGREES}", True),
        (rf"(?:lng|lon|long|longitude)={_DEGREES}.{{1,40}}?lat(?:itude)?={_DEGREES}", False),
    )
)
_LINK = re.compile(r"^geo:|\w://", re.ASCII | re.IGNORECASE)
_HOSTS = (("amap.", "gcj02"), ("gaode.", "gcj02"), ("qq.com", "gcj02"), ("baidu.", "bd09"), ("bdmap:", "bd09"),
          ("openstreetmap.", "wgs84"), ("geo:", "wgs84"))  # fmt: skip
_STATED = (("gcj02", "gcj02"), ("gaode", "gcj02"), ("wgs84", "wgs84"), ("bd09", "bd09"))


@dataclass(frozen=True, slots=True)
class ParsedPosition:
    """Two angles as they were written.

    Attributes:
        is_sure: Whether the text itself says which is which.
        datum: That the text names; "" if it names none.
    """

    latitude: float
    longitude: float
    is_sure: bool = False
    datum: str = ""


def read_pair(text: str) -> ParsedPosition | None:
    """Return the two angles of a pasted text; None if there are not two. Latitude comes first unless it says else."""
    if len(text) > POSITION_LENGTH_MAX:
        return None
    if _LINK.search(text.strip()):
        return _read_link(unquote(text.strip()))
    match = _TWO.fullmatch(_plain(text))
    return _two_angles(match) if match else None


def read_angle(text: str, hemispheres: str) -> float | None:
    """Return one angle in decimal degrees; None if it is none.

    Args:
        text: As stated.
        hemispheres: The letters it may carry, the positive one first: "NS" or "EW".
    """
    match = _ONE.fullmatch(_plain(text)) if len(text) <= STATED_LENGTH_MAX else None
    if match is None:
        return None
    letter = (match["before"] or match["after"] or hemispheres[0]).upper()
    if letter not in hemispheres:
        return None
    return _degrees(match, "", letter)


def read_metres(text: str) -> float | None:
    """Return a length in metres, to a tenth; None if it is none."""
    match = _METRES.fullmatch(_plain(text)) if len(text) <= STATED_LENGTH_MAX else None
    return round(float(match[1]), 1) if match else None


def _plain(text: str) -> str:
    """Return a text with directions as letters, every sign as a keyboard has it, and single spaces only inside."""
    for word, letter in _WORDS:
        text = word.sub(letter, text)
    return " ".join(without_invisible(text).translate(_PLAIN).split())


def _read_link(link: str) -> ParsedPosition | None:
    plain = link.lower()
    for pattern, latitude_first in _LINKS:
        match = pattern.search(link)
        if match:
            first, second = (round(float(one), ANGLE_PLACES) for one in match.groups())
            latitude, longitude = (first, second) if latitude_first else (second, first)
            return ParsedPosition(latitude, longitude, datum=_datum_of(plain))
    return None


def _datum_of(link: str) -> str:
    stated = next((datum for word, datum in _STATED if word in link), "")
    return stated or next((datum for host, datum in _HOSTS if host in link), "")


def _two_angles(match: re.Match[str]) -> ParsedPosition | None:
    letters = [(match[f"before{number}"] or match[f"after{number}"] or "").upper() for number in "12"]
    first, second = letters
    if not first and not second:
        one, two = _degrees(match, "1", "N"), _degrees(match, "2", "E")
        return None if one is None or two is None else ParsedPosition(one, two)
    if len({letter in "NS" for letter in letters if letter}) < sum(bool(letter) for letter in letters):
        return None  # two latitudes, or two longitudes
    is_latitude_first = first in "NS" if first else second in "EW"
    angles = [_degrees(match, "1", first or ("N" if is_latitude_first else "E")),
              _degrees(match, "2", second or ("E" if is_latitude_first else "N"))]  # fmt: skip
    if None in angles:
        return None
    one, two = (angle or 0.0 for angle in angles)
    return ParsedPosition(one, two, is_sure=True) if is_latitude_first else ParsedPosition(two, one, is_sure=True)


def _degrees(match: re.Match[str], number: str, letter: str) -> float | None:
    """Return decimal degrees; None for sixty minutes or more, or a fraction of a degree before minutes."""
    minutes, seconds = match[f"minutes{number}"], match[f"seconds{number}"]
    stated = match[f"degrees{number}"]
    if minutes and ("." in stated or (seconds and "." in minutes)):
        return None
    if float(minutes or 0) >= 60 or float(seconds or 0) >= 60:
        return None
    degrees = float(stated) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    if match[f"sign{number}"] == "-" and letter in "SW":
        return None
    is_negative = match[f"sign{number}"] == "-" or letter in "SW"
    return round(-degrees if is_negative else degrees, ANGLE_PLACES) + 0.0
