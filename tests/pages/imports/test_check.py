"""Looking at a checked import: every row by its outcome, page by page, before anything is stored; and its errors."""

from dataclasses import replace
from datetime import timedelta

import pytest
from nicegui.testing import User

from core.clock import now
from core.database.sessions import reading
from core.i18n import set_language, use_language
from core.jobs.rows import Job, JobStatus
from core.permissions import Role
from models.customers import Customer
from pages.imports._rows import find_rows
from pages.imports._wizard import job_progress
from services.imports.rows import RowOutcome
from tests.browser.finding import found, is_there, one
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, LING
from tests.pages.imports.test_upload import PLAIN, bring, count, sees, work
from tests.pages.staff_rows import answer_to_test_host

pytestmark = pytest.mark.nicegui_main_file("tests/pages/imports/importing_main.py")

KNOWN = "code,name,phone,stage\nC1,a,13800138000,lead\nC2,b,13800138001,won\n"
MIXED = "code,name,phone,stage\nC1,甲,13900139000,已成交\nC2,b,13800138001,won\nC3,c,138 0013 8002,lead\nC4,d,12,lead\n"


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)


async def check(user: User, content: str) -> str:
    """Bring a file, let it be checked, open it; give its address."""
    answer = await bring(user, content)
    work()
    await user.open(answer.json()["url"])
    return str(answer.json()["url"])


async def imported(user: User, content: str) -> None:
    await check(user, content)
    found(user, "import-apply").click()
    await sees(user, "Importing")
    work()
    await sees(user, "Done: ")  # the page finds out by itself and loads again


def tab(user: User, words: str) -> None:
    user.find(words).click()


async def test_each_row_is_shown_under_its_outcome_and_nothing_is_stored(user: User) -> None:
    await imported(user, KNOWN)

    await check(user, MIXED)

    await sees(user, "is not a phone number: 6 to 15 digits, optionally after a +")
    assert is_there(user, "import-problems")
    tab(user, "New 1")
    await sees(user, "138 0013 8002")
    tab(user, "Same 1")
    await sees(user, "138 0013 8001")
    assert {name for name in ("created", "updated", "unchanged") if is_there(user, f"import-rows-{name}")} == {
        "created", "unchanged",
    }  # fmt: skip
    assert count(Customer) == 2


async def test_a_changed_row_shows_each_value_before_and_after_by_name(user: User) -> None:
    await imported(user, KNOWN)

    await check(user, MIXED)
    tab(user, "Changed 1")

    for words in ("Before", "138 0013 8000", "After", "139 0013 9000", "甲", "Lead", "Won"):
        await sees(user, words)
    assert is_there(user, "import-rows-updated")


async def test_many_rows_come_page_by_page(user: User) -> None:
    await check(user, "code,name\n" + "".join(f"C{number:03},客户{number:03}\n" for number in range(60)))

    await sees(user, "1–25 of 60")
    assert not one(user, "action-previous-page").enabled
    found(user, "action-next-page").click()
    await sees(user, "客户049")
    found(user, "action-next-page").click()
    await sees(user, "51–60 of 60")
    await sees(user, "客户059")
    await user.should_not_see("客户049")

    assert not one(user, "action-next-page").enabled


async def test_many_wrong_cells_come_page_by_page(user: User) -> None:
    await check(user, "code,name,phone\n" + "".join(f"C{number},a,x{number:02}\n" for number in range(60)))

    await sees(user, "1–50 of 60")
    found(user, "action-next-page").click()

    await sees(user, "x59")
    await user.should_not_see("x49")


async def test_a_field_that_became_confidential_to_others_is_not_shown_in_the_rows(user: User) -> None:
    set_language("en")
    sign_in_as(user.http_client, ADMIN)
    headers = {"Origin": "http://test", "Content-Type": "application/octet-stream"}
    content = "code,name,tier,credit_limit\nP1,甲,master_agent,12345.67\n".encode()
    brought = await user.http_client.post("/partners/import/file", content=content, headers=headers)
    work()
    await user.open(brought.json()["url"])
    await sees(user, "¥12,345.67")
    less = replace(ADMIN, role=Role.SALES)

    with reading(less) as session:
        page = find_rows(session, brought.json()["batch"], RowOutcome.CREATED)

    assert [field.name for field in page.fields] == ["code", "name", "tier"]


async def test_a_check_can_be_stopped_and_begun_again(user: User) -> None:
    await bring(user, PLAIN)
    await user.open("/customers/import/1")

    found(user, "action-stop-check").click()
    await sees(user, "The check was stopped. Nothing is stored.")
    found(user, "action-check").click()
    await sees(user, "Checking the rows")
    work()
    await user.open("/customers/import/1")

    assert is_there(user, "import-apply")


@pytest.fixture
def large(monkeypatch) -> None:
    """Let a workbook of more than one row be a large one."""
    monkeypatch.setattr("importers.runs.error_workbooks.OWN_ROWS_MAX", 1)


async def test_the_workbook_of_a_large_import_is_made_on_demand_and_fetched_when_it_is_ready(
    user: User, large: None
) -> None:
    await check(user, PLAIN)
    assert not is_there(user, "action-errors")

    early = await user.http_client.get("/imports/1/errors.xlsx")
    found(user, "action-make-errors").click()
    await sees(user, "Your workbook with errors is being made.")
    work()
    await sees(user, "Download the workbook with errors")
    ready = await user.http_client.get("/imports/1/errors.xlsx")

    assert (early.status_code, early.headers["location"]) == (303, "/customers/import/1")
    assert (ready.status_code, ready.content[:2]) == (200, b"PK")
    assert ready.headers["content-disposition"].endswith("errors.xlsx")
    sign_in_as(user.http_client, LING)
    assert (await user.http_client.get("/imports/1/errors.xlsx")).status_code == 404


async def test_headings_that_are_known_are_not_called_unknown_when_they_are_looked_at_again(user: User) -> None:
    await bring(user, PLAIN)

    await user.open("/customers/import/1?step=sheet")

    await sees(user, "Which row holds the headings?")
    await user.should_not_see("No heading of this file looks known.")


def test_progress_tells_count_speed_and_time_to_go() -> None:
    since = now() - timedelta(seconds=10)
    state = {"since": since.isoformat(), "since_count": 20_000}
    facts = {"name": "imports.check", "arguments": {}, "on_behalf": {}, "due_at": since, "finished_at": None}
    running = Job(status=JobStatus.RUNNING, state=state, done_count=40_000, total_count=100_000, **facts)
    waiting = Job(status=JobStatus.WAITING, state={}, done_count=0, total_count=None, **facts)

    with use_language("en"):
        shown, queued = job_progress(running, "Checking"), job_progress(waiting, "Checking", 500)

    assert shown.label.startswith("Checking, ")
    assert (shown.done, shown.total, shown.eta_s, shown.state) == (40_000, 100_000, 30, "running")
    assert (queued.done, queued.total, queued.eta_s) == (0, 500, None)
