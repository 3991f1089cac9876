"""Sockets as a hostile program opens them, against the real server: they act for nobody but the page they belong to."""

import json
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from nicegui import core
from sqlalchemy import select

from core.database.sessions import reading, transact, unit_of_work
from core.events.log import Event
from models.accounts.sessions import EndReason
from models.accounts.users import User, UserStatus
from models.orders import Order, OrderStatus
from pages.web.identity import cookie_name
from pages.web.sockets import limits
from pages.web.sockets.connections import page_cookie_name
from pages.web.sockets.guard import HANDLERS, NAMESPACE, guard_sockets
from services.accounts import denials
from services.accounts.administration import suspend_user
from services.accounts.sessions import end_session, find_session_user
from services.applications.invites import InviteDraft, make_invite
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, LING, MEI, SUZHOU_CLERK
from tests.pages.orders.ordering_rows import order, stock_range
from tests.services.accounts.support import change
from tests.support.raw_socket import (
    OpenPage,
    RawSocket,
    fetch_page,
    handshake,
    is_refused,
    page_socket,
    raw_socket,
)
from tests.support.server import serving_copy

FRAMES = ["", "x", "9", "2probe", "5", "b4AAAA", "4", "44", "43", "451-", "42", '42{"a":1}', '42"event"', "42[", "42[]",
          '42["event"]', '42["event",[]]', '42["connect",{"QUERY_STRING":"implicit_handshake=true"}]',
          '42["disconnect",{}]', '42["unknown",{}]', "42" + "[" * 2000, "40/other,", "40"]  # fmt: skip
SETTLE_S = 0.5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sockets")


@pytest.fixture(scope="module")
def address(sqlite_template: Path, folder: Path) -> Iterator[str]:
    """Serve the product with a range of products that may be ordered."""
    with serving_copy(sqlite_template, folder) as address:
        stock_range()
        yield address


@pytest.fixture
def number(address: str) -> str:
    """Give an order that waits for a decision."""
    return order(SUZHOU_CLERK)


def signed_in(actor=LING) -> dict[str, str]:
    return {cookie_name(): session_of(actor)}


def status_of(number: str) -> OrderStatus:
    with reading(ADMIN) as session:
        return OrderStatus(session.scalars(select(Order.status).where(Order.number == number)).one())


def becomes(number: str, status: OrderStatus) -> bool:
    end = monotonic() + 10
    while status_of(number) != status and monotonic() < end:
        sleep(0.05)
    return status_of(number) == status


def approves_nothing(socket: RawSocket, page: OpenPage, number: str) -> bool:
    """Return whether a click on "approve" changes nothing."""
    socket.click(page, "action-approve")
    sleep(SETTLE_S)
    return status_of(number) == OrderStatus.SUBMITTED


def page_without_account(address: str) -> OpenPage:
    """Open the form of a store with an invite, behind its first step."""
    with unit_of_work(ADMIN) as session:
        code = make_invite(session, InviteDraft(tiers=("store",))).code
    with httpx.Client(base_url=address, headers={"Origin": address}) as client:
        begun = client.post("/stores/register", data={"invite": code})
        return fetch_page(address, begun.headers["location"], dict(client.cookies))


# --- whose a socket is ---


def test_a_socket_of_the_page_acts_for_it(address, number):
    page = fetch_page(address, f"/orders/{number}", signed_in())

    with page_socket(page) as (socket, is_open):
        socket.click(page, "action-approve")

        assert is_open
        assert becomes(number, OrderStatus.APPROVED)


@pytest.mark.parametrize("shown", ["nothing", "somebody else's session", "another session of the same person"])
def test_a_socket_with_another_cookie_acts_for_nobody(address, number, shown):
    page = fetch_page(address, f"/orders/{number}", signed_in())
    cookies = {"nothing": {}, "somebody else's session": signed_in(MEI)}.get(shown, signed_in())

    with page_socket(page), page_socket(page, cookies) as (socket, is_open):
        answers = socket.ask("handshake", handshake(page))

        assert (is_open, answers, approves_nothing(socket, page, number)) == (False, None, True)
    with page_socket(page), raw_socket(address, cookies) as socket:
        socket.say("40")
        assert socket.hear("40")
        answers = socket.ask("handshake", handshake(page))

        assert (answers, approves_nothing(socket, page, number)) == (False, True)


