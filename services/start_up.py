"""Starting a process that stays: its log, its settings and secrets checked, its disk watched, its database opened."""

from core.disk_space import DiskSpace, watch_disk
from core.logs import set_up_logs
from core.settings import settings
from services.installation import bring_up_to_date, open_database


def start_serving() -> None:
    """Get ready to serve people, as ``bring_up_to_date`` does, and raise as it does."""
    set_up_logs()
    bring_up_to_date()
    _watch_disk()


def start_working() -> None:
    """Get ready to run jobs. Raises as ``open_database``."""
    set_up_logs()
    open_database()
    _watch_disk()


def _watch_disk() -> None:
    """Keep room for what must go on beside an embedded database; the disk of PostgreSQL is its administrator's."""
    if settings().url.startswith("sqlite:///"):
        watch_disk(DiskSpace(settings().folders[-1]))
