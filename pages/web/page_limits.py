"""Limits of open pages in this process, and the time-out for a browser's socket.

A page of the framework is kept in memory (some 700 KB) until its browser has closed its socket. A client that fetches
pages and opens no socket must not fill the memory, so pages that wait for a browser are few and wait briefly. Pages
whose browser has gone, as that of a phone does while it takes a picture, wait as long as ``reconnect_timeout`` says,
but are limited too.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any
from weakref import WeakValueDictionary

from fastapi import Request
from fastapi.responses import Response
from nicegui import Client, context

from core.i18n import N_
from core.throttling.networks import counted_source
from pages.components.layout.shell import LocalizedPage
from pages.web._rate_limit import Buckets
from pages.web._short_answers import short_answer
from pages.web.identity import session_user_of_request

CONNECT_S = 15.0
"""How long a page waits for the first socket of its browser, once it has been sent."""
WAITING_MAX, WAITING_PER_SOURCE_MAX = 200, 20
"""Pages that never had a socket, being drawn or sent; in total, and per session or address."""
LOST_MAX, LOST_PER_SOURCE_MAX = 600, 60
"""Pages that had one and lost it."""
PAGES_MAX = 2000
DRAWN_PER_SECOND, DRAWN_BURST = 2.0, 10.0
"""Pages that are drawn for one address while nobody is signed in: each takes some 50 ms of processor time."""
KNOWN_DRAWN_PER_SECOND, KNOWN_DRAWN_BURST = 10.0, 100.0
"""Pages that are drawn for one session."""
DRAWN_AT_ONCE_MAX, KNOWN_DRAWN_AT_ONCE_MAX = 1, 2
"""Pages of one address or session that are drawn at once; others wait, so that clicks of people get their turn."""
RETRY_AFTER_S = 10

_TOO_OFTEN = N_("Too many pages were opened at once. Wait a moment and try again.")
_TOO_MANY = N_("Too many pages are open at the moment. Wait a moment and try again.")

Before = Callable[[Request], Awaitable[Response | None]]


@dataclass(slots=True, eq=False)
class _Page:
    """One page from its request on; it holds no reference to its client, or neither would be freed.

    Attributes:
        source: Session or address it is counted for.
        client_id: Of the framework's client; "" until there is one.
        is_sent: Whether it is drawn. has_connected: whether it ever had a socket.
    """

    source: str
    client_id: str = ""
    is_sent: bool = False
    has_connected: bool = False

    @property
    def client(self) -> Client | None:
        return Client.instances.get(self.client_id)

    def is_lost(self) -> bool:
        client = self.client
        return self.has_connected and client is not None and not client.has_socket_connection

    def is_waiting(self) -> bool:
        return not self.has_connected

    def connect(self) -> None:
        self.has_connected = True

    def delete(self) -> None:
        client = self.client
        if client is not None:
            client.delete()


class OpenPages:
    """The pages of this process, oldest first."""

    def __init__(self) -> None:
        self._pages: dict[_Page, None] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def begin(self, source: str) -> _Page | None:
        """Return a new page for ``source``, after older ones without a socket made room; None if there is no room."""
        self._pages = {page: None for page in self._pages if page.client is not None or not page.is_sent}
        self._make_room(_Page.is_lost, LOST_PER_SOURCE_MAX, source)
        self._make_room(_Page.is_lost, LOST_MAX)
        has_room = self._make_room(_Page.is_waiting, WAITING_PER_SOURCE_MAX, source)
        has_room = has_room and self._make_room(_Page.is_waiting, WAITING_MAX)
        if not has_room or len(self._pages) >= PAGES_MAX:
            return None
        page = _Page(source)
        self._pages[page] = None
        return page

    def end(self, page: _Page) -> None:
        """Remove a page: its client is gone, or it was never drawn."""
        self._pages.pop(page, None)

    def _make_room(self, kind: Callable[[_Page], bool], pages_max: int, source: str = "") -> bool:
        """Delete the oldest pages of a kind, of one source or of all, until one more has room.

        Returns:
            False if too many are still being drawn.
        """
        found = [page for page in self._pages if kind(page) and source in ("", page.source)]
        excess = len(found) + 1 - pages_max
        for page in found:
            if excess <= 0:
                break
            if page.is_sent:
                page.delete()
                excess -= 1
        return excess <= 0


open_pages = OpenPages()
_drawn = Buckets(DRAWN_PER_SECOND, DRAWN_BURST)
_drawn_for_known = Buckets(KNOWN_DRAWN_PER_SECOND, KNOWN_DRAWN_BURST)
_turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()


class LimitedPage(LocalizedPage):
    """A page that is drawn only while there is room for it.

    Args:
        before: Called before the page is drawn; a response it returns is sent instead.
    """

    def __init__(self, path: str, *, before: Before | None = None, **options: Any) -> None:
        super().__init__(path, **options)
        self._before = before

    def _wrap(self, func: Callable[..., Any]) -> Callable[..., Any]:
        draw = super()._wrap(func)

        @wraps(draw)
        async def limited(*args: Any, **values: Any) -> Response:
            request: Request = values["request"]
            answer = await self._before(request) if self._before else None
            return answer or await _draw(request, lambda: draw(*args, **values))

        limited.__signature__ = signature(draw)  # type: ignore[attr-defined]
        return limited


def begin_drawing() -> None:
    """Register the client of the page being drawn; called first in every page function."""
    client = context.client
    page = client.request.scope.get("qudao_page")
    if isinstance(page, _Page):
        page.client_id = client.id
        client.on_connect(page.connect)
        client.on_delete(lambda: open_pages.end(page))


async def _draw(request: Request, draw: Callable[[], Awaitable[Response]]) -> Response:
    source = _source_of(request)
    is_known = session_user_of_request(request) is not None
    buckets, at_once_max = (_drawn_for_known, KNOWN_DRAWN_AT_ONCE_MAX) if is_known else (_drawn, DRAWN_AT_ONCE_MAX)
    if not buckets.take(source):
        return short_answer(request, 429, "pages.too_often", _TOO_OFTEN, retry_after_s=RETRY_AFTER_S)
    async with _turns.setdefault(source, asyncio.Semaphore(at_once_max)):
        return await _draw_in_turn(request, source, draw)


async def _draw_in_turn(request: Request, source: str, draw: Callable[[], Awaitable[Response]]) -> Response:
    page = open_pages.begin(source)
    if page is None:
        return short_answer(request, 503, "pages.too_many", _TOO_MANY, retry_after_s=RETRY_AFTER_S)
    request.scope["qudao_page"] = page
    try:
        response = await draw()
    except BaseException:
        page.delete()
        open_pages.end(page)
        raise
    if page.client is None:  # answered without a page of its own, or deleted while it was drawn
        open_pages.end(page)
    page.is_sent = True
    asyncio.get_running_loop().call_later(CONNECT_S, _delete_unconnected, page)
    return response


def _delete_unconnected(page: _Page) -> None:
    if not page.has_connected:
        page.delete()


def _source_of(request: Request) -> str:
    session_user = session_user_of_request(request)
    if session_user is not None:
        return f"session {session_user.session_id}"
    return f"address {counted_source(request.client.host if request.client else '')}"
