"""Opening of a database that settings state."""

from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core.database.sessions import connect
from core.errors import InvalidInput
from core.i18n import N_
from core.settings import Settings


def connect_to(stated: Settings) -> Engine:
    """Connect to the database that settings state.

    Raises:
        InvalidInput: ``database.unreachable``, ``settings.folder_unusable``.
    """
    file = stated.database_file
    if file is not None:
        make_folder(file.parent)
    engine = connect(stated.url)
    try:
        with engine.connect():
            return engine
    except SQLAlchemyError as error:
        raise InvalidInput(
            "database.unreachable",
            N_("The database cannot be opened: {reason}"),
            reason=str(getattr(error, "orig", error)).strip().splitlines()[0],
        ) from error


def make_folder(folder: Path) -> None:
    """Make a folder unless it is there. Raises ``InvalidInput``: ``settings.folder_unusable``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise folder_unusable(folder, error) from error


def folder_unusable(folder: Path, error: OSError) -> InvalidInput:
    """Return the error of a folder that cannot be written to."""
    message = N_("The folder {folder} cannot be used: {reason}")
    return InvalidInput("settings.folder_unusable", message, folder=folder, reason=error.strerror or error)
