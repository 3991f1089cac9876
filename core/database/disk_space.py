"""Free space on the disk of an embedded database: ordinary writes stop before the disk is full, essential ones go on.

A database on a full disk cannot even store the sign-in of the person who comes to make room. So ordinary units of work
are refused below ``FLOOR_BYTES`` of free space, and a file beside the database holds ``RESERVE_BYTES`` that are given
back when something else on the machine fills the disk to the end. Signing in and out, ending sessions, locking
accounts, deleting and the bookkeeping of jobs are marked with ``essential_writes`` and may use that room.
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
    """The free space of one folder.

    Args:
        folder: Of the database.
        floor_bytes: Least free space for ordinary writes; more than ``RESERVE_BYTES``.
    """

    def __init__(self, folder: Path, floor_bytes: int = FLOOR_BYTES) -> None:
        self._reserve = folder / RESERVE_NAME
        self._floor_bytes = floor_bytes
        self._has_reserve = self._reserve.exists()

    def require(self) -> None:
        """Go on if there is free space for the next write.

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
        except OSError:  # another process used the space first: the next unit of work tries again
            self._has_reserve = False
            with suppress(OSError):
                self._reserve.unlink(missing_ok=True)


_watched: list[DiskSpace] = []


def watch_disk(space: DiskSpace) -> None:
    """Check the free space at the start of every writing unit of work of this process on an embedded database."""
    _watched[:] = [space]


def require_free_space() -> None:
    """Go on if there is free space. Raises as ``DiskSpace.require``."""
    for space in _watched:
        space.require()


@contextmanager
def essential_writes() -> Iterator[None]:
    """Allow writes inside the block, or the decorated function, to use the last free space."""
    token = _is_essential.set(True)
    try:
        yield
    finally:
        _is_essential.reset(token)


_probed: dict[Path, tuple[float, DomainError | OSError | None]] = {}


def recent_write_problem(folder: Path) -> DomainError | OSError | None:
    """Return the result of ``write_problem``, cached for ``PROBE_EVERY_S`` seconds."""
    at, problem = _probed.get(folder, (-PROBE_EVERY_S, None))
    if time.monotonic() - at >= PROBE_EVERY_S:
        problem = write_problem(folder)
        _probed[folder] = (time.monotonic(), problem)
    return problem


def write_problem(folder: Path) -> DomainError | OSError | None:
    """Return why ``folder`` cannot be written to now, by writing ``PROBE_BYTES`` there; None if it can."""
    try:
        with expected_errors():
            folder.mkdir(parents=True, exist_ok=True)
            require_free_space()
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(os.urandom(PROBE_BYTES))
                file.flush()
    except (DomainError, OSError) as problem:
        return problem
    return None
