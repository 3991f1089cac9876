"""The door in a real browser against the real server in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import delete, update

from core.database.sessions import transact, unit_of_work
from models.accounts.sessions import AttemptCount
from models.accounts.users import User
from services.accounts.administration import reactivate_user, reset_password, suspend_user
from tests.conftest import ADMIN, LING
from tests.support.browsing import Contexts
from tests.support.looking import note_errors
from tests.support.server import serving_copy

PASSWORD = "purple kettle sings at dawn"
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
OPEN_SOCKET = """url => new Promise(done => {
    const socket = new WebSocket(url);
    socket.onopen = () => done(true);
    socket.onerror = () => done(false);
})"""


@pytest.fixture(scope="module")
def address(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a small product on a free port, with a database that the tests reach too; give its address."""
    folder = tmp_path_factory.mktemp("door")
    with serving_copy(sqlite_template, folder, command=("-m", "tests.pages.shell.calls_main")) as address:
        yield address


@pytest.fixture
def context(contexts: Contexts) -> BrowserContext:
    return contexts.lend(locale="en-US")


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Give a page that must not report any error of script or security policy."""
    page = context.new_page()
    errors = note_errors(page)
    yield page
    assert [one for one in errors if "status of 4" not in one] == []


@pytest.fixture
def ling(address: str) -> None:
    """Let Ling, who may sign in, begin afresh."""
    transact(ADMIN, lambda session: reset_password(session, LING.person, PASSWORD))
    transact(ADMIN, lambda session: reactivate_user(session, LING.person))
    with unit_of_work(ADMIN) as session:
        session.execute(delete(AttemptCount))
        session.execute(update(User).where(User.email == LING.person).values(language="en"))


def sign_in(page: Page, address: str, path: str = "/", password: str = PASSWORD) -> None:
    page.goto(address + path)
    page.get_by_test_id("field-email").fill(LING.person)
    page.get_by_test_id("field-password").fill(password)
    page.get_by_test_id("sign-in").click()


def test_a_person_signs_in_works_and_signs_out(address: str, page: Page, ling: None) -> None:
    sign_in(page, address, "/customers", "not the password at all")
    expect(page.get_by_role("alert")).to_have_text("E-mail or password is not right.")
    page.get_by_test_id("field-password").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    expect(page).to_have_url(f"{address}/customers")

    page.get_by_test_id("action-rename").click()
    expect(page.get_by_text("done")).to_be_visible()

    page.get_by_test_id("account").click()
    page.get_by_test_id("sign-out").click()
    expect(page).to_have_url(f"{address}/login")
    page.goto(f"{address}/customers")
    expect(page.get_by_test_id("sign-in")).to_be_visible()


def test_an_open_page_stops_working_when_the_account_is_locked(address: str, page: Page, ling: None) -> None:
    sign_in(page, address, "/customers")
    expect(page.get_by_test_id("action-rename")).to_be_visible()
    transact(ADMIN, lambda session: suspend_user(session, LING.person))

    page.get_by_test_id("action-rename").click()

    expect(page.get_by_text("This account is locked.")).to_be_visible()
    expect(page.get_by_text("done")).to_have_count(0)


def test_a_bug_in_a_page_says_where_to_find_it(address: str, page: Page, ling: None) -> None:
    sign_in(page, address, "/customers")

    page.get_by_test_id("action-break").click()

    expect(page.get_by_text("Something went wrong that should not have.")).to_be_visible()


def test_events_speak_the_language_of_the_page(address: str, page: Page, ling: None) -> None:
    sign_in(page, address, "/customers")
    page.get_by_test_id("action-say").click()
    expect(page.get_by_text("Customers", exact=True).last).to_be_visible()

    page.goto(f"{address}/account")
    page.get_by_test_id("language-zh_CN").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.goto(f"{address}/customers")
    page.get_by_test_id("action-say").click()

    expect(page.get_by_text("客户", exact=True).last).to_be_visible()


def test_what_is_injected_into_a_page_does_not_run(address: str, context: BrowserContext, ling: None) -> None:
    page = context.new_page()
    sign_in(page, address, "/customers")
    expect(page.get_by_test_id("action-rename")).to_be_visible()

    page.evaluate(
        """() => {
            const box = document.createElement("div");
            document.body.append(box);
            box.insertAdjacentHTML("beforeend", '<img src="data:," onerror="window.hit = 1">');
            const link = Object.assign(document.createElement("a"), {href: "javascript:window.hit = 2"});
            box.append(link); link.click();
            const script = Object.assign(document.createElement("script"), {textContent: "window.hit = 3"});
            box.append(script);
        }"""
    )
    page.wait_for_timeout(300)

    assert page.evaluate("window.hit") is None


def test_another_site_changes_nothing(address: str, context: BrowserContext, ling: None) -> None:
    page, socket_url = context.new_page(), f"{address.replace('http', 'ws')}{SOCKET}"
    sign_in(page, address)
    expect(page).to_have_url(f"{address}/")
    page.route(
        "http://evil.example/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{address}/logout"><button>go</button></form>',
        ),
    )

    page.goto("http://evil.example/")
    page.get_by_text("go", exact=True).click()
    refused = page.text_content("h1")
    opened_here = page.evaluate(OPEN_SOCKET, socket_url)

    page.goto("http://evil.example/")
    opened_there = page.evaluate(OPEN_SOCKET, socket_url)

    assert (refused, opened_here, opened_there) == ("You may not see this", True, False)
    page.goto(f"{address}/account")
    expect(page.get_by_test_id("sign-out")).to_be_visible()
