"""Limits of sockets, without a server: what is counted, for whom, and for how long."""

import asyncio

import pytest
from nicegui.testing import User

from models.accounts.sessions import SessionState
from pages.components.base.buttons import button
from pages.components.forms import fields
from pages.web.sockets import limits
from pages.web.sockets._messages import are_declared, arguments_of, is_handshake, is_message, is_number
from pages.web.sockets.limits import SocketLimits
from services.accounts.sessions import SessionUser
from tests.conftest import LING, WEI

pytestmark = pytest.mark.nicegui_main_file("tests/pages/components/gallery_main.py")


class Sockets:
    """Sockets of several people behind one guard; each sends its frames, and stays open till the end."""

    def __init__(self) -> None:
        self.guard = SocketLimits(self._product)
        self.scopes: list = []
        self._tasks: list[asyncio.Task] = []

    async def _product(self, scope, receive, _send) -> None:
        self.scopes.append(scope)
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async def open(
        self, address: str = "198.51.100.7", session_user: SessionUser | None = None, *frames: str
    ) -> "asyncio.Queue":
        """Open one; return what is said to it."""
        said, heard = asyncio.Queue(), asyncio.Queue()
        for frame in frames:
            said.put_nowait({"type": "websocket.receive", "text": frame})
        scope = {
            "type": "websocket",
            "path": "/",
            "headers": [],
            "client": (address, 1),
            "state": {"session_user": session_user},
        }
        self._tasks.append(asyncio.create_task(self.guard(scope, said.get, heard.put)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return heard

    async def are_refused(self, *address_and_visitor) -> bool:
        """Return whether one more is refused at once."""
        return not (await self.open(*address_and_visitor)).empty()

    async def end(self) -> None:
        """End all of them as when their servers do."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest.fixture
async def sockets():
    sockets = Sockets()
    yield sockets
    await sockets.end()


def person(actor, session_id: int) -> SessionUser:
    facts = dict.fromkeys(SessionUser.__slots__)
    return SessionUser(**facts | {"actor": actor, "session_id": session_id, "state": SessionState.SIGNED_IN})


# --- how many, how long, how much ---


async def test_anonymous_sockets_of_one_address_are_few(sockets, monkeypatch):
    monkeypatch.setattr(limits, "ANONYMOUS_PER_ADDRESS_MAX", 3)

    refused = [await sockets.are_refused() for _ in range(4)]

    assert refused == [False, False, False, True]
    assert not await sockets.are_refused("198.51.100.8")
    assert not await sockets.are_refused("198.51.100.7", person(LING, 1))


async def test_anonymous_sockets_leave_places_for_people_however_many_addresses_they_have(sockets, monkeypatch):
    monkeypatch.setattr(limits, "ANONYMOUS_MAX", 3)

    refused = [await sockets.are_refused(f"198.51.100.{n}") for n in range(4)]

    assert refused == [False, False, False, True]
    assert not await sockets.are_refused("198.51.100.9", person(LING, 1))


async def test_sockets_of_one_session_and_of_one_office_are_limited(sockets, monkeypatch):
    monkeypatch.setattr(limits, "PER_SESSION_MAX", 2)
    monkeypatch.setattr(limits, "SIGNED_IN_PER_ADDRESS_MAX", 5)

    own = [await sockets.are_refused("198.51.100.7", person(LING, 1)) for _ in range(3)]
    office = [await sockets.are_refused("198.51.100.7", person(WEI, number)) for number in range(2, 6)]

    assert own == [False, False, True]
    assert office == [False, False, False, True]
    assert not await sockets.are_refused("198.51.100.8", person(WEI, 9))


async def test_a_process_carries_so_many_sockets_and_no_more(sockets, monkeypatch):
    monkeypatch.setattr(limits, "ALL_MAX", 2)

    assert [await sockets.are_refused("198.51.100.7", person(LING, n)) for n in range(3)] == [False, False, True]


async def test_a_place_is_free_again_when_its_socket_is_gone(sockets, monkeypatch):
    monkeypatch.setattr(limits, "ANONYMOUS_PER_ADDRESS_MAX", 1)
    await sockets.open()
    await sockets.end()

    assert not await sockets.are_refused()


async def test_a_socket_without_handshake_is_closed_after_a_while(sockets, monkeypatch):
    monkeypatch.setattr(limits, "HANDSHAKE_S", 0.1)
    silent, talking = await sockets.open(), await sockets.open("198.51.100.7", None, "40", "3", "3")
    complete = await sockets.open()
    sockets.scopes[-1]["state"]["socket"].client_id = "page"

    closed = [(await asyncio.wait_for(one.get(), 10))["type"] for one in (silent, talking)]

    assert closed == ["websocket.close"] * 2
    assert complete.empty()


async def test_a_large_message_counts_as_many(sockets):
    small = ['42["ack",{"n":"%s"}]' % ("x" * 100)] * int(limits.MESSAGES_BURST - 10)
    large = ['42["ack",{"n":"%s"}]' % ("x" * 60_000)] * int(limits.MESSAGES_BURST // 8 + 2)

    few_bytes = await sockets.open("198.51.100.7", None, "40", *small)
    many_bytes = await sockets.open("198.51.100.7", None, "40", *large)

    assert (await asyncio.wait_for(many_bytes.get(), 10))["type"] == "websocket.close"
    assert few_bytes.empty()


@pytest.mark.parametrize("frame", ["1", "41"])
async def test_a_browser_that_takes_its_leave_is_let_go_without_a_word_in_the_log(sockets, caplog, frame):
    heard = await sockets.open("198.51.100.7", None, "40", frame)

    assert (await heard.get())["type"] == "websocket.close"
    assert caplog.messages == []


# --- what a message may be ---


@pytest.mark.parametrize("frame", ['42["event",{}]', '4217["handshake",{"a":1}]', '42["log",{"message":"1-2"}]'])
def test_messages_of_pages_are_known(frame):
    assert is_message(frame)


@pytest.mark.parametrize(
    "frame",
    ["", "42", '42["event"]', '42["event",{},{}]', '42["event",[]]', '42["connect",{}]', '42["disconnect",{}]',
     '42[1,{}]', '42/x,["event",{}]', '421-["event",{}]', '42{"a":1}', '42["event",{]', "42" + "[" * 5000],
)  # fmt: skip
def test_everything_else_is_not(frame):
    assert not is_message(frame)


def test_a_handshake_states_who_it_is():
    sound = {"client_id": "c", "tab_id": "t", "document_id": "d"}

    assert is_handshake(sound)
    assert is_handshake(sound | {"old_tab_id": None, "next_message_id": 0})
    assert is_handshake(sound | {"old_tab_id": "null", "next_message_id": "17"})
    for name in sound:
        for wrong in (None, "", 1, [], {}, "x" * 101):
            assert not is_handshake(sound | {name: wrong})
    for wrong in (-1, "x", "", 1.5, True, [], "٣", "9" * 19):
        assert not is_handshake(sound | {"next_message_id": wrong})


def test_numbers_of_messages_are_whole():
    assert [is_number(one) for one in (0, "0", 17, -1, 1.0, True, None, "1e3")] == [True, True, True] + [False] * 5


@pytest.mark.parametrize("stated", [None, {}, "x", 7, [{}], ["x"], [1], ["[" * 3000], ["1"] * 11])
def test_arguments_that_are_no_json_texts_are_none(stated):
    assert arguments_of(stated) is None


async def test_elements_take_the_arguments_that_they_have_declared(user: User):
    await user.open("/gallery/parts")
    assert user.client is not None
    with user.client:
        text = fields.text_field("t", "Text").control
        choice = fields.choice_field("c", "Choice", {"a": "A", "b": "B"}).control
        yes = fields.check_field("y", "Yes").control
        press = button("Press", lambda: None)

    good = {text: ["x", "", None], choice: [{"value": 1, "label": "B"}, None], yes: [True, False]}
    bad = {
        text: [1, True, [], {}, ["x"]],
        choice: ["a", 1, [], {}, {"value": 2}, {"value": -1}, {"value": True}, {"value": "0"}, [{"value": 0}]],
        yes: [None, 1, "true", [], {}],
    }
    for element, values in good.items():
        assert [fits(element, [one]) for one in values] == [True] * len(values)
    for element, values in bad.items():
        assert [fits(element, [one]) for one in values] == [False] * len(values)
        assert not fits(element, [])
        assert not fits(element, [None, None])
    assert fits(press, [], "click")
    assert not fits(press, [None], "click")


def fits(element, arguments: list, event: str = "") -> bool:
    """Return whether an element takes these arguments of an event; of a change of its value if none is named."""
    event = event or ("update:value" if element.VALUE_PROP == "value" else "update:modelValue")
    (listener,) = (one for one in element._event_listeners.values() if one.type == event)
    return are_declared(arguments, element, listener)
