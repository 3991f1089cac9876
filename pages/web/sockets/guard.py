"""The guard of the socket messages: a socket acts only for its own page, and only with the session of that page.

The framework finds the page of a message by the identifier in the message alone, without regard to its sender. Each of
its handlers is therefore replaced by one of the same name here, which passes on what the socket may say. Who is signed
in, and what they may do, is checked afterwards, by ``pages.shell.calls``.
"""

import inspect
import logging
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from nicegui import Client
from nicegui import core as framework

from core.i18n import _, current_language, set_language
from core.process.logs import one_line
from core.throttling.token_bucket import TokenBucket
from pages.components.base.toasts import toast
from pages.web.identity import language_of
from pages.web.sockets._delays import Delays
from pages.web.sockets._messages import MESSAGES, are_declared, arguments_of, is_handshake, is_id, is_number
from pages.web.sockets.connections import Socket

log = logging.getLogger(__name__)

NAMESPACE = "/"
HANDLERS = MESSAGES | {"connect", "disconnect"}
"""Names of the framework's handlers, each of which has its guard here."""

LOG_LENGTH_MAX = 300
LOG_BURST = 10
LOG_PER_SECOND = 10 / 60
"""Lines a minute that all browsers together may add to the log: a fault of a page is said once or twice."""

_REFUSAL = {"QUERY_STRING": "implicit_handshake=true&client_id=-"}
"""A handshake the framework refuses, in the words upon which its pages load anew."""


def guard_sockets() -> None:
    """Put the guard in front of the framework's handlers, once.

    Raises:
        RuntimeError: The framework has a handler that nobody guards.
    """
    handlers = framework.sio.handlers.get(NAMESPACE, {})
    if isinstance(inspect.getattr_static(handlers.get("event"), "__self__", None), SocketGuard):
        return
    if set(handlers) != HANDLERS or set(framework.sio.handlers) != {NAMESPACE} or framework.sio.namespace_handlers:
        raise RuntimeError(f"unguarded handlers of the framework's socket: {sorted(set(handlers) ^ HANDLERS)}")
    guard = SocketGuard(dict(handlers))
    for name in HANDLERS:
        framework.sio.on(name, getattr(guard, name))


class SocketGuard:
    """Guarded handlers of all socket messages.

    Args:
        handlers: Those of the framework, by name.
    """

    def __init__(self, handlers: Mapping[str, Callable[..., Any]]) -> None:
        self._handlers = handlers
        self._log_lines = TokenBucket(LOG_PER_SECOND, LOG_BURST)
        self._delays: WeakKeyDictionary[Client, Delays] = WeakKeyDictionary()

    async def connect(self, sid: str, environ: Mapping[str, Any], auth: object = None) -> None:
        """Connect a socket; the handshake is in its query, or comes as a message."""
        query = {name: values[0] for name, values in urllib.parse.parse_qs(environ.get("QUERY_STRING", "")).items()}
        if query.get("implicit_handshake", "") != "true":
            return
        socket = _socket(sid)
        if socket is None or not _may_begin(socket, query):
            await self._handlers["connect"](sid, _REFUSAL)
            return
        await self._handlers["connect"](sid, environ)
        socket.client_id = query["client_id"]

    async def handshake(self, sid: str, stated: Mapping[str, Any]) -> bool:
        """Complete a handshake; return False if this socket may not act for that page: the page then loads anew."""
        socket = _socket(sid)
        if socket is None or not _may_begin(socket, stated) or not await self._handlers["handshake"](sid, stated):
            return False
        socket.client_id = str(stated["client_id"])
        return True

    def disconnect(self, sid: str, _reason: object = None) -> None:
        """Drop the page of a closed socket."""
        socket = _socket(sid)
        if socket is not None:
            socket.client_id = ""
        self._handlers["disconnect"](sid)

    def event(self, sid: str, stated: Mapping[str, Any]) -> None:
        """Pass an event on to its element, if its arguments are what the element has declared."""
        client = _client(sid, stated)
        if client is None or not isinstance(stated.get("id"), int) or not is_id(stated.get("listener_id")):
            return
        is_late = self._is_late(client, stated)
        sender = client.elements.get(stated["id"])
        listener = sender._event_listeners.get(stated["listener_id"]) if sender is not None else None
        if sender is None or listener is None:
            return  # it was replaced while the event was on its way
        arguments = arguments_of(stated.get("args", []))
        if arguments is None or not are_declared(arguments, sender, listener):
            place, element = client.page.path, type(sender).__name__
            log.warning("event refused, its arguments are malformed: %s of %s on %s", listener.type, element, place)
            sender.update()  # the browser shows again what holds
            return
        if is_late:
            sender.update()
            _say_not_done(client)
            return
        self._handlers["event"](sid, stated)

    def javascript_response(self, sid: str, stated: Mapping[str, Any]) -> None:
        """Pass on the result of a script."""
        if _client(sid, stated) is not None and is_id(stated.get("request_id")):
            self._handlers["javascript_response"](sid, stated)

    def ack(self, sid: str, stated: Mapping[str, Any]) -> None:
        """Pass on how far a page has received its messages."""
        client = _client(sid, stated)
        if client is not None and is_number(stated.get("next_message_id")):
            self._is_late(client, stated)
            self._handlers["ack"](sid, {**stated, "next_message_id": int(stated["next_message_id"])})

    def log(self, sid: str, stated: Mapping[str, Any]) -> None:
        """Log a message of a browser, marked as such."""
        client = _client(sid, stated)
        if client is None or stated.get("level") not in ("warning", "error"):
            return
        if self._log_lines.take():
            log.warning(
                "a browser says on %s: %s", client.page.path, one_line(str(stated.get("message")), LOG_LENGTH_MAX)
            )
        else:
            log.warning("a browser says something, left out because browsers say too much")

    def _is_late(self, client: Client, stated: Mapping[str, Any]) -> bool:
        """Return whether a message is too late; pages that send no time are trusted."""
        sent_ms = stated.get("sent_ms")
        if not is_number(sent_ms):
            return False
        return self._delays.setdefault(client, Delays()).is_late(float(str(sent_ms)), time.monotonic() * 1000)


def _say_not_done(client: Client) -> None:
    set_language(language_of(client.request, current_language()))
    with client:
        toast(_("The connection was interrupted. What you did last was not done: look at the page, and do it again."))


def _socket(sid: str) -> Socket | None:
    """Return the connection behind a session of the socket server; None if it did not come through our guards."""
    environ = framework.sio.get_environ(sid)
    state = environ["asgi.scope"].get("state", {}) if environ else {}
    found = state.get("socket")
    return found if isinstance(found, Socket) else None


def _may_begin(socket: Socket, stated: Mapping[str, Any]) -> bool:
    """Return whether a socket may become that of the page it names: its first, and of the same session."""
    if socket.client_id or not is_handshake(stated):
        return False
    client = Client.instances.get(stated["client_id"])
    if client is not None and client._request is not None and not socket.may_act_for(client.request):
        log.warning("socket refused: its session is not that of the page, on %s", client.page.path)
        return False
    return client is not None and client._request is not None


def _client(sid: str, stated: Mapping[str, Any]) -> Client | None:
    """Return the page a message is for, if the socket completed its handshake and the sessions are the same."""
    socket = _socket(sid)
    if socket is None or not socket.client_id or stated.get("client_id") != socket.client_id:
        log.warning("message refused: its socket did not complete the handshake of that page")
        return None
    client = Client.instances.get(socket.client_id)
    return client if client is not None and socket.may_act_for(client.request) else None
