"""What every answer carries: an id for the log, and the headers that keep a browser from being used against us."""

import logging
import re
import secrets

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.i18n import set_language
from core.settings import settings
from pages.identity import language_of
from pages.responses import error_answer

log = logging.getLogger(__name__)

YEAR_S = 31_536_000
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=()",
}
_COMMON_POLICY = "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'"
_PLAIN_POLICY = f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; {_COMMON_POLICY}"
# The framework builds its components by evaluating text and puts styles into the page as it goes along.
_NICEGUI_POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    f"img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; {_COMMON_POLICY}"
)
_SCRIPT_TAG = re.compile(rb"<script(?=[\s>])")


class ResponseHeaders:
    """ASGI, the outermost: gives each request an id, each answer its headers, and each bug an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on; a bug is logged with the id of its request, answered without a trace, and raised on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})["request_id"] = secrets.token_hex(6)
        answer = _Answer(scope, send)
        try:
            await self.app(scope, receive, answer.send)
        except Exception:
            log.exception("request failed, reference %s", scope["state"]["request_id"])
            if not answer.has_begun:
                request = Request(scope)
                set_language(language_of(request))
                await error_answer(request, 500, "http.500")(scope, receive, answer.send)
            raise


class _Answer:
    """One answer on its way out; a page of the framework is held back until it is whole, for its nonces."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._held: Message | None = None
        self._body = b""
        self.has_begun = False

    async def send(self, message: Message) -> None:
        """Pass a message on, with our headers."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            self.has_begun = True
            self._set_headers(headers)
            if headers.get("x-nicegui-content") == "page" and headers.get("content-type", "").startswith("text/html"):
                self._held = message
                return
        elif message["type"] == "http.response.body" and self._held is not None:
            self._body += message.get("body", b"")
            if message.get("more_body", False):
                return
            await self._send_with_nonces(self._held)
            return
        await self._send(message)

    def _set_headers(self, headers: MutableHeaders) -> None:
        for name, value in _HEADERS.items():
            headers[name] = value
        if settings().is_https:
            headers["Strict-Transport-Security"] = f"max-age={YEAR_S}; includeSubDomains"
        headers["X-Request-Id"] = self._scope["state"]["request_id"]
        if headers.get("content-type", "").startswith("text/html"):
            headers.setdefault("Content-Security-Policy", _PLAIN_POLICY)
        if not self._scope["path"].startswith(("/static/", "/_nicegui/")):
            headers.setdefault("Cache-Control", "no-store")
            headers.add_vary_header("Cookie")
            headers.add_vary_header("Accept-Language")

    async def _send_with_nonces(self, start: Message) -> None:
        nonce = secrets.token_urlsafe(18)
        body = _SCRIPT_TAG.sub(f'<script nonce="{nonce}"'.encode(), self._body)
        headers = MutableHeaders(scope=start)
        headers["Content-Security-Policy"] = _NICEGUI_POLICY.replace("{nonce}", nonce)
        headers["Content-Length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
