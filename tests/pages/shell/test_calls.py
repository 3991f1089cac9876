"""Pages behind the door: an event is done on behalf of who is there now, not of who opened the page."""

import asyncio
import gc
from types import ModuleType

import pytest
from nicegui import background_tasks
from nicegui.testing import User
from sqlalchemy import select

from core import settings as core_settings
from core.database.sessions import reading, transact, unit_of_work
from models.accounts.sessions import EndReason
from models.accounts.users import User as Account
from models.customers import Customer
from pages.shell import calls
from pages.web import identity
from pages.web.identity import LANGUAGE_COOKIE
from services.accounts.administration import suspend_user
from services.accounts.sessions import AUTHENTICATION, end_session, find_session_user
from tests.browser.finding import found
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, HUADONG_CLERK, LING, MEI

WAIT_S = 10
pytestmark = pytest.mark.nicegui_main_file("tests/pages/shell/calls_main.py")


@pytest.fixture(autouse=True)
def customer(sqlite_database, monkeypatch):
    monkeypatch.setenv("QUDAO_PUBLIC_URL", "http://test")
    core_settings.settings.cache_clear()
    with unit_of_work(ADMIN) as session:
        session.add(Customer(code="C1", name="as it was", stage="lead", path=""))


def name() -> str:
    with reading(ADMIN) as session:
        return session.scalars(select(Customer.name)).one()


@pytest.fixture(autouse=True)
def english(user: User) -> None:
    user.http_client.cookies.set(LANGUAGE_COOKIE, "en")


async def test_a_click_is_done_for_whoever_is_signed_in(user: User) -> None:
    sign_in_as(user.http_client, LING)
    await user.open("/customers")

    found(user, "action-rename").click()

    await user.should_see("done")
    assert name() == "renamed"


def end_it(token: str) -> None:
    with reading(AUTHENTICATION) as session:
        number = find_session_user(session, token).session_id
    transact(LING, lambda session: end_session(session, number, EndReason.SIGNED_OUT))


def lock_it(token: str) -> None:
    transact(ADMIN, lambda session: suspend_user(session, LING.person))


def demote(token: str) -> None:
    with unit_of_work(ADMIN) as session:
        session.scalars(select(Account).where(Account.email == LING.person)).one().role = "executive"


def close_partner(token: str) -> None:
    with unit_of_work(ADMIN) as session:
        row = session.scalars(select(Account).where(Account.email == LING.person)).one()
        row.role, row.partner_id = "partner_owner", 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (end_it, "You have signed out."),
        (lock_it, "This account is locked."),
        (demote, "Your role was changed."),
        (close_partner, "Your role was changed."),
    ],
)
async def test_a_page_opened_before_does_nothing_afterwards_and_says_why(user: User, change, why) -> None:
    token = sign_in_as(user.http_client, LING)
    await user.open("/customers")
    change(token)

    found(user, "action-rename").click()

    await user.should_see(why)
    assert name() == "as it was"


async def test_a_refusal_of_the_service_is_shown(user: User) -> None:
    sign_in_as(user.http_client, LING)
    await user.open("/customers")

    found(user, "action-refuse").click()

    await user.should_see("Sign in")


async def test_who_is_not_signed_in_does_not_see_the_page(user: User) -> None:
    page = await user.http_client.get("/customers", follow_redirects=False)

    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Fcustomers")


async def test_who_lacks_the_right_does_not_see_the_page(user: User) -> None:
    sign_in_as(user.http_client, MEI)

    assert (await user.http_client.get("/customers")).status_code == 403


async def test_a_partner_sees_the_pages_its_role_may(user: User) -> None:
    sign_in_as(user.http_client, HUADONG_CLERK)

    assert (await user.http_client.get("/customers")).status_code == 200


async def test_everyone_sees_a_public_page(user: User) -> None:
    await user.open("/apply")

    await user.should_see("welcome")


async def test_pages_carry_a_policy_with_a_nonce(user: User) -> None:
    answer = await user.http_client.get("/apply")

    nonce = answer.headers["content-security-policy"].split("'nonce-")[1].split("'")[0]
    assert answer.text.count("<script ") == answer.text.count(f'<script nonce="{nonce}"')


async def test_a_page_of_what_does_not_exist_says_so(user: User) -> None:
    sign_in_as(user.http_client, LING)

    answer = await user.http_client.get("/customers/C9")

    assert (answer.status_code, "Sign in" in answer.text) == (404, True)
    assert "nicegui" not in answer.text


async def test_a_bug_in_an_event_is_said_and_stands_in_the_log_once(user: User, caplog) -> None:
    sign_in_as(user.http_client, LING)
    await user.open("/customers")

    found(user, "action-break").click()

    await user.should_see("Something went wrong that should not have.")
    (line,) = caplog.records
    assert line.getMessage().startswith("event of a page failed, reference ")
    caplog.clear()


# --- a page that is closed while something runs ---


@pytest.mark.parametrize("action", ["rename", "refuse", "refuse-without-call", "look", "read"])
async def test_nobody_is_answered_who_has_closed_the_page(user: User, monkeypatch, caplog, action: str) -> None:
    sign_in_as(user.http_client, LING)
    await user.open("/customers")
    close_at_next_event(user, monkeypatch)

    found(user, f"action-{action}").click()
    await until_all_handlers_end()

    assert user.client.is_deleted
    assert caplog.records == []
    assert name() == ("renamed" if action == "rename" else "as it was")


async def test_rows_that_are_changed_each_on_its_own_stay_changed_after_the_page_is_closed(
    user: User, monkeypatch, caplog
) -> None:
    sign_in_as(user.http_client, LING)
    await user.open("/customers")
    close_during(calls, "each", user, monkeypatch)

    found(user, "action-rename-each").click()
    await until_all_handlers_end()

    assert user.client.is_deleted
    assert caplog.records == []
    assert name() == "C1"


async def test_a_question_open_in_a_closed_page_is_no_error(user: User, caplog) -> None:
    sign_in_as(user.http_client, LING)
    await user.open("/customers")
    found(user, "action-ask").click()
    await user.should_see("Is it you?")

    close(user)
    await until_all_handlers_end()

    assert caplog.records == []


async def test_a_bug_stands_in_the_log_also_after_the_page_is_closed(user: User, monkeypatch, caplog) -> None:
    sign_in_as(user.http_client, LING)
    await user.open("/customers")
    close_at_next_event(user, monkeypatch)

    found(user, "action-call-broken").click()
    await until_all_handlers_end()

    assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError]
    caplog.clear()


def close(user: User) -> None:
    """Do what the server does some time after a tab is closed."""
    user.client.delete()
    gc.collect()


def close_at_next_event(user: User, monkeypatch) -> None:
    """Close the page while the next event finds out who is signed in."""
    close_during(identity, "find_session_user", user, monkeypatch)


def close_during(module: ModuleType, function: str, user: User, monkeypatch) -> None:
    """Close the page while a function runs in another thread."""
    loop, run = asyncio.get_running_loop(), getattr(module, function)

    async def close_later() -> None:
        close(user)

    def run_late(*args, **kwargs):
        asyncio.run_coroutine_threadsafe(close_later(), loop).result(WAIT_S)
        return run(*args, **kwargs)

    monkeypatch.setattr(module, function, run_late)


async def until_all_handlers_end() -> None:
    handlers = [task for task in background_tasks.running_tasks if "_click" in task.get_name()]
    await asyncio.wait(handlers, timeout=WAIT_S)
    assert all(task.done() for task in handlers)
