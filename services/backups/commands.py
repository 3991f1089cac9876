"""What the commands ``backup``, ``restore`` and ``move`` do, as the operator of the machine."""

from pathlib import Path
from typing import Any

from core.access import command_line
from core.errors import InvalidInput
from core.i18n import N_
from services.backups.backup import make_backup
from services.backups.move import cancel_move, move_database
from services.backups.restore import check_backup, restore_backup


def back_up(file: Path, passphrase_file: Path | None, *, with_secrets: bool) -> dict[str, Any]:
    """Make a backup of the open database and return its facts, see ``Backup``. Raises as ``make_backup``."""
    passphrase = read_passphrase(passphrase_file)
    return make_backup(command_line(), file, passphrase=passphrase, with_secrets=with_secrets)._asdict()


def check_file(file: Path, passphrase_file: Path | None) -> dict[str, Any]:
    """Check a backup and return its facts, see ``Restored``. Raises as ``check_backup``."""
    return check_backup(command_line(), file, passphrase=read_passphrase(passphrase_file))._asdict()


def restore_file(file: Path, passphrase_file: Path | None, replace: str) -> dict[str, Any]:
    """Restore a backup and return its facts, see ``Restored``. Raises as ``restore_backup``."""
    restored = restore_backup(command_line(), file, passphrase=read_passphrase(passphrase_file), replace=replace)
    return restored._asdict()


def move_to(url: str, replace: str) -> dict[str, Any]:
    """Move the database and return its facts, see ``Moved``; of each table ``rows`` and ``checksum``.

    Raises as ``move_database``.
    """
    moved = move_database(command_line(), url, replace=replace)
    return moved._asdict() | {"tables": {name: one._asdict() for name, one in moved.tables.items()}}


def give_move_up() -> None:
    """Give an unfinished move up. Raises as ``cancel_move``."""
    cancel_move(command_line())


def read_passphrase(file: Path | None) -> bytes | None:
    """Return the first line of a file, None without a file.

    Raises:
        InvalidInput: ``backups.no_passphrase``: it cannot be read, or its first line is empty.
    """
    if file is None:
        return None
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise _no_passphrase(file) from error
    if not lines or not lines[0].strip():
        raise _no_passphrase(file)
    return lines[0].strip()


def _no_passphrase(file: Path) -> InvalidInput:
    message = N_("There is no pass phrase in the first line of {file}.")
    return InvalidInput("backups.no_passphrase", message, file=file)
