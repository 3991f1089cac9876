"""Rate limit of requests by client: the address of anonymous ones, else the session or the key.

Everything is counted, each kind in buckets of its own: pages and the API, files (a page loads dozens of scripts and
styles, and a whole office may share one address), and probes. A refusal costs next to nothing.
"""

import hashlib
import time
from collections import OrderedDict

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from core.i18n import N_
from core.settings import settings
from core.throttling.networks import counted_source, is_in
from core.throttling.token_bucket import TokenBucket
from pages.web._short_answers import short_answer
from pages.web.identity import cookie_name, session_user_of_request

PER_SECOND, BURST = 20.0, 40.0
KNOWN_PER_SECOND, KNOWN_BURST = 100.0, 300.0
FILES_PER_SECOND, FILES_BURST = 50.0, 300.0
KNOWN_FILES_PER_SECOND, KNOWN_FILES_BURST = 200.0, 1000.0
PROBES_PER_SECOND, PROBES_BURST = 50.0, 100.0
SOURCES_MAX = 50_000
KNOWN_MAX = 20_000
KNOWN_S = 300.0
RETRY_AFTER_S = 2
TRY_AGAIN_LATER = 1013
FILES = ("/static/", "/_nicegui/", "/favicon.ico")
PROBES = ("/healthz", "/readyz")

_FROM_ADDRESS = N_("Too many requests come from your address. Wait a moment and try again.")
_FROM_CLIENT = N_("Too many requests were sent at once. Wait a moment and try again.")


class Buckets:
    """Token buckets by source; an unknown source has a full one.

    Args:
        per_second: Tokens that come back. burst: tokens of a full bucket.
    """

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second, self._burst = per_second, burst
        self._held: OrderedDict[str | bytes, TokenBucket] = OrderedDict()

    def take(self, source: str | bytes) -> bool:
        """Take one token; return False if there is none."""
        bucket = self._held.get(source)
        if bucket is None:
            bucket = self._held[source] = TokenBucket(self._per_second, self._burst)
            if len(self._held) > SOURCES_MAX:
                self._held.popitem(last=False)
        self._held.move_to_end(source)
        return bucket.take()


class RateLimit:
    """ASGI: refuses a request with 429 when its client has sent too many, in this process."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._proxies = settings().trusted_networks
        self._known: OrderedDict[bytes, float] = OrderedDict()  # fingerprint to monotonic seconds
        self._of_addresses = Buckets(PER_SECOND, BURST)
        self._of_known = Buckets(KNOWN_PER_SECOND, KNOWN_BURST)
        self._files_of_addresses = Buckets(FILES_PER_SECOND, FILES_BURST)
        self._files_of_known = Buckets(KNOWN_FILES_PER_SECOND, KNOWN_FILES_BURST)
        self._probes = Buckets(PROBES_PER_SECOND, PROBES_BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless its client has sent too many."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        fingerprint = _fingerprint(connection)
        is_known = bool(fingerprint) and self._known.get(fingerprint, 0.0) > time.monotonic()
        address = connection.client.host if connection.client else ""
        if not self._may_go_on(scope["path"], address, fingerprint if is_known else b""):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})  # not accepted yet: it fails with 403
                return
            sentence = _FROM_CLIENT if is_known else _FROM_ADDRESS
            answer = short_answer(connection, 429, "requests.too_many", sentence, retry_after_s=RETRY_AFTER_S)
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)
        if fingerprint and (session_user_of_request(connection) or getattr(connection.state, "is_known", False)):
            self._known[fingerprint] = time.monotonic() + KNOWN_S
            self._known.move_to_end(fingerprint)
            if len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)

    def _may_go_on(self, path: str, address: str, known: bytes) -> bool:
        """Take a token for one request; ``known`` is the fingerprint of a session or key that holds, b"" for none."""
        if path in PROBES:  # requests of the proxy itself must not be limited by those it forwards
            return is_in(address, self._proxies) or self._probes.take(counted_source(address))
        if path.startswith(FILES):
            return self._files_of_known.take(known) if known else self._files_of_addresses.take(counted_source(address))
        return self._of_known.take(known) if known else self._of_addresses.take(counted_source(address))


def _fingerprint(connection: HTTPConnection) -> bytes:
    """Return the fingerprint of the session or key a request comes with; b"" for none."""
    secret = connection.cookies.get(cookie_name(), "") or connection.headers.get("authorization", "")
    return hashlib.sha256(secret.encode()).digest() if secret else b""
