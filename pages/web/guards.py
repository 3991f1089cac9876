"""Middleware in front of the framework: checks of host and origin, limit of bodies.

The framework's socket accepts every origin and its upload every size; these guards do not (they are plain ASGI, so
that they also see the socket and never hold a whole body).
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.i18n import N_, _, set_language
from core.settings import MIB, settings
from core.throttling.networks import is_loopback
from pages.web._client_address import ClientAddress
from pages.web._rate_limit import RateLimit
from pages.web._response_headers import ResponseHeaders
from pages.web.addresses import AddressText
from pages.web.identity import Identity, language_of
from pages.web.policies import large_body_limit
from pages.web.responses import error_answer
from pages.web.sockets.connections import PageCookie
from pages.web.sockets.limits import SocketLimits

SOCKET = "/_nicegui_ws"
PROBES = ("/healthz", "/readyz")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_BYTES_MAX = 256 * 1024
API_BODY_BYTES_MAX = MIB

_WRONG_HOST = N_(
    "Qudao answers only to the address it was set up for. To reach it by another address, for example from other"
    " computers of your network, set QUDAO_PUBLIC_URL to that address and start again."
)
_WRONG_ORIGIN = N_("This was sent from another site and was not done.")


def install_guards(app: FastAPI) -> None:
    """Install the guards, before ``ui.run`` adds compression."""
    inner = (SocketLimits, PageCookie, Identity)
    outer = (BodyLimit, AddressText, OriginGuard, HostGuard, RateLimit, ResponseHeaders, ClientAddress)
    for guard in (*inner, *outer):  # the last is outermost
        app.add_middleware(guard)


class HostGuard:
    """ASGI: answers only under the host of the configured address; a page of another name that leads here gets nothing.

    Programs on this machine reach ``/api/`` by its own names too, whatever the public one is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.hosts = frozenset(urlsplit(origin).netloc.lower() for origin in settings().origins)
        self._loopback_hosts = frozenset(f"{name}:{settings().port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request for our host on; probes of the machine itself may use any."""
        if scope["type"] in {"http", "websocket"} and scope["path"] not in PROBES:
            host = HTTPConnection(scope).headers.get("host", "").lower()
            if host not in self.hosts and not self._is_local_program(scope, host):
                await _refuse(scope, receive, send, 400, "requests.wrong_host", _WRONG_HOST)
                return
        await self.app(scope, receive, send)

    def _is_local_program(self, scope: Scope, host: str) -> bool:
        """Return whether a request of the API neither came through a proxy from elsewhere nor over the network."""
        if not scope["path"].startswith("/api/") or host not in self._loopback_hosts:
            return False
        client = scope["client"][0] if scope.get("client") else ""
        return is_loopback(client) and is_loopback(scope.get("state", {}).get("peer", ""))


class OriginGuard:
    """ASGI: the socket and everything that changes something must come from our own pages.

    A request without an origin that a browser cannot have made from elsewhere is let through only with
    ``Sec-Fetch-Site: same-origin``. Programs use ``/api/``, which looks at no cookie.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.origins = settings().origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request of an allowed origin on."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers, path, is_socket = HTTPConnection(scope).headers, scope["path"], scope["type"] == "websocket"
        if is_socket:
            is_ours = headers.get("origin") in self.origins
        elif path.startswith(SOCKET):
            is_ours = False  # polling: nothing of ours uses it, and browsers send no origin with it
        else:
            is_ours = scope["method"] in SAFE_METHODS or path.startswith("/api/") or self._is_same_site(headers)
        if is_ours:
            await self.app(scope, receive, send)
        else:
            await _refuse(scope, receive, send, 403, "requests.wrong_origin", _WRONG_ORIGIN)

    def _is_same_site(self, headers: Mapping[str, str]) -> bool:
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site") == "same-origin"
        return origin in self.origins


class BodyLimit:
    """ASGI: refuses bodies larger than the route accepts with 413, before they are read or as soon as possible."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counted body."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        bytes_max = _bytes_max(scope["path"])
        stated = HTTPConnection(scope).headers.get("content-length", "0")
        if not stated.isdigit() or int(stated) > bytes_max:
            await _refuse(scope, receive, send, 413, "requests.too_large", "")
            return
        body = _CountedBody(scope, receive, send, bytes_max)
        try:
            await self.app(scope, body.receive, body.send)
        except ClientDisconnect:
            if not body.is_too_large:
                raise
        if body.is_too_large and not body.has_answered:
            await _refuse(scope, receive, send, 413, "requests.too_large", "")


class _CountedBody:
    """A request body that is counted while read. Once it is too large, the application sees a disconnected client."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, bytes_max: int) -> None:
        self._receive, self._send = receive, send
        self._left = bytes_max
        self.is_too_large = False
        self.has_answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                self.is_too_large = True
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        if self.is_too_large and not self.has_answered:
            return  # drop the application's response to a client it thinks gone: ours is sent
        self.has_answered = True
        await self._send(message)


def _bytes_max(path: str) -> int:
    stated = large_body_limit(path)
    if stated is not None:
        return stated
    return API_BODY_BYTES_MAX if path.startswith("/api/") else BODY_BYTES_MAX


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, code: str, sentence: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before it was accepted: the handshake fails with 403
        return
    request = Request(scope)
    set_language(language_of(request))
    await error_answer(request, status, code, _(sentence) if sentence else "")(scope, receive, send)
