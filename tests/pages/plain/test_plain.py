"""The small pages that let people in, used as a browser without scripts uses them."""

import re

import httpx
import pyotp
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import func, select

from core import settings as core_settings
from core.database.sessions import reading, transact
from models.accounts.sessions import UserSession
from models.accounts.users import User
from pages.plain.account import browser_name
from pages.site import add_access
from pages.web.cookies import safe_next
from services.accounts.administration import create_user, reset_password
from services.accounts.attempts import PER_ADDRESS
from services.accounts.links import SETUP, password_link, setup_link
from services.accounts.sessions import AUTHENTICATION
from tests.browser.signing_in import session_of, sign_in_as
from tests.conftest import ADMIN, LING, WEI

ORIGIN = "http://localhost:8080"
PASSWORD = "purple kettle sings at dawn"
OTHER_PASSWORD = "a long sentence about green tea"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch):
    monkeypatch.setattr("services.accounts.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def client(sqlite_database):
    async with browser() as client:
        yield client


@pytest.fixture
def ling(sqlite_database):
    transact(ADMIN, lambda session: reset_password(session, LING.person, PASSWORD))
    return LING


@pytest.fixture
def second_factor(monkeypatch):
    monkeypatch.setenv("QUDAO_TOTP_ROLES", "operations")
    core_settings.settings.cache_clear()
    yield
    monkeypatch.undo()
    core_settings.settings.cache_clear()


@pytest.fixture
async def empty(sqlite_database):
    with sqlite_database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM users")
    async with browser() as client:
        yield client


def browser(origin: str = ORIGIN) -> httpx.AsyncClient:
    app = FastAPI(openapi_url=None)
    add_access(app)
    headers = {"Accept": "text/html", "Accept-Language": "en", "Origin": origin, "User-Agent": "Firefox Windows"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=origin, headers=headers)


async def sign_in(client: httpx.AsyncClient, password: str = PASSWORD, **more: str) -> httpx.Response:
    return await client.post("/login", data={"email": LING.person, "password": password, **more})


def first_with_focus(html: str) -> str:
    """Return the name of the input that a browser puts the focus on."""
    return next(
        re.search(r'name="(\w+)"', one).group(1) for one in re.findall(r"<input[^>]*>", html) if "autofocus" in one
    )


def hidden(page: httpx.Response, testid: str) -> str:
    return re.search(rf'data-testid="{testid}"[^>]*>([^<]*)<', page.text)[1]


def count_sessions() -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(UserSession)) or 0


# --- in and out ---


async def test_signing_in_leads_to_where_one_wanted_to_go(client, ling):
    form = await client.get("/login?next=%2Forders%3Fstatus%3Dsubmitted")
    entered = await sign_in(client, next="/orders?status=submitted")

    assert 'value="/orders?status=submitted"' in form.text
    assert (entered.status_code, entered.headers["location"]) == (303, "/orders?status=submitted")
    assert (await client.get("/account")).status_code == 200


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(client, ling):
    cookies = (await sign_in(client)).headers.get_list("set-cookie")

    session = next(one for one in cookies if one.startswith("qudao="))
    assert re.fullmatch(r"qudao=[\w-]{43}; HttpOnly; Path=/; SameSite=lax", session)


async def test_behind_https_the_cookie_is_bound_to_the_host(sqlite_database, ling, monkeypatch):
    monkeypatch.setenv("QUDAO_PUBLIC_URL", "https://qudao.example.cn")
    core_settings.settings.cache_clear()

    async with browser("https://qudao.example.cn") as client:
        cookies = (await sign_in(client)).headers.get_list("set-cookie")

    session = next(one for one in cookies if one.startswith("__Host-qudao="))
    assert re.fullmatch(r"__Host-qudao=[\w-]{43}; HttpOnly; Path=/; SameSite=lax; Secure", session)


async def test_a_wrong_password_is_refused_in_the_form_and_the_email_stays(client, ling):
    refused = await sign_in(client, "not the password at all")

    assert refused.status_code == 422
    assert "E-mail or password is not right." in refused.text
    assert f'value="{LING.person}"' in refused.text
    assert "set-cookie" not in refused.headers
    assert count_sessions() == 0


async def test_a_session_from_before_is_useless_after_signing_in(client, ling):
    planted = sign_in_as(client, WEI)

    await sign_in(client)

    async with browser() as other:
        other.cookies.set("qudao", planted)
        assert (await other.get("/account")).headers["location"].startswith("/login")


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/a\nb",
        "",
        "/" * 3000,
        "http:/evil.example",
        "///evil.example",
        "/a\\..\\b",
    ],
)
def test_a_link_does_not_redirect_to_another_site(wanted):
    assert safe_next(wanted) == "/"


