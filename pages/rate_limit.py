"""A flood of strangers must not slow down the people at work: each address gets a few requests a second.

Who has shown a session or a key that holds is let through for a while without being counted; scripts, styles and the
machine's own probes are not counted either.
"""

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass

from fastapi import Request
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from core.i18n import set_language
from pages.identity import cookie_name, language_of, visitor_of_request
from pages.responses import error_answer

PER_SECOND = 20.0
BURST = 40.0
ADDRESSES_MAX = 50_000
KNOWN_MAX = 20_000
KNOWN_S = 300.0
NOT_COUNTED = ("/static/", "/_nicegui/", "/healthz", "/readyz", "/favicon.ico")


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """ASGI: counts requests of strangers by address, in this process."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._known: OrderedDict[bytes, float] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on unless too many strangers come from this address."""
        if scope["type"] not in {"http", "websocket"} or scope["path"].startswith(NOT_COUNTED):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        shown = _shown(connection)
        if not self._is_known(shown) and not self._takes_one(connection.client.host if connection.client else ""):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1013})  # before it was accepted: it fails with 403
                return
            request = Request(scope)
            set_language(language_of(request))
            answer = error_answer(request, 429, "requests.too_many")
            answer.headers["Retry-After"] = "2"
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)
        if shown and (visitor_of_request(connection) or getattr(connection.state, "is_known", False)):
            self._known[shown] = time.monotonic() + KNOWN_S
            self._known.move_to_end(shown)
            if len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)

    def _is_known(self, shown: bytes) -> bool:
        return bool(shown) and self._known.get(shown, 0.0) > time.monotonic()

    def _takes_one(self, address: str) -> bool:
        at = time.monotonic()
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = _Bucket(BURST, at)
            if len(self._buckets) > ADDRESSES_MAX:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(address)
        bucket.tokens = min(BURST, bucket.tokens + (at - bucket.at) * PER_SECOND)
        bucket.at = at
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def _shown(connection: HTTPConnection) -> bytes:
    """Return a fingerprint of the session or key a request comes with; b"" for none."""
    secret = connection.cookies.get(cookie_name(), "") or connection.headers.get("authorization", "")
    return hashlib.sha256(secret.encode()).digest() if secret else b""
