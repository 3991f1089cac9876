"""Reads of the audit log, as far as the session's actor may see it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.events.log import Event


def events_of(session: Session, subject: str, key: str, limit: int) -> list[Event]:
    """Return the last events of one subject, the newest first."""
    query = select(Event).where(Event.subject == subject, Event.subject_key == key)
    return list(session.scalars(query.order_by(Event.id.desc()).limit(limit)))


def latest_events(session: Session, limit: int, *, person: str | None = None) -> list[Event]:
    """Return the last events, the newest first; with ``person`` only theirs."""
    query = select(Event).order_by(Event.id.desc()).limit(limit)
    return list(session.scalars(query if person is None else query.where(Event.person == person)))


def event_numbered(session: Session, number: int) -> Event | None:
    """Return an event, None if there is none that the actor may see."""
    return session.scalar(select(Event).where(Event.id == number))
