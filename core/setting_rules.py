"""Validation of settings when they are read: an invalid one stops the start."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import InvalidInput
from core.i18n import N_
from core.permissions import Role

SECRET_LENGTH_MIN = 32
DATABASES = ("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")
OF_OTHERS = frozenset(
    {
        "QUDAO_CONFIG",
        "QUDAO_DATABASE_PASSWORD",
        "QUDAO_DATASETS",
        "QUDAO_DOMAIN",
        "QUDAO_TEST_DATABASE_URL",
        "QUDAO_UPDATE_GOLDEN",
        "QUDAO_UPSTREAMS",
    }
)
"""Names in the environment that are not settings: of the compose files, the tests and the benchmarks."""

GEOCODERS = ("nominatim", "baidu")
"""What the setting ``geocoder`` may be."""
_POSITIVE = (
    "upload_bytes_max",
    "unpacked_bytes_max",
    "import_rows_max",
    "reader_memory_bytes_max",
    "inspect_s_max",
)


def require_valid(settings: Any) -> None:
    """Validate the settings.

    Raises:
        InvalidInput: ``settings.invalid``, ``settings.unknown_role``, ``settings.secret_too_short``; each names the
            setting and what it may be.
    """
    if not 1 <= settings.port <= 65_535:
        raise _invalid("port", settings.port, N_("The setting “{name}” is a number from 1 to 65535, not “{value}”."))
    for name in _POSITIVE:
        if getattr(settings, name) < 1:
            sentence = N_("The setting “{name}” is a number above 0, not “{value}”.")
            raise _invalid(name, getattr(settings, name), sentence)
    if settings.database_url and not settings.database_url.startswith(DATABASES):
        scheme = settings.database_url.partition(":")[0]  # the rest may hold a password
        sentence = N_("The setting “{name}” begins with sqlite:/// or postgresql://, not with “{value}”.")
        raise _invalid("database_url", scheme, sentence)
    if settings.secret and len(settings.secret) < SECRET_LENGTH_MIN:
        raise InvalidInput("settings.secret_too_short", N_("QUDAO_SECRET needs at least 32 characters."))
    _require_origin(settings.public_url)
    _require_roles(settings.totp_roles)
    _require_geocoder(settings)
    _require_backup_copy(settings)
    _require_passphrase(settings.backup_passphrase_file)


def unknown_variables(environment: Mapping[str, str], known: Iterable[str]) -> list[tuple[str, str]]:
    """Return the names ``QUDAO_…`` in the environment that nothing reads, each with the setting most alike, or ""."""
    names = sorted(f"QUDAO_{name.upper()}" for name in known)
    unknown = sorted(name for name in environment if name.startswith("QUDAO_") and name not in {*names, *OF_OTHERS})
    return [(name, next(iter(get_close_matches(name, names, n=1)), "")) for name in unknown]


def _require_origin(stated: str) -> None:
    if not stated:
        return
    try:
        parts = urlsplit(stated)
        is_origin = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a half address of IPv6
        is_origin = False
    if not is_origin or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        sentence = N_("The setting “{name}” is an address like https://qudao.example.cn without a path, not “{value}”.")
        raise _invalid("public_url", stated, sentence)


def _require_roles(stated: frozenset[str]) -> None:
    known = {role.value for role in Role}
    for unknown in sorted(stated - known):
        raise InvalidInput(
            "settings.unknown_role",
            N_("The setting “{name}” names the role “{value}”, which does not exist. There are: {known}."),
            name="totp_roles",
            value=unknown,
            known=", ".join(sorted(known)),
        )


def _require_geocoder(settings: Any) -> None:
    if settings.geocoder not in {"", *GEOCODERS}:
        sentence = N_("The setting “{name}” is one of {known}, or empty, not “{value}”.")
        known = ", ".join(GEOCODERS)
        raise InvalidInput("settings.invalid", sentence, name="geocoder", value=settings.geocoder, known=known)
    if settings.geocoder_url and urlsplit(settings.geocoder_url).scheme not in {"http", "https"}:
        sentence = N_("The setting “{name}” begins with http:// or https://, not like “{value}”.")
        raise _invalid("geocoder_url", settings.geocoder_url, sentence)
    needed = {"nominatim": "geocoder_url", "baidu": "geocoder_key"}.get(settings.geocoder)
    if needed and not getattr(settings, needed):
        sentence = N_("The setting “{name}” is needed for the geocoder “{value}”.")
        raise _invalid(needed, settings.geocoder, sentence)


def _require_backup_copy(settings: Any) -> None:
    """Refuse what is no second place; a folder that is missing now may be a share that is mounted later."""
    if not settings.backup_copy:
        return
    if not Path(settings.backup_copy).is_absolute():
        sentence = N_("The setting “{name}” is the whole path of a folder, beginning with /, not “{value}”.")
        raise _invalid("backup_copy", settings.backup_copy, sentence)
    if Path(settings.backup_copy).resolve().is_relative_to(settings.data_dir.resolve()):
        sentence = N_(
            "The setting “{name}” is a folder outside the data folder, on another disk; “{value}” is inside it."
        )
        raise _invalid("backup_copy", settings.backup_copy, sentence)


def _require_passphrase(stated: str) -> None:
    try:
        lines = Path(stated).read_bytes().splitlines() if stated else [b"no encryption"]
    except OSError:
        lines = []
    if not lines or not lines[0].strip():
        sentence = N_("The setting “{name}” names a file with a pass phrase in its first line; “{value}” has none.")
        raise _invalid("backup_passphrase_file", stated, sentence)


def _invalid(name: str, value: object, sentence: str) -> InvalidInput:
    return InvalidInput("settings.invalid", sentence, name=name, value=value)
