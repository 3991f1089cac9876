"""Limits of sockets: how many, how long without a page, how large and how many messages.

A page keeps one socket open. Many people share one address (an office behind one router, a carrier's network), so those
who are signed in are counted by session; the limit by address is only there against one machine that opens all.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.throttling.token_bucket import TokenBucket
from pages.web.identity import session_user_of_request
from pages.web.sockets._messages import CONNECT, LEAVING, PONG, is_message
from pages.web.sockets.connections import Socket, connection_secret

log = logging.getLogger(__name__)

PER_SESSION_MAX = 40
"""Open pages of one person's browser: more tabs than anybody finds again."""
SIGNED_IN_PER_ADDRESS_MAX = 1_000
"""A large office behind one address: 250 people with four tabs each."""
ANONYMOUS_PER_ADDRESS_MAX = 40
"""People who fill in a public form at the same time behind one address of a carrier."""
ANONYMOUS_MAX = 1_000
"""So that those who are not signed in never take the places of those who are, however many addresses they have."""
ALL_MAX = 5_000
"""What one process carries at 300 KB a page, with room for other work."""

HANDSHAKE_S = 15.0
"""A page completes its handshake with its first message: even on a poor network that takes seconds."""
MESSAGE_BYTES_MAX = 1_000_000
"""The framework's pages send no more either."""
ANONYMOUS_MESSAGE_BYTES_MAX = 64 * 1024
"""The longest form of a public page has a tenth of it; pictures take another way."""
MESSAGES_PER_SECOND = 50.0
MESSAGES_BURST = 200.0
"""Fast typing makes ten messages a second; a page that wakes up says at once what it has saved up."""
BYTES_PER_TOKEN = 8 * 1024
"""A message counts once more for each so many bytes."""

SERVER_SETTINGS: dict[str, Any] = {
    "ws_max_size": MESSAGE_BYTES_MAX,  # no more is buffered before the limits here apply
    "ws_per_message_deflate": False,  # it inflates before it counts, and holds 300 KB for each open page
    "log_config": None,  # the server's lines are written as all others are, see core/process/logs.py
}
"""What ``ui.run`` passes on to the server that accepts the sockets."""

_POLICY_VIOLATION = 1008
_TRY_LATER = 1013

_Limit = tuple[tuple[str, str], int]


class SocketLimits:
    """ASGI: counts the sockets of this process, and watches each; ``Identity`` has found out who connects."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._open: Counter[tuple[str, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept a socket unless there are too many."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        socket = Socket(connection_secret(connection), connection.client.host if connection.client else "")
        limits = _limits(connection, socket.address)
        reached = next((name for (name, which), most in limits if self._open[name, which] >= most), "")
        if reached:
            log.warning("socket refused: too many %s, from %s", reached, socket.address)
            await send({"type": "websocket.close", "code": _TRY_LATER})
            return
        scope.setdefault("state", {})["socket"] = socket
        for key, _ in limits:
            self._open[key] += 1
        try:
            is_anonymous = limits[0][0][0].startswith("anonymous")
            bytes_max = ANONYMOUS_MESSAGE_BYTES_MAX if is_anonymous else MESSAGE_BYTES_MAX
            wire = _Wire(socket, receive, send, bytes_max)
            await self.app(scope, wire.receive, wire.send)
        finally:
            for key, _ in limits:
                self._open[key] -= 1
                if not self._open[key]:
                    del self._open[key]


def _limits(connection: HTTPConnection, address: str) -> list[_Limit]:
    session_user = session_user_of_request(connection)
    everything = (("sockets", ""), ALL_MAX)
    if session_user is None or not session_user.is_signed_in:
        here = (("anonymous sockets of one address", address), ANONYMOUS_PER_ADDRESS_MAX)
        return [here, (("anonymous sockets", ""), ANONYMOUS_MAX), everything]
    own = (("sockets of one session", str(session_user.session_id)), PER_SESSION_MAX)
    return [own, (("sockets of one address", address), SIGNED_IN_PER_ADDRESS_MAX), everything]


class _Wire:
    """Incoming messages of one socket. A message that no page of ours can have sent closes it."""

    def __init__(self, socket: Socket, receive: Receive, send: Send, bytes_max: int) -> None:
        self._socket, self._receive, self._send = socket, receive, send
        self._bytes_max = bytes_max
        self._bucket = TokenBucket(MESSAGES_PER_SECOND, MESSAGES_BURST)
        self._handshake_due = time.monotonic() + HANDSHAKE_S
        self._is_connected = self._is_closed = False

    async def receive(self) -> Message:
        message = await self._next()
        if message is None:
            return await self._close("no handshake")
        if message["type"] != "websocket.receive":
            return message
        frame = message.get("text")
        if frame in LEAVING:
            return await self._close("")
        fault = self._fault(frame)
        return await self._close(fault) if fault else message

    async def send(self, message: Message) -> None:
        if not self._is_closed:
            await self._send(message)

    async def _next(self) -> Message | None:
        """Return the next message; None if the handshake is overdue before there is one."""
        if self._socket.client_id:
            return await self._receive()
        task = asyncio.ensure_future(self._receive())
        try:
            left = max(0.0, self._handshake_due - time.monotonic())
            is_there, _ = await asyncio.wait({task}, timeout=left)
            return await task if is_there or self._socket.client_id else None
        finally:
            task.cancel()

    def _fault(self, frame: str | None) -> str:
        """Return what is wrong with a frame; "" for nothing."""
        if frame is None:
            return "a malformed message"
        size = len(frame.encode())
        if size > self._bytes_max:
            return "a message too large"
        if not self._bucket.take(1 + size // BYTES_PER_TOKEN):
            return "too many messages"
        if frame.startswith(CONNECT) and not self._is_connected:
            self._is_connected = frame in {CONNECT, CONNECT + "{}"}
            return "" if self._is_connected else "a malformed message"
        return "" if frame == PONG or (self._is_connected and is_message(frame)) else "a malformed message"

    async def _close(self, fault: str) -> Message:
        if fault:
            log.warning("socket closed: %s, from %s", fault, self._socket.address)
        self._is_closed = True
        with contextlib.suppress(OSError):  # it is gone already
            await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}
