"""Notifications on a page: the bell in the header with its panel, and the list that panel and page share."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from nicegui.events import GenericEventArguments

from core.i18n import _
from pages.components.base.buttons import button
from pages.components.base.elements import Tag

SHOWN_COUNT_MAX = 99


@dataclass(frozen=True, slots=True)
class NotificationItem:
    """One line: what happened, what somebody wrote about it, when, and where it leads.

    Attributes:
        tone: Of its dot, see ``design_tokens.Tone``; the sentence says the same in words.
    """

    href: str
    text: str
    note: str
    at: str
    tone: str
    is_read: bool


@dataclass(frozen=True, slots=True)
class BellSource:
    """What the bell shows and does.

    Attributes:
        unread_count: When the page is drawn.
        load: Returns the latest notifications, the newest first, and how many are unread, each time the panel is
            opened.
        mark_all: Marks those as read that were loaded last; returns whether it did.
        href: Of the page with all of them.
    """

    unread_count: int
    load: Callable[[], Awaitable[tuple[Sequence[NotificationItem], int]]]
    mark_all: Callable[[], Awaitable[bool]]
    href: str


class Bell:
    """A button with the number of unread notifications that opens a panel with the latest."""

    def __init__(self, source: BellSource) -> None:
        self._source = source
        self._items: list[NotificationItem] = []
        self._opener = button(_("Notifications"), look="quiet", icon="bell", icon_only=True, testid="bell")
        self._opener.classes("qd-bell")
        with self._opener:
            self._badge = Tag("span", css="qd-count", aria_hidden="true")
        label = _("Notifications")
        with Tag("div", css="qd-menu qd-bell-panel", popover="auto", data_align="end", role="dialog") as self._panel:
            with Tag("div", css="qd-bell-head"):
                Tag("h2", label)
                self._mark = button(_("Mark all as read"), self._mark_all, look="quiet", testid="action-mark-all-read")
            self._status = Tag("p", css="qd-bell-status", role="status")
            self._list = Tag("div", css="qd-bell-list")
            Tag("a", _("All notifications"), "qd-bell-all", href=source.href, testid="all-notifications")
        self._panel.put(aria_label=label)
        self._panel.on("toggle", self._toggled, ["newState"])
        self._opener.put(popovertarget=self._panel.html_id, aria_haspopup="dialog", aria_expanded="false")
        self._say_count(source.unread_count)

    async def _toggled(self, event: GenericEventArguments) -> None:
        if isinstance(event.args, dict) and event.args.get("newState") == "open":
            await self._show()

    async def _show(self) -> None:
        items, unread_count = await self._source.load()
        if list(items) != self._items:  # equal ones stay, as the pointer may be on one of them
            self._items = list(items)
            self._list.clear()
            with self._list:
                if items:
                    notification_list(items)
        self._status.text = "" if items else _("Nothing has happened for you yet.")
        self._mark.put(hidden=not unread_count)
        self._say_count(unread_count)

    async def _mark_all(self) -> None:
        if await self._source.mark_all():
            await self._show()
            self._status.text = _("All are read.")

    def _say_count(self, count: int) -> None:
        shown = f"{count}" if count <= SHOWN_COUNT_MAX else f"{SHOWN_COUNT_MAX}+"
        label = _("Notifications, {count} unread", count=shown)
        self._badge.text = shown
        self._badge.put(hidden=not count)
        self._opener.put(aria_label=label if count else _("Notifications"))


def notification_list(items: Sequence[NotificationItem]) -> Tag:
    """Draw notifications as links, in the order given; unread ones are marked in words, too."""
    with Tag("ul", css="qd-notifications") as made:
        for item in items:
            with Tag("li"), Tag("a", css="qd-notification", href=item.href, data_unread=not item.is_read):
                Tag("span", css="qd-notification-dot", data_tone=item.tone or None, aria_hidden="true")
                with Tag("span", css="qd-notification-text"):
                    if not item.is_read:
                        Tag("span", _("Unread"), "qd-hidden")
                    Tag("span", item.text, "qd-notification-words")
                    if item.note:
                        Tag("span", item.note, "qd-notification-reason")
                Tag("time", item.at)
    return made
