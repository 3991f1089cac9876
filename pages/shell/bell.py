"""What the bell in the header shows: the reader's own notifications, read each time its panel is opened."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.addresses import record_path
from pages.components.layout.notifications import BellSource, NotificationItem
from pages.components.layout.records import short_instant_text
from pages.shell.calls import call
from pages.shell.reading import read
from pages.web.identity import current_actor
from services.notifications.queries import NotificationView, latest_notifications, unread_count
from services.notifications.reading import mark_all_read

SHOWN = 8
NOTIFICATIONS_URL = "/notifications"


def bell_source(unread_count: int) -> BellSource:
    """Return what the bell of one page shows and does."""
    newest_id = 0

    async def load() -> tuple[Sequence[NotificationItem], int]:
        nonlocal newest_id
        found, unread = await read(await current_actor(), latest_views)
        newest_id = max((one.id for one in found), default=0)
        return [item_of(one) for one in found], unread

    async def mark_all() -> bool:
        return await call(mark_all_read, newest_id) is not None

    return BellSource(unread_count, load, mark_all, NOTIFICATIONS_URL)


def latest_views(session: Session) -> tuple[list[NotificationView], int]:
    """Return what the panel of the bell lists, and how many are unread."""
    return latest_notifications(session, limit=SHOWN), unread_count(session)


def item_of(view: NotificationView) -> NotificationItem:
    """Return a notification as a list shows it; its link marks it as read and leads on to its record."""
    href = record_path("notifications", str(view.id))
    return NotificationItem(href, view.text, view.reason, short_instant_text(view.at), view.tone, view.is_read)
