"""The page of one's own notifications, and the links that mark one as read: nobody else's, and never a dead end."""

from typing import Any

import pytest
from nicegui.testing import User

from core.database.sessions import reading, unit_of_work
from models.notifications import Notification
from pages.notifications import PAGE_SIZE
from services.notifications.queries import latest_notifications, unread_count
from services.orders.approval import reject_order
from tests.browser.finding import found
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, HUADONG_CLERK, LING, SUZHOU_CLERK
from tests.pages.staff_rows import answer_to_test_host, become
from tests.services.orders.support import add_range, submitted

pytestmark = pytest.mark.nicegui_main_file("tests/pages/staff_main.py")


@pytest.fixture(autouse=True)
def brand(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)
    add_range()


def rejected() -> tuple[str, int]:
    """Return the number of a rejected order of the clerk, and that of the notification about it."""
    number = submitted(SUZHOU_CLERK).number
    with unit_of_work(LING) as session:
        reject_order(session, number, "No stock in May")
    with reading(SUZHOU_CLERK) as session:
        return number, latest_notifications(session, limit=1)[0].id


def unread() -> int:
    with reading(SUZHOU_CLERK) as session:
        return unread_count(session)


async def test_the_page_shows_ones_own_and_marks_all_as_read(user: User) -> None:
    number, _id = rejected()
    sign_in_as(user.http_client, SUZHOU_CLERK)

    await user.open("/notifications")

    await user.should_see(f"{LING.name} rejected order {number}")
    await user.should_see("No stock in May")
    found(user, "action-mark-all-read-here").click()
    await become(unread, 0)


@pytest.mark.parametrize("arguments", [[], None, "open", {"newState": []}, {}, [{"newState": "open"}]], ids=repr)
async def test_a_browser_that_says_nonsense_of_the_bell_opens_nothing_and_breaks_nothing(
    user: User, arguments: Any
) -> None:
    rejected()
    sign_in_as(user.http_client, SUZHOU_CLERK)
    await user.open("/")
    (panel,) = (one for one in user.client.elements.values() if one.classes == ["qd-menu", "qd-bell-panel"])
    (toggle,) = (one for one in panel._event_listeners.values() if one.type == "toggle")

    panel._handle_event({"listener_id": toggle.id, "args": arguments})

    await user.should_not_see("No stock in May")
    panel._handle_event({"listener_id": toggle.id, "args": {"newState": "open"}})
    await user.should_see("No stock in May")


async def test_the_page_of_somebody_else_is_empty(user: User) -> None:
    rejected()
    sign_in_as(user.http_client, HUADONG_CLERK)

    await user.open("/notifications")

    await user.should_see("Nothing here")
    await user.should_not_see("No stock in May")


async def test_older_ones_stand_on_the_next_page(user: User) -> None:
    with unit_of_work(ADMIN) as session:
        facts = {"person": SUZHOU_CLERK.person, "kind": "of.another.release", "key": "1", "arguments": {}}
        session.add_all(Notification(**facts) for _ in range(PAGE_SIZE))
    number, _id = rejected()
    sign_in_as(user.http_client, SUZHOU_CLERK)

    await user.open("/notifications")

    await user.should_see(number)
    await user.should_see("Older")
    with reading(SUZHOU_CLERK) as session:
        last = latest_notifications(session, limit=PAGE_SIZE)[-1].id
    await user.open(f"/notifications?before={last}")
    await user.should_not_see(number)
    await user.should_see("Something happened to a record that you may no longer see")


async def test_a_link_marks_one_as_read_and_leads_on_for_its_reader_only(user: User) -> None:
    number, notification_id = rejected()
    path = f"/notifications/{notification_id}"

    sign_in_as(user.http_client, HUADONG_CLERK)
    foreign = await user.http_client.get(path, follow_redirects=False)
    assert (foreign.status_code, foreign.headers["location"], unread()) == (303, "/notifications", 1)
    sign_in_as(user.http_client, SUZHOU_CLERK)
    own = await user.http_client.get(path, follow_redirects=False)

    assert (own.status_code, own.headers["location"], unread()) == (303, f"/orders/{number}", 0)


async def test_odd_addresses_lead_to_the_latest(user: User) -> None:
    number, _id = rejected()
    sign_in_as(user.http_client, SUZHOU_CLERK)

    for query in ("before=x", "before=-1", "before=99999999999999999999", "view=other"):
        await user.open(f"/notifications?{query}")
        await user.should_see(number)
