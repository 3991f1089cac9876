"""The last step of an import: what became of it, and what can be done now."""

import pytest
from nicegui.testing import User
from sqlalchemy import update

from core.database.sessions import unit_of_work
from core.jobs.rows import Job, JobStatus
from models.customers import Customer
from tests.browser.finding import found
from tests.conftest import ADMIN
from tests.pages.imports.test_upload import PLAIN, bring, count, sees, work
from tests.pages.staff_rows import answer_to_test_host

pytestmark = pytest.mark.nicegui_main_file("tests/pages/imports/importing_main.py")


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)


async def test_an_import_whose_job_failed_says_why_and_can_go_on(user: User) -> None:
    await bring(user, PLAIN)
    work()
    await user.open("/customers/import/1")
    found(user, "import-apply").click()
    await sees(user, "You may leave this page")
    found(user, "action-stop").click()
    await sees(user, "Stop this import?")
    found(user, "action-confirm").click()
    await sees(user, "Stopped. 0 rows were imported")
    with unit_of_work(ADMIN) as session:
        failed = update(Job).where(Job.name == "imports.apply")
        session.execute(failed.values(status=JobStatus.FAILED, error="The disk of the server is full."))

    await user.open("/customers/import/1")
    await sees(user, "The disk of the server is full.")
    found(user, "action-continue").click()
    await sees(user, "You may leave this page")
    work()

    assert count(Customer) == 1
