"""Who may read what we store: only the account the product runs under."""

import os
import stat
from pathlib import Path

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
OURS = ("secret", "reserve", "files", "exports", "backups")
"""Names in the data folder that are made by the product, besides the database."""


def paths_of(data_dir: Path, database: Path | None) -> list[Path]:
    """Return what must be private and exists: the data folder, what is ours in it, and the files of the database."""
    found = [data_dir, *(data_dir / name for name in OURS)]
    if database is not None:
        found += [database.with_name(database.name + ending) for ending in ("", "-wal", "-shm")]
    return [path for path in found if path.exists()]


def is_open_to_others(path: Path) -> bool:
    """Return whether other accounts of the machine may read or write a file or folder."""
    found = path.stat()
    return os.name == "posix" and bool(stat.S_IMODE(found.st_mode) & 0o077) and not found.st_mode & stat.S_ISVTX


def make_private(path: Path) -> bool:
    """Take a file or folder from the other accounts; return whether it is private now. Windows has no such modes."""
    if is_open_to_others(path):
        try:
            path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)
        except OSError:  # of another account, or on a file system without modes
            return False
    return not is_open_to_others(path)
