"""Validation of request URLs, and the path parameter for row ids."""

from typing import Annotated
from urllib.parse import unquote_to_bytes

from fastapi import Path, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from core.i18n import N_, _, set_language
from pages.web.identity import language_of
from pages.web.responses import error_answer

PATH_LENGTH_MAX = 2_000  # characters, decoded

RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]
"""Number of a row as part of an address; what no column can hold is answered 422."""


class AddressText:
    """ASGI: refuses URLs that are not text: NUL, bytes that are not UTF-8, paths longer than any of ours."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request with a valid address on; refuse others with 400."""
        if scope["type"] != "http" or is_valid_address(scope):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        set_language(language_of(request))
        sentence = _(N_("This address holds characters that no address of ours has."))
        await error_answer(request, 400, "requests.address_not_text", sentence)(scope, receive, send)


def is_valid_address(scope: Scope) -> bool:
    """Return whether path and query of a request are UTF-8 without NUL, and the path is not too long."""
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope.get("query_string", b"")
    try:
        path = unquote_to_bytes(raw_path).decode()
        text = path + unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        return False
    return "\0" not in text and len(path) <= PATH_LENGTH_MAX