def test_a_refused_handshake_makes_the_page_load_anew(address, number):
    page = fetch_page(address, f"/orders/{number}", signed_in())

    with raw_socket(address, signed_in(MEI), {**handshake(page), "implicit_handshake": "true"}) as socket:
        socket.say("40")

        assert json.loads(socket.hear("44")[2:]) == {"message": "Implicit handshake failed"}


def test_a_socket_without_handshake_acts_for_nobody(address, number):
    page = fetch_page(address, f"/orders/{number}", signed_in())

    with page_socket(page), raw_socket(address, page.cookies) as socket:
        socket.say("40")
        assert socket.hear("40")

        assert approves_nothing(socket, page, number)


def test_a_socket_acts_for_no_other_page_of_the_same_session(address, number):
    cookies = signed_in()
    page, other = fetch_page(address, f"/orders/{number}", cookies), fetch_page(address, "/jobs", cookies)

    with page_socket(page), page_socket(other) as (socket, is_open):
        second = socket.ask("handshake", handshake(page))

        assert (is_open, second, approves_nothing(socket, page, number)) == (True, False, True)


def test_the_framework_s_own_handshake_message_works_for_the_right_session(address, number):
    page = fetch_page(address, f"/orders/{number}", signed_in())

    with raw_socket(address, page.cookies, {"client_id": page.client_id}) as socket:
        socket.say("40")
        assert socket.hear("40")
        accepted = socket.ask("handshake", handshake(page))
        socket.click(page, "action-approve")

        assert (accepted, becomes(number, OrderStatus.APPROVED)) == (True, True)


def test_a_page_of_somebody_not_signed_in_belongs_to_the_browser_it_was_served_to(address):
    page, other = page_without_account(address), page_without_account(address)

    assert page.cookies[page_cookie_name()] != other.cookies[page_cookie_name()]
    for cookies, expected in (({}, False), (other.cookies, False), (signed_in(), False), (page.cookies, True)):
        with page_socket(page, cookies) as (_, is_open):
            assert is_open is expected


def test_after_signing_in_the_page_of_before_loads_anew(address):
    page = page_without_account(address)

    with page_socket(page, {**page.cookies, **signed_in()}) as (_, is_open):
        assert not is_open


def test_every_handler_of_the_framework_is_guarded():
    """Another handler of a newer framework must get a guard of its own: ``guard_sockets`` refuses to start."""
    guard_sockets()

    assert set(core.sio.handlers) == {NAMESPACE}
    assert set(core.sio.handlers[NAMESPACE]) == HANDLERS
    assert core.sio.namespace_handlers == {}
    assert {type(handler.__self__).__name__ for handler in core.sio.handlers[NAMESPACE].values()} == {"SocketGuard"}


def test_a_handler_without_guard_stops_the_start(monkeypatch):
    handlers = {name: lambda *_: None for name in HANDLERS | {"upload"}}
    monkeypatch.setattr(core.sio, "handlers", {NAMESPACE: handlers})

    with pytest.raises(RuntimeError, match="upload"):
        guard_sockets()


# --- after the session ended ---


@pytest.mark.parametrize("how", ["locked", "signed out"])
def test_clicks_after_the_session_ended_change_nothing_and_are_recorded_once(address, number, how):
    cookies = signed_in()
    page = fetch_page(address, f"/orders/{number}", cookies)
    with reading(ADMIN) as session:
        session_user = find_session_user(session, cookies[cookie_name()])
        before = len(list(session.scalars(select(Event.id).where(Event.action == denials.ACTION))))

    with page_socket(page) as (socket, _):
        if how == "locked":
            transact(ADMIN, lambda session: suspend_user(session, LING.person))
        else:
            transact(ADMIN, lambda session: end_session(session, session_user.session_id, EndReason.SIGNED_OUT))
        for _ in range(5):
            assert approves_nothing(socket, page, number)
    if how == "locked":
        change(User, User.email, LING.person, status=UserStatus.ACTIVE)

    with reading(ADMIN) as session:
        refused = select(Event).where(Event.action == denials.ACTION).order_by(Event.id)
        (line,) = list(session.scalars(refused))[before:]
    reason = {"locked": "sessions.locked", "signed out": "sessions.signed_out"}[how]
    assert (line.person, line.subject_key, line.data["route"]) == (LING.person, reason, f"/orders/{number}")


# --- how much a socket may say ---


