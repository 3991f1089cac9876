"""URL paths of records: ``/RESOURCE/KEY``, for keys of any text.

A key stands in an address percent-encoded, as ``urllib.parse.quote(key, safe="")`` and ``encodeURIComponent`` write it.
That form is always understood. Some keys do not survive it on their way: browsers and proxies take ``.`` and ``..`` for
folders and ``%2F`` for ``/``, and a page such as ``/orders/new`` is no record. Links of ours write those keys as ``=``
and the base64url of their UTF-8, without padding: ``SO/2026/777`` is ``=U08vMjAyNi83Nzc``. No percent-encoded key
begins with a plain ``=``, so that the two forms cannot be confused.
"""

import base64
import binascii
import re
from collections.abc import Collection
from typing import Annotated
from urllib.parse import quote, unquote

from pydantic import BeforeValidator
from starlette.types import ASGIApp, Receive, Scope, Send

MARK = "="
PAGES = frozenset({"import", "map", "new", "pivot", "register", "review", "template.xlsx"})
"""Path segments below ``/RESOURCE/`` that are pages and not keys."""
_PLAIN = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9._\-~]*")


def record_path(resource: str, key: str, *below: str) -> str:
    """Return the address of a record, or of something below it: ``record_path("orders", number, "edit")``."""
    return "/".join(["", resource, key_segment(key), *below])


def key_segment(key: str) -> str:
    """Return a key encoded as a path segment."""
    if is_plain(key):
        return key
    if key in PAGES or key in {"", ".", ".."} or key.startswith(MARK) or "/" in key or "\\" in key:
        return _marked(key)
    return quote(key, safe="~")


def is_plain(key: str) -> bool:
    """Return whether a key needs no encoding as a path segment."""
    return _PLAIN.fullmatch(key) is not None and key not in PAGES


def key_of(segment: str) -> str:
    """Return the key of a decoded path segment; see ``KeysInPaths`` for how it is decoded."""
    if not segment.startswith(MARK):
        return segment
    try:
        key = base64.b64decode(segment[1:] + "=" * (-(len(segment) - 1) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return segment
    return key if _marked(key) == segment else segment


KeyInPath = Annotated[str, BeforeValidator(key_of)]
"""Parameter of a route: the key of a record."""


class KeysInPaths:
    """ASGI: keeps a key with ``%2F``, ``%2E`` or ``%3D`` in one piece, where servers decode before they route.

    Args:
        app: What comes after.
        resources: Names of all resources: only ``/RESOURCE/…`` and ``/api/v1/RESOURCE/…`` hold keys.
    """

    def __init__(self, app: ASGIApp, resources: Collection[str]) -> None:
        self.app = app
        self._folders = tuple(f"{above}/{name}/" for above in ("", "/api/v1") for name in sorted(resources))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with a path whose segments are those of the URL as it was sent."""
        raw: bytes = scope.get("raw_path") or b""
        if scope["type"] == "http" and b"%" in raw and scope["path"].startswith(self._folders):
            scope = {**scope, "path": "/".join(map(_in_one_piece, raw.decode("latin-1").split("/")))}
        await self.app(scope, receive, send)


def _in_one_piece(segment: str) -> str:
    decoded = unquote(segment)
    if decoded == segment:
        return segment
    is_lost = "/" in decoded or decoded in {".", ".."} or decoded.startswith(MARK)
    return _marked(decoded) if is_lost else decoded


def _marked(key: str) -> str:
    return MARK + base64.urlsafe_b64encode(key.encode(errors="surrogatepass")).decode().rstrip("=")
