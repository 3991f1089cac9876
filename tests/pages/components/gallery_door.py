"""In front of the gallery: the language of each request and the product's content security policy."""

import secrets

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.i18n import set_language

POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)


class Door:
    """Set the language of each request from its cookie, and send the content security policy of the product.

    The policy lets the framework's own script tags run by a nonce, and nothing else that stands in the page.
    """

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        set_language(Request(scope).cookies.get("qudao_language", "zh_CN"))
        nonce = secrets.token_urlsafe(16)
        start: Message = {}

        async def guarded(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if not start:
                await send(message)
                return
            headers = MutableHeaders(raw=start["headers"])
            if "text/html" in headers.get("content-type", ""):
                message["body"] = message["body"].replace(b"<script", f'<script nonce="{nonce}"'.encode())
                headers["Content-Length"] = str(len(message["body"]))
                headers["Content-Security-Policy"] = POLICY.format(nonce=nonce)
            await send(start)
            await send(message)
            start = {}

        scope["headers"] = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
        await self.inner(scope, receive, guarded)
