"""Start of long-running processes: log, settings, secrets, disk watch and database."""

import logging

from core.access import WORKER
from core.database.disk_space import DiskSpace, essential_writes, require_free_space, watch_disk, write_problem
from core.database.sessions import reading
from core.events.seals import recent_chain_faults
from core.files.modes import make_private, paths_of
from core.i18n import _
from core.process.logs import set_up_logs
from core.schema.opening import folder_unusable, make_folder
from core.settings import settings, signing_secret
from services.installation._setting_findings import setting_findings
from services.installation.maintenance import bring_up_to_date, open_database

log = logging.getLogger(__name__)


def start_serving() -> None:
    """Prepare the server process, as ``bring_up_to_date`` does, and raise as it does."""
    set_up_logs()
    with essential_writes():
        _prepare_folders()
        bring_up_to_date()
        _warn_of_changed_log()
        _guard_files()


def start_working() -> None:
    """Prepare the worker process. Raises as ``open_database``."""
    set_up_logs()
    with essential_writes():
        _prepare_folders()
        open_database()
        _guard_files()


def _prepare_folders() -> None:
    """Make the folders, see that they can be written to and that every secret is there, and warn of doubtful settings.

    Raises:
        InvalidInput: ``settings.folder_unusable``.
    """
    for finding in setting_findings():
        log.warning("%s: %s", finding.name, finding.detail)
    for folder in settings().folders:
        make_folder(folder)
    _watch_disk()
    for folder in settings().folders:
        problem = write_problem(folder)
        if isinstance(problem, OSError):
            raise folder_unusable(folder, problem)
    signing_secret()


def _warn_of_changed_log() -> None:
    """Log what ``check`` would find in the newest part of the audit log; the server runs meanwhile."""
    with reading(WORKER) as session:
        for fault in recent_chain_faults(session):
            log.error("the audit log was changed from outside: %s", fault)


def _guard_files() -> None:
    """Make our files private to our account."""
    for path in paths_of(settings().data_dir, settings().database_file):
        if not make_private(path):
            log.warning("files: %s", _("other accounts of this machine may read: {names}", names=path))


def _watch_disk() -> None:
    """Keep room on the disk of an embedded database; a disk that is full already gets the reserve back.

    The disk of PostgreSQL is its administrator's.
    """
    file = settings().database_file
    if file is not None:
        watch_disk(DiskSpace(file.parent))
        require_free_space()
