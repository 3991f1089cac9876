"""Keeping the audit log sealed while a process runs: the hash chain, and the daily anchor outside the database."""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from core.access import WORKER
from core.database.sessions import reading
from core.errors import DomainError
from core.events.anchors import write_daily_anchor
from core.events.seals import Sealer

log = logging.getLogger(__name__)

RETRY_S = 10.0


def keep_sealed(stop: threading.Event) -> None:
    """Seal what this process commits, and write an anchor a day, until stopped; a lost database is met again later."""
    sealer = Sealer()
    while True:
        try:
            sealer.run(stop, _write_anchor)
            return
        except (SQLAlchemyError, DomainError, OSError) as error:
            log.warning("the audit log could not be sealed, next try in %s s: %s", RETRY_S, type(error).__name__)
            if stop.wait(RETRY_S):
                return


def _write_anchor() -> None:
    with reading(WORKER) as session:
        write_daily_anchor(session)