@pytest.mark.parametrize("wanted", ["/", "/orders?status=a,b&q=%E5%8C%97", "/stores/BJ-1#history"])
def test_our_own_addresses_are_kept(wanted):
    assert safe_next(wanted) == wanted


async def test_signing_out_ends_the_session_itself_and_not_only_the_cookie(client, ling):
    await sign_in(client)
    token = client.cookies["qudao"]

    left = await client.post("/logout")

    assert left.headers["location"] == "/login"
    assert "qudao" not in client.cookies
    client.cookies.set("qudao", token)
    again = await client.get("/login")
    assert hidden(again, "reason") == "You have signed out. Sign in again to go on."


async def test_looking_at_a_page_never_changes_anything(client, ling):
    sign_in_as(client, LING)
    token = client.cookies["qudao"]

    for path in ("/logout", "/account/password", "/account/sessions/1/end", "/account/codes", "/preferences"):
        assert (await client.get(path)).status_code in {404, 405}

    client.cookies.set("qudao", token)
    assert (await client.get("/account")).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/login", "/login/code", "/logout", "/setup", "/password", "/account/password", "/account/codes", "/preferences"],
)
async def test_no_form_is_taken_from_another_site(client, ling, path):
    sign_in_as(client, LING)

    refused = await client.post(path, data={"language": "en"}, headers={"Origin": "https://evil.example"})

    assert refused.status_code == 403
    assert (await client.get("/account")).status_code == 200


# --- second factor ---


async def test_the_second_factor_is_enrolled_once_and_asked_for_ever_after(client, ling, second_factor):
    half_way = await sign_in(client, next="/orders")
    form = await client.get(half_way.headers["location"])
    secret = hidden(form, "secret").replace(" ", "")
    outside = await client.get("/account")

    codes = await client.post("/login/enrolment", data={"code": pyotp.TOTP(secret).now(), "next": "/orders"})
    inside = await client.get("/account")
    one_time = re.findall(r"<code>([a-z0-9-]{14})</code>", codes.text)
    await client.post("/logout")
    response = await sign_in(client)
    wrong = await client.post("/login/code", data={"code": "000000"})
    entered = await client.post("/login/code", data={"code": one_time[0], "next": "/orders"})

    assert 'src="data:image/svg+xml' in form.text
    assert (outside.status_code, outside.headers["location"]) == (303, "/login/code")
    assert (inside.status_code, len(one_time)) == (200, 10)
    assert 'href="/orders"' in codes.text
    assert response.headers["location"] == "/login/code?next=%2F"
    assert (wrong.status_code, "This code is not right" in wrong.text) == (422, True)
    assert entered.headers["location"] == "/orders"


# --- links ---


async def test_the_first_administrator_is_made_with_the_printed_link_and_nobody_else(empty):
    link = transact(SETUP, setup_link)
    token = link.split("token=")[1]
    facts = {"token": token, "email": "Boss@Example.com", "name": "王磊", "password": PASSWORD, "again": PASSWORD}

    form = await empty.get(link)
    short = await empty.post("/setup", data={**facts, "password": "short", "again": "short"})
    made = await empty.post("/setup", data=facts)
    second = await empty.post("/setup", data={**facts, "email": "thief@example.com"})

    assert form.status_code == 200
    assert (short.status_code, "at least 15 characters" in short.text) == (422, True)
    assert made.status_code == 303
    assert (await empty.get(link)).status_code == 404
    assert second.status_code == 404
    with reading(ADMIN) as session:
        assert session.execute(select(User.email, User.role)).all() == [("boss@example.com", "administrator")]
        assert setup_link(session) is None


async def test_what_is_wrong_with_a_password_is_said_at_its_field_which_has_the_focus(empty):
    link = transact(SETUP, setup_link)
    facts = {"token": link.split("token=")[1], "email": "boss@example.com", "name": "王磊"}

    first = await empty.get(link)
    differ = await empty.post("/setup", data={**facts, "password": PASSWORD, "again": OTHER_PASSWORD})

    assert first_with_focus(first.text) == "email"
    assert first_with_focus(differ.text) == "again"
    assert 'aria-describedby="again-more"' in differ.text
    assert f'name="next" value="{link}"' in first.text  # the language can be chosen before anybody is there


async def test_a_guessed_set_up_link_opens_nothing(empty):
    transact(SETUP, setup_link)

    assert (await empty.get("/setup?token=guess")).status_code == 404


