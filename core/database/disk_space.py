"""Room on the disk of an embedded database: ordinary writing stops before the disk is full, what must go on goes on.

A database on a full disk cannot even store that somebody has signed in to make room. So ordinary units of work are
refused below ``FLOOR_BYTES`` of free space, and a file beside the database holds ``RESERVE_BYTES`` that are given back
when something else on the machine fills the disk to the end. Signing in and out, ending sessions, locking accounts,
deleting and the bookkeeping of jobs are marked with ``essential_writes`` and may use that room.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from core.database.errors import disk_full, expected_errors, log_unavailable
from core.errors import DomainError
from core.settings import MIB

FLOOR_BYTES = 16 * MIB
RESERVE_BYTES = 8 * MIB
RELEASE_BYTES = 2 * MIB
RESERVE_NAME = "reserve"
PROBE_BYTES = 64 * 1024
PROBE_EVERY_S = 5.0

_is_essential: ContextVar[bool] = ContextVar("is_essential", default=False)


class DiskSpace:
    """Free space of one folder.

    Args:
        folder: Where the database lies.
        floor_bytes: Below this ordinary writing is refused; more than ``RESERVE_BYTES``.
    """

    def __init__(self, folder: Path, floor_bytes: int = FLOOR_BYTES) -> None:
        self._reserve = folder / RESERVE_NAME
        self._floor_bytes = floor_bytes
        self._has_reserve = self._reserve.exists()

    def require(self) -> None:
        """Go on if there is room for what is about to be written.

        Raises:
            Unavailable: ``database.full``.
        """
        free_bytes = shutil.disk_usage(self._reserve.parent).free
        if free_bytes < RELEASE_BYTES:
            self._reserve.unlink(missing_ok=True)
            self._has_reserve = False
        elif not self._has_reserve and free_bytes >= self._floor_bytes + 2 * RESERVE_BYTES:
            self._make_reserve()
        if free_bytes < self._floor_bytes and not _is_essential.get():
            full = disk_full()
            log_unavailable(full, f"{free_bytes} bytes are free, {self._floor_bytes} are kept")
            raise full

    def _make_reserve(self) -> None:
        self._has_reserve = True
        try:
            with self._reserve.open("wb") as file:
                for _block in range(RESERVE_BYTES // MIB):
                    file.write(bytes(MIB))
        except OSError:  # someone else was quicker to take the room: the next unit of work looks again
            self._has_reserve = False
            with suppress(OSError):
                self._reserve.unlink(missing_ok=True)


_watched: list[DiskSpace] = []


def watch_disk(space: DiskSpace) -> None:
    """Let every unit of work of this process that writes to an embedded database look for room first."""
    _watched[:] = [space]


def require_room() -> None:
    """Go on if there is room. Raises as ``DiskSpace.require``."""
    for space in _watched:
        space.require()


@contextmanager
def essential_writes() -> Iterator[None]:
    """Let what is written inside the block, or the decorated function, use the last room of the disk."""
    token = _is_essential.set(True)
    try:
        yield
    finally:
        _is_essential.reset(token)


_probed: dict[Path, tuple[float, DomainError | OSError | None]] = {}


def recent_write_problem(folder: Path) -> DomainError | OSError | None:
    """Return what ``write_problem`` said within the last ``PROBE_EVERY_S`` seconds, or says now."""
    at, found = _probed.get(folder, (-PROBE_EVERY_S, None))
    if time.monotonic() - at >= PROBE_EVERY_S:
        found = write_problem(folder)
        _probed[folder] = (time.monotonic(), found)
    return found


def write_problem(folder: Path) -> DomainError | OSError | None:
    """Return why ``folder`` cannot be written to now, by writing ``PROBE_BYTES`` there; None if it can."""
    try:
        with expected_errors():
            folder.mkdir(parents=True, exist_ok=True)
            require_room()
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(os.urandom(PROBE_BYTES))
                file.flush()
    except (DomainError, OSError) as problem:
        return problem
    return None
