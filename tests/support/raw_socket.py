"""A page fetched and a socket opened as a program does it: with any cookie, and saying anything."""

import html
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from websockets import Origin
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 20.0
SILENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A page of the framework as the browser got it.

    Attributes:
        address: Of the server.
        client_id: Identifier of the page. tab_id: Of the browser's tab. document_id: Of the page as loaded there.
        elements: Number → element, as drawn at first.
        cookies: What the browser shows from now on.
    """

    address: str
    client_id: str
    tab_id: str
    document_id: str
    elements: Mapping[str, Any]
    cookies: Mapping[str, str]

    def listener(self, testid: str, event: str = "click") -> tuple[int, str]:
        """Return the number of an element, and the identifier of its listener."""
        number, element = next(
            (number, one) for number, one in self.elements.items() if one.get("props", {}).get("data-testid") == testid
        )
        return int(number), next(one["listener_id"] for one in element["events"] if one["type"] == event)


def fetch_page(address: str, path: str, cookies: Mapping[str, str] | None = None) -> OpenPage:
    """Ask for a page as a browser with these cookies does."""
    with httpx.Client(base_url=address, cookies=dict(cookies or {}), timeout=PATIENCE_S) as client:
        answer = client.get(path, headers={"Accept": "text/html"})
        answer.raise_for_status()
        shown = dict(client.cookies)
    elements = re.search(r"parseElements\(String\.raw`(.*?)`\)", answer.text, re.DOTALL)
    client_id = re.search(r"client_id\W+([0-9a-f-]{36})", answer.text)
    assert elements is not None
    assert client_id is not None
    return OpenPage(
        address, client_id[1], str(uuid.uuid4()), str(uuid.uuid4()), json.loads(html.unescape(elements[1])), shown
    )


class RawSocket:
    """A socket, and what the server says on it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def say(self, frame: str) -> None:
        """Send one frame, if it is still open."""
        try:
            self.connection.send(frame)
        except ConnectionClosed:
            return

    def emit(self, name: str, *facts: object) -> None:
        """Send one message."""
        self.say("42" + json.dumps([name, *facts]))

    def hear(self, beginning: str | tuple[str, ...], seconds: float = PATIENCE_S) -> str:
        """Return the next frame that begins so; "" if the socket is closed, or silent so long."""
        try:
            while not (frame := str(self.connection.recv(seconds))).startswith(beginning):
                if frame == "2":
                    self.connection.send("3")
        except (ConnectionClosed, TimeoutError):
            return ""
        return frame

    def is_closed(self, seconds: float = PATIENCE_S) -> bool:
        """Return whether the server closes it within so many seconds."""
        try:
            while True:
                if self.connection.recv(seconds) == "2":
                    self.connection.send("3")
        except ConnectionClosed:
            return True
        except TimeoutError:
            return False

    def click(self, page: OpenPage, testid: str, event: str = "click", args: Iterable[object] = ()) -> None:
        """Send the event of an element, as its page would."""
        number, listener = page.listener(testid, event)
        self.emit("event", {"id": number, "client_id": page.client_id, "listener_id": listener, "args": list(args)})

    def ask(self, name: str, facts: object) -> object:
        """Send a message and return what is answered; None for nothing."""
        self.say("420" + json.dumps([name, facts]))
        answer = self.hear("430", SILENCE_S)
        return json.loads(answer[3:])[0] if answer else None


def handshake(page: OpenPage, **facts: object) -> dict[str, object]:
    """Return what a page states in its handshake."""
    own = {"client_id": page.client_id, "tab_id": page.tab_id, "document_id": page.document_id}
    return {**own, "next_message_id": 0, **facts}


@contextmanager
def raw_socket(
    address: str, cookies: Mapping[str, str] | None = None, query: Mapping[str, object] | None = None
) -> Iterator[RawSocket]:
    """Open a socket with the origin of the installation and any cookies; it has said nothing yet."""
    parts = urlsplit(address)
    stated = urlencode({"EIO": 4, "transport": "websocket", **(query or {})})
    shown = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
    with connect(
        f"ws://{parts.netloc}/_nicegui_ws/socket.io/?{stated}",
        origin=Origin(address),
        additional_headers={"Cookie": shown} if shown else {},
        open_timeout=PATIENCE_S,
        max_size=None,
        compression=None,
    ) as connection:
        yield RawSocket(connection)


@contextmanager
def page_socket(page: OpenPage, cookies: Mapping[str, str] | None = None) -> Iterator[tuple[RawSocket, bool]]:
    """Open the socket of a page, with its cookies if none are stated, and connect; give it and whether it could."""
    query = {**handshake(page), "implicit_handshake": "true"}
    with raw_socket(page.address, page.cookies if cookies is None else cookies, query) as socket:
        socket.say("40")
        yield socket, socket.hear(("40", "44")).startswith("40")


def is_refused(address: str, cookies: Mapping[str, str] | None = None) -> bool:
    """Return whether a socket is refused before it is open."""
    try:
        with raw_socket(address, cookies):
            return False
    except InvalidStatus:
        return True