def test_what_no_page_says_closes_the_socket(address):
    page = fetch_page(address, "/jobs", signed_in())

    for frame in FRAMES:
        with page_socket(page) as (socket, is_open):
            socket.say(frame)

            assert (frame, is_open, socket.is_closed()) == (frame, True, True)


def test_a_socket_that_says_too_much_is_closed(address):
    page = fetch_page(address, "/jobs", signed_in())
    ack = {"client_id": page.client_id, "next_message_id": 0}

    with page_socket(page) as (socket, _):
        for _ in range(int(limits.MESSAGES_BURST) // 2):
            socket.emit("ack", ack)
        assert not socket.is_closed(SETTLE_S)
        for _ in range(int(limits.MESSAGES_BURST) * 3):
            socket.emit("ack", ack)
        assert socket.is_closed()


@pytest.mark.parametrize(("is_signed_in", "limit"), [
    (True, limits.MESSAGE_BYTES_MAX), (False, limits.ANONYMOUS_MESSAGE_BYTES_MAX),
])  # fmt: skip
def test_a_message_that_is_too_large_closes_the_socket(address, is_signed_in, limit):
    page = fetch_page(address, "/jobs", signed_in()) if is_signed_in else page_without_account(address)
    frame = '42["log",{"client_id":"%s","level":"info","message":"%s"}]'
    left = limit - len(frame % (page.client_id, ""))

    for is_too_large in (False, True):
        with page_socket(page) as (socket, is_open):
            socket.say(frame % (page.client_id, "x" * (left + is_too_large)))

            assert (is_open, socket.is_closed(SETTLE_S if not is_too_large else 10)) == (True, is_too_large)


def test_more_sockets_of_one_session_than_it_may_have_are_refused(address):
    cookies = signed_in()
    open_sockets = [raw_socket(address, cookies) for _ in range(limits.PER_SESSION_MAX)]
    for one in open_sockets:
        sleep(0.05)  # connections of one address are counted by the second as well
        one.__enter__()
    try:
        assert is_refused(address, cookies)
        assert not is_refused(address, signed_in(MEI))
    finally:
        for one in open_sockets:
            one.__exit__(None, None, None)
    sleep(SETTLE_S)
    assert not is_refused(address, cookies)


def test_sockets_of_nobody_are_few_and_leave_room_for_people(address):
    opened = []
    try:
        for _ in range(limits.ANONYMOUS_PER_ADDRESS_MAX):
            sleep(0.05)  # connections of one address are counted by the second as well
            one = raw_socket(address, {cookie_name(): "made-up"})
            one.__enter__()
            opened.append(one)
        assert is_refused(address)
        assert not is_refused(address, signed_in())
    finally:
        for one in opened:
            one.__exit__(None, None, None)


# --- what it leaves in the log ---


def test_the_log_stays_small_and_marked_whatever_browsers_say(address, folder):
    path = folder / "server.log"
    before = len(path.read_text(errors="replace"))
    page = fetch_page(address, f"/orders/{order(SUZHOU_CLERK)}", signed_in())

    with page_socket(page) as (socket, _):
        for n in range(150):
            words = f"{n}\r\n2026-11-22 00:00:00 ERROR forged"
            socket.emit("log", {"client_id": page.client_id, "level": "error", "message": words})
        sleep(SETTLE_S)
    for malformed in ([], {}, "x", 7, None, [{}], ["x"], [None] * 50, ['{"a": 1}'], ["[" * 3000]):
        with page_socket(page) as (socket, _):
            id_, listener_id = page.listener("action-approve")
            for id_stated in (id_, [], {}, None, -1):
                facts = {"id": id_stated, "client_id": page.client_id, "listener_id": listener_id, "args": malformed}
                socket.emit("event", facts)
            for level in (None, [], {}, "fatal"):
                socket.emit("log", {"client_id": page.client_id, "level": level, "message": malformed})
            socket.emit("ack", {"client_id": page.client_id, "next_message_id": malformed})
            socket.emit("javascript_response", {"client_id": page.client_id, "request_id": malformed})
            socket.emit("event", {"client_id": malformed})
            sleep(0.1)

    lines = path.read_text(errors="replace")[before:]
    assert "Traceback" not in lines
    assert page.client_id not in lines
    assert not any(line.startswith("2026-11-22 00:00:00 ERROR") for line in lines.splitlines())
    assert 1 < len(lines.splitlines()) < 40, lines
