"""Request ids and security headers of every response; answers to unexpected errors."""

import logging
import re
import secrets

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.database.errors import expected_error
from core.errors import DomainError
from core.i18n import set_language
from core.process.logs import request_id
from core.settings import settings
from pages.web.identity import language_of
from pages.web.responses import answer_domain_error, error_answer

log = logging.getLogger(__name__)

YEAR_S = 31_536_000
TRY_AGAIN_LATER = 1013
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
    """ASGI: gives each request an id, each answer its headers, and each bug an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; an unexpected error is logged once with the request's id and answered without a stack
        trace.

        Only an answer that is cut off half-way is raised on: then the server closes the connection.
        """
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        number = secrets.token_hex(6)
        scope.setdefault("state", {})["request_id"] = number
        request_id.set(number)
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
            return
        answer = _Answer(scope, send)
        try:
            await self.app(scope, receive, answer.send)
        except Exception as error:
            expected = expected_error(error)
            if expected is None:
                log.exception("request failed, reference %s", number)
            if answer.is_finished:  # the API has answered already
                return
            if answer.has_begun:
                raise
            request = Request(scope)
            set_language(language_of(request))
            answer.drop_held()
            shown = answer_domain_error(request, expected) if expected else error_answer(request, 500, "http.500")
            await shown(scope, receive, answer.send)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a socket; while the user cannot be determined, the browser is to retry later."""
        try:
            await self.app(scope, receive, send)
        except DomainError:
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
        except Exception:
            log.exception("socket failed, reference %s", scope["state"]["request_id"])
            raise


class _Answer:
    """A response being sent; a page of the framework is buffered until it is complete, to insert nonces."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._held: Message | None = None
        self._body = b""
        self.has_begun = False
        self.is_finished = False

    def drop_held(self) -> None:
        """Discard a buffered page."""
        self._held, self._body = None, b""

    async def send(self, message: Message) -> None:
        """Send a message with our headers."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
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
        await self._pass_on(message)

    async def _pass_on(self, message: Message) -> None:
        self.has_begun = True
        await self._send(message)
        self.is_finished = message["type"] == "http.response.body" and not message.get("more_body", False)

    def _set_headers(self, headers: MutableHeaders) -> None:
        for name, value in _HEADERS.items():
            headers[name] = value
        if settings().is_https:
            headers["Strict-Transport-Security"] = f"max-age={YEAR_S}"  # other hosts of the name are not ours
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
        await self._pass_on(start)
        await self._pass_on({"type": "http.response.body", "body": body})
