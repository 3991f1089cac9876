"""One socket of a browser, and the secret that ties it to the pages it may act for.

A page that is served with a session belongs to that session. An anonymous page belongs to the browser it was
served to, which gets a random cookie for that.
"""

import hmac
import secrets
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import settings
from pages.web.identity import cookie_name

PAGE_HEADER = "x-nicegui-content"
"""Response header with which the framework marks its pages."""


@dataclass(slots=True, eq=False)
class Socket:
    """One connection of a browser.

    Attributes:
        owner: Secret the browser showed when it connected, see ``connection_secret``; b"" for none.
        address: Network address it comes from.
        client_id: Identifier of the page whose handshake it completed; "" before.
    """

    owner: bytes
    address: str
    client_id: str = ""

    def may_act_for(self, request: HTTPConnection) -> bool:
        """Return whether the page that answered a request was served to the same session or browser."""
        owner = connection_secret(request)
        return bool(owner) and hmac.compare_digest(owner, self.owner)


def page_cookie_name() -> str:
    """Return the name of the cookie that ties anonymous pages to their browser."""
    return "__Host-qudao-page" if settings().is_https else "qudao-page"


def connection_secret(connection: HTTPConnection) -> bytes:
    """Return the secret that a page or socket belongs to: the session's, else the browser's; b"" for none."""
    if session := connection.cookies.get(cookie_name(), ""):
        return b"session " + session.encode()
    browser = connection.cookies.get(page_cookie_name(), "") or getattr(connection.state, "page_cookie", "")
    return b"browser " + browser.encode() if browser else b""


class PageCookie:
    """ASGI: gives a browser without session its page cookie, with the first page of the framework it is shown."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application; the secret is in ``request.state.page_cookie``."""
        if scope["type"] != "http" or connection_secret(HTTPConnection(scope)):
            await self.app(scope, receive, send)
            return
        secret = scope.setdefault("state", {})["page_cookie"] = secrets.token_urlsafe(32)

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if PAGE_HEADER in headers:
                    headers.append("set-cookie", _cookie(secret))
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def _cookie(secret: str) -> str:
    secure = "; Secure" if settings().is_https else ""
    return f"{page_cookie_name()}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}"
