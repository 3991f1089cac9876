"""Behind proxies: each person counts under their own address, and nobody can state another one."""

import logging

import httpx
import pytest
from sqlalchemy import select

from core.database.sessions import reading, transact
from core.events.log import Event
from core.settings import settings
from pages.web._client_address import ClientAddress, forwarded_client
from services.accounts.administration import create_user
from services.accounts.attempts import PER_ADDRESS
from tests.conftest import ADMIN
from tests.support.server import serving_copy

PROXY = "127.0.0.5"
PASSWORD = "purple kettle sings at dawn"
PEOPLE = [f"person{number}@example.com" for number in range(14)]


@pytest.fixture(scope="module")
def address(sqlite_template, tmp_path_factory):
    """Serve the product behind a proxy at ``PROXY``; fourteen people have passwords."""
    folder = tmp_path_factory.mktemp("proxied")
    with serving_copy(sqlite_template, folder, trusted_proxies=PROXY) as address:
        for email in PEOPLE:
            transact(
                ADMIN,
                lambda session, email=email: create_user(
                    session, email, name=email, role="sales", partner=None, password=PASSWORD
                ),
            )
        yield address


def post_sign_in(address: str, email: str, *, password: str = PASSWORD, peer: str = PROXY, stated: str = "") -> int:
    """Return the status of one sign-in that comes over a connection from ``peer``."""
    headers = {"Origin": address} | ({"X-Forwarded-For": stated} if stated else {})
    with httpx.Client(transport=httpx.HTTPTransport(local_address=peer)) as client:
        return client.post(f"{address}/login", data={"email": email, "password": password}, headers=headers).status_code


def addresses_in_trail(action: str) -> list[str]:
    with reading(ADMIN) as session:
        rows = session.scalars(select(Event).where(Event.action == action).order_by(Event.id))
        return [row.data["address"] for row in rows]


def test_people_behind_a_trusted_proxy_sign_in_each_under_their_own_address(address):
    failures = {post_sign_in(address, "nobody@example.com", stated="203.0.113.66", password="x") for _ in range(11)}

    statuses = [post_sign_in(address, email, stated=f"203.0.113.{at}") for at, email in enumerate(PEOPLE)]

    assert failures == {422, 429}
    assert statuses == [303] * len(PEOPLE)
    assert addresses_in_trail("user.signed_in") == [f"203.0.113.{at}" for at in range(len(PEOPLE))]


def test_a_client_states_no_other_address_neither_through_the_proxy_nor_past_it(address):
    through = [
        post_sign_in(address, f"a{at}@example.com", password="x", stated=f"1.2.3.{at}, 203.0.113.77")
        for at in range(11)
    ]
    past = [
        post_sign_in(address, f"b{at}@example.com", password="x", peer="127.0.0.6", stated=f"1.2.3.{at}")
        for at in range(11)
    ]

    assert through == past == [422] * PER_ADDRESS + [429]
    assert {"203.0.113.77", "127.0.0.6"} <= set(addresses_in_trail("user.sign_in_failed"))
    assert not any(one.startswith("1.2.3.") for one in addresses_in_trail("user.sign_in_failed"))


def test_the_local_machine_may_state_no_address_unless_it_is_named(address):
    statuses = [
        post_sign_in(address, f"c{at}@example.com", password="x", peer="127.0.0.1", stated=f"5.6.7.{at}")
        for at in range(11)
    ]

    assert statuses[-1] == 429


def test_a_program_on_the_same_machine_asks_the_api_by_its_own_name_and_nothing_else(sqlite_template, tmp_path_factory):
    folder = tmp_path_factory.mktemp("named")
    own = {"public_url": "https://qudao.example.cn", "trusted_proxies": PROXY}
    with serving_copy(sqlite_template, folder, **own) as local:
        headers = {"Authorization": "Bearer wrong"}

        names = (local, local.replace("127.0.0.1", "localhost"))
        answers = [httpx.get(f"{name}/api/v1/orders", headers=headers) for name in names]
        page = httpx.get(f"{local}/login")
        other = httpx.get(f"{local}/api/v1/orders", headers=headers | {"Host": "evil.example"})
        with httpx.Client(transport=httpx.HTTPTransport(local_address=PROXY)) as proxy:
            forwarded = proxy.get(f"{local}/api/v1/orders", headers=headers | {"X-Forwarded-For": "203.0.113.9"})

    assert [answer.status_code for answer in answers] == [401, 401]
    assert [answer.json()["code"] for answer in answers] == ["tokens.not_valid"] * 2
    assert [answer.status_code for answer in (page, other, forwarded)] == [400, 400, 400]


TRUSTED = "10.0.0.0/8"


@pytest.mark.parametrize(
    ("values", "client"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
        (["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
        (["1.1.1.1, 203.0.113.9, 10.0.0.3"], "203.0.113.9"),
        (["10.0.0.7, 10.0.0.3"], "10.0.0.7"),
        (["203.0.113.9:5123"], "203.0.113.9"),
        (["[2001:db8::1]:443, 10.0.0.3"], "2001:db8::1"),
        (["203.0.113.9, unknown"], ""),
        (["<script>"], ""),
        ([""], ""),
        ([], ""),
        (["9" * 100_000], ""),
    ],
)
def test_the_client_is_the_last_address_that_is_no_trusted_proxys(monkeypatch, values, client):
    monkeypatch.setenv("QUDAO_TRUSTED_PROXIES", TRUSTED)
    settings.cache_clear()

    assert forwarded_client(values, settings().trusted_networks) == client


@pytest.mark.parametrize(("kind", "scheme"), [("http", "https"), ("websocket", "wss")])
async def test_sockets_and_requests_get_client_and_scheme(monkeypatch, kind, scheme):
    seen = await rewritten(monkeypatch, kind, "10.0.0.3")

    assert (seen["client"][0], seen["scheme"], seen["state"]["peer"]) == ("203.0.113.9", scheme, "10.0.0.3")


async def test_a_proxy_that_is_not_named_is_not_believed_and_named_in_the_log_once(monkeypatch, caplog):
    caplog.set_level(logging.WARNING)

    seen = await rewritten(monkeypatch, "http", "192.0.2.8", times=3)

    assert (seen["client"][0], seen["scheme"]) == ("192.0.2.8", "http")
    assert [("192.0.2.8" in line, "QUDAO_TRUSTED_PROXIES" in line) for line in caplog.messages] == [(True, True)]


async def rewritten(monkeypatch, kind: str, peer: str, *, times: int = 1) -> dict:
    """Return the scope of the last of some requests from ``peer`` as the product sees it."""
    monkeypatch.setenv("QUDAO_TRUSTED_PROXIES", TRUSTED)
    settings.cache_clear()
    seen = {}

    async def product(scope, receive, send):
        seen.update(scope)

    guard = ClientAddress(product)
    headers = [(b"x-forwarded-for", b"1.1.1.1, 203.0.113.9"), (b"x-forwarded-proto", b"https")]
    for _ in range(times):
        scope = {"type": kind, "client": (peer, 5), "scheme": "http", "headers": headers}
        await guard(scope, None, None)
    return seen


def test_no_answer_says_which_server_gave_it(address):
    assert "server" not in httpx.get(f"{address}/login").headers
