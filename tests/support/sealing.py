"""Seals in tests: on PostgreSQL an open transaction of any database of the server puts a seal off."""

from sqlalchemy import func, select

from core.database.sessions import reading
from core.events.log import Event
from core.events.seals import EventSeal, Sealer, newest_seal
from tests.conftest import ADMIN


def seal_events() -> None:
    """Seal every event there is."""
    sealer = Sealer()
    while not _is_sealed():
        sealer.seal()


def seal_to_come(sealer: Sealer) -> EventSeal:
    """Return the next seal, not added yet, of a log with events that are not sealed."""
    while True:
        with reading(ADMIN) as session:
            seal = sealer.next_seal(session)
        if seal is not None:
            return seal


def _is_sealed() -> bool:
    with reading(ADMIN) as session:
        newest = session.scalar(select(func.max(Event.id))) or 0
        seal = newest_seal(session)
        return newest <= (seal.last_event_id if seal else 0)
