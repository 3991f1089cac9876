"""Findings about settings and files of an installation, for ``doctor`` and the start."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from core.database.disk_space import FLOOR_BYTES, write_problem
from core.files.modes import is_open_to_others, paths_of
from core.i18n import _
from core.permissions import Role
from core.setting_rules import unknown_variables
from core.settings import MIB, Settings, settings

FREE_MIB_MIN = 500
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding; ``level`` is "ok", "warning" or "error"."""

    level: str
    name: str
    detail: str


def setting_findings() -> Iterator[Finding]:
    """Yield warnings about valid settings."""
    for name, nearest in unknown_variables(os.environ, (one.name for one in fields(Settings))):
        unread = _("{name} is not a setting and has no effect", name=name)
        warning = _("{name} is not a setting and has no effect; did you mean {nearest}?", name=name, nearest=nearest)
        yield Finding("warning", "setting", warning if nearest else unread)
    if Role.ADMINISTRATOR not in settings().totp_roles:
        yield Finding("warning", "second factor", _("administrators sign in with the password alone"))
    if settings().host not in LOOPBACK and not settings().is_https:
        plain = _("{host} listens to other machines, and no https address is set", host=settings().host)
        yield Finding("warning", "listening", plain)


def storage_findings() -> Iterator[Finding]:
    """Yield findings about the disk and about file permissions."""
    for folder in settings().folders:
        problem = write_problem(folder)
        free_bytes = shutil.disk_usage(_existing(folder)).free
        free = _("{free} MiB free", free=free_bytes // MIB)
        if isinstance(problem, OSError):
            reason = problem.strerror or problem
            yield Finding("error", "disk", _("{folder} cannot be written to: {reason}", folder=folder, reason=reason))
        elif problem is not None or free_bytes < FLOOR_BYTES:
            yield Finding("error", "disk", f"{free}: {folder}")
        else:
            yield Finding("ok" if free_bytes >= FREE_MIB_MIN * MIB else "warning", "disk", free)
    open_paths = [path for path in paths_of(settings().data_dir, settings().database_file) if is_open_to_others(path)]
    if open_paths:
        names = ", ".join(str(path) for path in open_paths)
        yield Finding("warning", "files", _("other accounts of this machine may read: {names}", names=names))


def storage_facts() -> dict[str, int | bool]:
    """Return ``disk_free_mib``: free space of the fullest disk in use, and ``writable``: whether all folders are."""
    folders = settings().folders
    return {
        "disk_free_mib": min(shutil.disk_usage(_existing(folder)).free for folder in folders) // MIB,
        "writable": all(write_problem(folder) is None for folder in folders),
    }


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
