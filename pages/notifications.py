"""All of one's own notifications, and the links that mark one as read and lead on to what it is about."""

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from core.database.sessions import transact
from core.i18n import N_, _
from pages.components.base.buttons import button, text_link
from pages.components.base.navigation import load_again
from pages.components.layout.content import empty_state, page_header, panel
from pages.components.layout.notifications import notification_list
from pages.components.layout.views import View, view_tabs
from pages.shell.bell import NOTIFICATIONS_URL, item_of
from pages.shell.calls import call, page
from pages.shell.navigation import staff_shell
from pages.shell.reading import read
from pages.web.addresses import RowId
from pages.web.identity import require_actor
from pages.web.policies import SIGNED_IN
from services.notifications.queries import NotificationView, latest_notifications, unread_count
from services.notifications.reading import mark_all_read, mark_read

PAGE_SIZE = 50
UNREAD = "unread"


def register_notifications(app: FastAPI) -> None:
    """Register ``/notifications`` and ``/notifications/ID``."""

    @page("/notifications", title=N_("Notifications"))
    async def draw(view: str = "", before: str = "") -> None:
        await notifications_page(UNREAD if view == UNREAD else "", int(before) if _is_number(before) else None)

    @app.get("/notifications/{notification_id:int}", dependencies=[Depends(SIGNED_IN)], include_in_schema=False)
    def open_notification(notification_id: RowId, request: Request) -> Response:
        # A link that may be opened in a new tab; what a stray visit changes is nothing but a mark of one's own.
        found = transact(require_actor(request), lambda session: mark_read(session, notification_id))
        return RedirectResponse((found.href if found else "") or NOTIFICATIONS_URL, 303)


async def notifications_page(view: str, before_id: int | None) -> None:
    """Draw the notifications of who is signed in as the whole page.

    Args:
        view: ``UNREAD``, or "" for all.
        before_id: Only those before this one; None for the latest.
    """
    title = _("Notifications")
    async with staff_shell(title, current="notifications") as actor:
        found, unread = await read(actor, _find, view, before_id)
        with page_header(title):
            if unread and found and before_id is None:
                newest_id = found[0].id
                button(_("Mark all as read"), lambda: _mark_all(newest_id), testid="action-mark-all-read-here")
        view_tabs([View("", _("All")), View(UNREAD, _("Unread"), count=unread or None)], current=view)
        with panel():
            if not found:
                sentence = _("What is decided about your orders and invites, and how your imports ended, appears here.")
                with empty_state(_("Nothing here"), sentence):
                    text_link(_("To the start page"), "/")
                return
            notification_list([item_of(one) for one in found[:PAGE_SIZE]])
            if len(found) > PAGE_SIZE:
                text_link(_("Older"), f"?view={view}&before={found[PAGE_SIZE - 1].id}")


def _find(session: Session, view: str, before_id: int | None) -> tuple[list[NotificationView], int]:
    """Return a page of notifications and one more if there are more, and how many are unread."""
    found = latest_notifications(session, limit=PAGE_SIZE + 1, before_id=before_id, unread_only=view == UNREAD)
    return found, unread_count(session)


async def _mark_all(newest_id: int) -> None:
    if await call(mark_all_read, newest_id) is not None:
        load_again()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
