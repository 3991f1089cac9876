"""File modes: only the account of the product may read its files."""

import os
import stat
from pathlib import Path

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
OURS = ("secret", "reserve", "files", "exports", "backups")
"""Names in the data folder that the product creates, besides the database."""


def paths_of(data_dir: Path, database: Path | None) -> list[Path]:
    """Return the existing paths that must be private: the data folder, our files in it, and those of the database."""
    found = [data_dir, *(data_dir / name for name in OURS)]
    if database is not None:
        found += [database.with_name(database.name + ending) for ending in ("", "-wal", "-shm")]
    return [path for path in found if path.exists()]


def is_open_to_others(path: Path) -> bool:
    """Return whether other accounts of the machine may read or write a file or folder."""
    found = path.stat()
    return os.name == "posix" and bool(stat.S_IMODE(found.st_mode) & 0o077) and not found.st_mode & stat.S_ISVTX


def make_private(path: Path) -> bool:
    """Make a file or folder private; return whether it is now. Windows has no such modes."""
    if is_open_to_others(path):
        try:
            path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)
        except OSError:  # of another account, or on a file system without modes
            return False
    return not is_open_to_others(path)
