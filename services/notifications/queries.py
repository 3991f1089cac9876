"""One's own notifications as a page shows them: sentences in the reader's language, without what may not be seen."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.addresses import record_path
from core.database.sessions import actor_of
from core.i18n import N_, _
from models.notifications import Notification
from services.notifications.kinds import KINDS, NotificationKind, Tone

UNREAD_COUNT_MAX = 100
"""Up to which unread notifications are counted."""
HIDDEN = N_("Something happened to a record that you may no longer see")


@dataclass(frozen=True, slots=True)
class NotificationView:
    """A notification as its reader sees it.

    Attributes:
        text: Its sentence, in the current language.
        reason: What somebody wrote about it, "" for nothing.
        href: Path of the record it is about; "" if the reader may not see that, or no longer.
        tone: As a status would have it; "" if the reader may not know.
        at: When it happened.
    """

    id: int
    text: str
    reason: str
    href: str
    tone: Tone | str
    at: datetime
    is_read: bool


def unread_count(session: Session) -> int:
    """Return how many notifications the session's person has not read, ``UNREAD_COUNT_MAX`` at most."""
    unread = select(Notification.id).where(Notification.read_at.is_(None)).limit(UNREAD_COUNT_MAX)
    return session.scalar(select(func.count()).select_from(unread.subquery())) or 0


def latest_notifications(
    session: Session, *, limit: int, before_id: int | None = None, unread_only: bool = False
) -> list[NotificationView]:
    """Return the last notifications of the session's person, the newest first.

    Args:
        session: The reader's.
        limit: How many at most.
        before_id: Only those before this one.
        unread_only: Without those that were read.
    """
    query = select(Notification).order_by(Notification.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(Notification.id < before_id)
    if unread_only:
        query = query.where(Notification.read_at.is_(None))
    return views_of(session, session.scalars(query).all())


def views_of(session: Session, rows: Collection[Notification]) -> list[NotificationView]:
    """Return notifications as the session's actor may read them now."""
    visible = _visible(session, rows)
    return [_view(row, KINDS[row.kind] if (row.kind, row.key) in visible else None) for row in rows]


def _visible(session: Session, rows: Iterable[Notification]) -> set[tuple[str, str]]:
    """Return (kind, key) of the notifications whose record the actor may see now, asking once for each sort."""
    actor, found = actor_of(session), set[tuple[str, str]]()
    keys: dict[Any, set[tuple[str, str]]] = {}
    for row in rows:
        kind = KINDS.get(row.kind)
        if kind is not None and (kind.permission is None or actor.can(kind.permission)):
            keys.setdefault(kind.about, set()).add((row.kind, row.key))
    found |= keys.pop(None, set())
    for about, wanted in keys.items():
        values = {about.type.python_type(key) for _kind, key in wanted}
        seen = {str(key) for key in session.scalars(select(about).where(about.in_(values)))}
        found |= {one for one in wanted if one[1] in seen}
    return found


def _view(row: Notification, kind: NotificationKind | None) -> NotificationView:
    is_read = row.read_at is not None
    if kind is None:
        return NotificationView(row.id, _(HIDDEN), "", "", "", row.created_at, is_read)
    numbers = {name: f"{value:,}" if isinstance(value, int) else value for name, value in row.arguments.items()}
    text = _(kind.sentence, key=row.key, **numbers)
    reason = str(row.arguments.get("reason", ""))
    href = f"/{kind.resource}" if kind.about is None else record_path(kind.resource, row.key)
    return NotificationView(row.id, text, reason, href, kind.tone, row.created_at, is_read)
