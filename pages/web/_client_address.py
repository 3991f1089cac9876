"""The address of a client: that of its connection, or what a trusted proxy in front states."""

import logging
from collections.abc import Iterable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from core.settings import settings
from core.throttling.networks import Network, is_in, parse_address

log = logging.getLogger(__name__)

FORWARDED_FOR, FORWARDED_PROTO = b"x-forwarded-for", b"x-forwarded-proto"
FORWARDED_LENGTH_MAX = 2000
SCHEMES = {"http": {"http": "http", "https": "https"}, "websocket": {"http": "ws", "https": "wss"}}


class ClientAddress:
    """ASGI, outermost: stores the true client address and scheme in ``scope``, and the connection's own in its state.

    ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are read only when the connection comes from a proxy of
    ``QUDAO_TRUSTED_PROXIES``. Each proxy appends the address it was reached from, so the last address that is not a
    trusted proxy's own is the client; entries before it come from the client and are not trusted.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._trusted = settings().trusted_networks
        self._has_warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with the true client address."""
        if scope["type"] in SCHEMES:
            peer = scope["client"][0] if scope.get("client") else ""
            scope.setdefault("state", {})["peer"] = peer
            if is_in(peer, self._trusted):
                self._rewrite(scope)
            elif not self._has_warned and any(name == FORWARDED_FOR for name, _ in scope["headers"]):
                self._warn(peer)
        await self.app(scope, receive, send)

    def _rewrite(self, scope: Scope) -> None:
        client = forwarded_client(_values(scope, FORWARDED_FOR), self._trusted)
        if client:
            scope["client"] = (client, 0)
        stated = _values(scope, FORWARDED_PROTO)
        if stated:
            scheme = stated[-1].rpartition(",")[2].strip().lower()
            scope["scheme"] = SCHEMES[scope["type"]].get(scheme, scope["scheme"])

    def _warn(self, peer: str) -> None:
        self._has_warned = True
        log.warning(
            "a request from %s carries X-Forwarded-For, but QUDAO_TRUSTED_PROXIES does not name that address, so all"
            " who come through it count as one; if it is your proxy, add it to the setting",
            peer,
        )


def forwarded_client(values: Sequence[str], trusted: Iterable[Network]) -> str:
    """Return the last address of ``X-Forwarded-For`` that is no trusted proxy's; the first if all are; "" if unclear.

    Args:
        values: Of each header line, in their order.
        trusted: Networks of the proxies.
    """
    trusted = tuple(trusted)
    found = ""
    for text in reversed(",".join(values)[-FORWARDED_LENGTH_MAX:].split(",")):
        address = parse_address(text)
        if address is None:
            return ""
        found = str(address)
        if not any(address in network for network in trusted):
            break
    return found


def _values(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
