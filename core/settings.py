"""Settings: ``QUDAO_*`` of the environment over ``config.toml`` over defaults, read once, checked at start."""

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import InvalidInput
from core.i18n import N_
from core.setting_rules import require_valid
from core.throttling.networks import Network, parse_network

ROOT = Path(__file__).parent.parent
MIB = 1024 * 1024
_BOOLEANS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)

SECRET_NAMES = frozenset({"secret", "admin_password", "database_url", "geocoder_key"})
"""Settings whose values are shown to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of an installation. Each name is also ``QUDAO_<NAME>`` and a key of ``config.toml``.

    Attributes:
        database_url: ``sqlite:///…`` or ``postgresql://…``; "" means SQLite in ``data_dir``.
        data_dir: Folder of the embedded database, of stored files and of the secret.
        host: Address to listen on. port: TCP port.
        public_url: Where people reach the product, e.g. ``https://qudao.example.cn``; decides origins and cookies.
        trusted_proxies: Addresses and networks of the proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` hold;
            empty = none.
        secret: Key of signatures, at least 32 characters; "" means the one in ``data_dir``, made on first start.
        admin_email, admin_password: First administrator of an unattended set-up; used once, while nobody exists.
        totp_roles: Roles that need a second factor; empty = off.
        brand_name: Shown in the header.
        upload_bytes_max, unpacked_bytes_max, import_rows_max, reader_memory_bytes_max, inspect_s_max: Limits of
            spreadsheet files.
        geocoder: Service that finds positions of addresses, see ``integrations.geocoding.search``; "" = off.
        geocoder_url: Its address; "" = that of the provider. geocoder_key: what it asks for, if anything.
        worker: Whether ``serve`` runs jobs in a thread of its own.
        backup_copy: Folder that receives a copy of each scheduled backup; "" = none.
        backup_passphrase_file: File whose first line encrypts scheduled backups; "" = they are not encrypted.
    """

    database_url: str = ""
    data_dir: Path = ROOT / "data" / "local"
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    trusted_proxies: frozenset[str] = frozenset()
    secret: str = ""
    admin_email: str = ""
    admin_password: str = ""
    totp_roles: frozenset[str] = frozenset({"administrator", "finance", "it"})
    brand_name: str = "渠道 Qudao"
    upload_bytes_max: int = 200 * MIB
    unpacked_bytes_max: int = 1024 * MIB
    import_rows_max: int = 1_200_000
    reader_memory_bytes_max: int = 600 * MIB
    inspect_s_max: int = 15
    geocoder: str = ""
    geocoder_url: str = ""
    geocoder_key: str = ""
    worker: bool = True
    backup_copy: str = ""
    backup_passphrase_file: str = ""

    @property
    def url(self) -> str:
        """Return the database URL with its driver."""
        url = self.database_url or f"sqlite:///{self.data_dir / 'qudao.db'}"
        for plain in ("postgresql://", "postgres://"):
            if url.startswith(plain):
                return "postgresql+psycopg://" + url.removeprefix(plain)
        return url

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return the folders that are written to: that of stored files, and that of an embedded database."""
        file = self.database_file
        return (self.data_dir,) if file is None else tuple(dict.fromkeys([self.data_dir, file.parent]))

    @property
    def database_file(self) -> Path | None:
        """Return the file of an embedded database; None for PostgreSQL."""
        return Path(self.url.removeprefix("sqlite:///")) if self.url.startswith("sqlite:///") else None

    @property
    def address(self) -> str:
        """Return where people reach the product, without a slash at the end."""
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def is_https(self) -> bool:
        """Return whether people reach the product by https: decides Secure cookies."""
        return urlsplit(self.public_url).scheme == "https"

    @property
    def trusted_networks(self) -> tuple[Network, ...]:
        """Return the networks of ``trusted_proxies``."""
        return tuple(parse_network(entry) for entry in sorted(self.trusted_proxies))

    @property
    def origins(self) -> frozenset[str]:
        """Return the allowed origins of browser requests."""
        if self.public_url:
            parts = urlsplit(self.public_url)
            return frozenset({f"{parts.scheme}://{parts.netloc}"})
        return frozenset({f"http://localhost:{self.port}", f"http://127.0.0.1:{self.port}"})


@cache
def settings() -> Settings:
    """Return the settings of this process.

    Raises:
        InvalidInput: ``settings.unknown``, ``settings.unreadable`` or as ``require_valid``, naming the setting.
    """
    return read_settings(os.environ)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings that ``environment`` and ``config.toml`` state. Raises as ``settings``."""
    stated: dict[str, Any] = {name: value for name, (value, _) in explicit_settings(environment).items()}
    found = Settings(**stated)
    require_valid(found)
    return found


def explicit_settings(environment: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    """Return name → (value, where it was stated) of each setting that is not left at its default."""
    stated: dict[str, tuple[object, str]] = {}
    path = Path(environment.get("QUDAO_CONFIG", str(ROOT / "config.toml")))
    known = {field.name for field in fields(Settings)}
    if path.exists():
        for name, value in _read_config(path).items():
            if name not in known:
                raise InvalidInput("settings.unknown", N_("config.toml has an unknown setting “{name}”."), name=name)
            stated[name] = (_typed(name, value), path.name)
    for name in known:
        value = environment.get(f"QUDAO_{name.upper()}")
        if value is not None:
            stated[name] = (_typed(name, value), f"QUDAO_{name.upper()}")
    return stated


def _read_config(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # editors on Windows put a mark in front
    except UnicodeDecodeError as error:
        message = N_("{file} is not written in UTF-8: save it again with that encoding.")
        raise InvalidInput("settings.unreadable", message, file=path.name) from error
    except (tomllib.TOMLDecodeError, OSError) as error:
        message = N_("{file} cannot be read: {reason}")
        raise InvalidInput("settings.unreadable", message, file=path.name, reason=str(error)) from error


def _typed(name: str, value: object) -> object:
    default = getattr(Settings(), name)
    try:
        if isinstance(default, bool):
            return _BOOLEANS[str(value).strip().lower()]
        if isinstance(default, int):
            return int(str(value))
        if isinstance(default, Path):
            return Path(str(value)).expanduser().resolve()
        if isinstance(default, frozenset):
            parts = value if isinstance(value, list) else str(value).split(",")
            stated = frozenset(str(part).strip() for part in parts if str(part).strip())
            return _networks(stated) if name == "trusted_proxies" else stated
    except (ValueError, KeyError) as error:
        raise InvalidInput(
            "settings.invalid", N_("The setting “{name}” cannot be “{value}”."), name=name, value=value
        ) from error
    return str(value).rstrip("/") if name == "public_url" else str(value)


def _networks(stated: frozenset[str]) -> frozenset[str]:
    for entry in stated:
        try:
            parse_network(entry)
        except ValueError as error:
            raise InvalidInput(
                "settings.not_a_network",
                N_(
                    "QUDAO_TRUSTED_PROXIES has “{entry}”, which is no address and no network of proxies. Write for"
                    " example 172.30.80.10 or 172.30.80.0/24, several with commas between them."
                ),
                entry=entry,
            ) from error
    return stated


@cache
def signing_secret() -> str:
    """Return the key of signatures, made on first use in a file that only this account may read."""
    if settings().secret:
        return settings().secret
    path = settings().data_dir / "secret"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()