async def test_a_newer_set_up_link_voids_the_older(empty):
    older = transact(SETUP, setup_link)
    newer = transact(SETUP, setup_link)

    assert (await empty.get(older)).status_code == 404
    assert (await empty.get(newer)).status_code == 200


async def test_a_password_that_is_stored_is_not_answered_as_refused_where_many_have_tried(client):
    transact(ADMIN, lambda session: create_user(session, "new@example.com", name="新人", role="sales"))
    link = transact(ADMIN, lambda session: password_link(session, "new@example.com"))
    for number in range(PER_ADDRESS + 1):
        tried = await client.post("/login", data={"email": f"n{number}@example.com", "password": OTHER_PASSWORD})
    facts = {"token": link.split("token=")[1], "password": PASSWORD, "again": PASSWORD}

    chosen = await client.post("/password", data=facts)

    assert tried.status_code == 429
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/login")


async def test_who_is_invited_chooses_a_password_and_is_in(client):
    transact(ADMIN, lambda session: create_user(session, "new@example.com", name="新人", role="sales"))
    link = transact(ADMIN, lambda session: password_link(session, "new@example.com"))
    token = link.split("token=")[1]

    form = await client.get(link)
    differ = await client.post("/password", data={"token": token, "password": PASSWORD, "again": OTHER_PASSWORD})
    chosen = await client.post("/password", data={"token": token, "password": PASSWORD, "again": PASSWORD})
    again = await client.post("/password", data={"token": token, "password": OTHER_PASSWORD, "again": OTHER_PASSWORD})

    assert "new@example.com" in form.text
    assert (differ.status_code, "The two passwords are not the same." in differ.text) == (422, True)
    assert chosen.headers["location"] == "/"
    assert (await client.get("/account")).status_code == 200
    assert again.status_code == 404


# --- my account ---


async def test_a_new_password_needs_the_old_one_and_ends_all_other_sessions(client, ling):
    await sign_in(client)
    old_secret, elsewhere = client.cookies["qudao"], session_of(LING)
    facts = {"old": "not the password at all", "password": OTHER_PASSWORD, "again": OTHER_PASSWORD}

    wrong = await client.post("/account/password", data=facts)
    changed = await client.post("/account/password", data={**facts, "old": PASSWORD})

    assert (wrong.status_code, "This is not your password." in wrong.text) == (422, True)
    assert changed.headers["location"] == "/account?done=password"
    assert (await client.get("/account")).status_code == 200
    assert client.cookies["qudao"] != old_secret
    for token in (old_secret, elsewhere):
        async with browser() as other:
            other.cookies.set("qudao", token)
            assert (await other.get("/account")).headers["location"].startswith("/login")


async def test_people_see_where_they_are_signed_in_and_end_it(client, ling):
    await sign_in(client)
    elsewhere = session_of(LING)
    page = await client.get("/account")
    number = re.search(r"/account/sessions/(\d+)/end", page.text)[1]

    await client.post(f"/account/sessions/{number}/end")

    assert "Firefox · Windows" in page.text
    async with browser() as other:
        other.cookies.set("qudao", elsewhere)
        await other.get("/account")
        said = await other.get("/login")
    assert "ended from another device" in hidden(said, "reason")


async def test_nobody_ends_the_session_of_someone_else(client, ling):
    await sign_in(client)
    theirs = session_of(WEI)
    with reading(AUTHENTICATION) as session:
        number = session.scalar(select(UserSession.id).where(UserSession.user_id == WEI.user_id))

    await client.post(f"/account/sessions/{number}/end")

    async with browser() as other:
        other.cookies.set("qudao", theirs)
        assert (await other.get("/account")).status_code == 200


async def test_the_chosen_language_is_kept_in_browser_and_account(client, ling):
    await sign_in(client)

    chosen = await client.post("/preferences", data={"language": "zh_CN", "theme": "dark", "next": "/account"})
    page = await client.get("/account")

    assert chosen.headers["location"] == "/account"
    assert '<html lang="zh-CN" data-mode="dark">' in page.text
    with reading(ADMIN) as session:
        stored = session.execute(select(User.language, User.theme).where(User.email == LING.person)).one()
    assert tuple(stored) == ("zh_CN", "dark")


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge · Windows"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/116.0 MicroMessenger/8.0", "WeChat · Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "Safari · iPhone"),
        ("curl/8.0", ""),
    ],
)
def test_browsers_are_called_what_people_call_them(user_agent, name):
    assert browser_name(user_agent) == name
