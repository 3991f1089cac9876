"""Scheduled backups of tests: made at an instant, damaged and cut."""

from datetime import datetime
from pathlib import Path

from core.clock import freeze
from services.backups.schedule import make_scheduled_backup
from tests.conftest import ADMIN


def make_at(at: datetime) -> Path:
    """Make a scheduled backup at an instant and return its file."""
    with freeze(at):
        return Path(make_scheduled_backup(ADMIN).file)


def flip_byte(file: Path) -> None:
    """Change one byte in the middle of a file; its end stays."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the name and content of each file in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
