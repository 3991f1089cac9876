"""The jobs page: what runs, what failed and why; stopped and tried again by who may."""

from datetime import timedelta

import pytest
from nicegui.testing import User

import jobs
from core.clock import now
from core.database.sessions import reading, unit_of_work
from core.jobs.clock_guard import ClockMark, clock_doubt
from core.jobs.queueing import enqueue, job_label, registered_names
from core.jobs.rows import Job, JobStatus
from models.imports import ImportBatch
from pages.jobs import find_jobs, job_name
from tests.browser.finding import found, is_there
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, LING, MEI, WEI
from tests.pages.staff_rows import answer_to_test_host, become

pytestmark = pytest.mark.nicegui_main_file("tests/pages/staff_main.py")


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)


def job(actor, status: JobStatus = JobStatus.WAITING, **facts) -> int:
    """Add a job in a certain state; return its number."""
    with unit_of_work(actor) as session:
        row = enqueue(session, "imports.apply", batch_id=7)
        row.status = status
        for name, value in facts.items():
            setattr(row, name, value)
        return row.id


def status_of(number: int) -> str:
    with reading(ADMIN) as session:
        return session.get(Job, number).status


def test_every_job_there_is_has_a_name_for_people() -> None:
    ours = {name for name in registered_names() if name.split(".")[0] in jobs.__all__}

    assert len(ours) >= 6
    assert [name for name in ours if job_label(name) == name] == []


async def test_without_jobs_the_page_says_what_would_be_here(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    await user.open("/jobs")

    await user.should_see("No jobs here")


async def test_a_failed_job_says_why_and_can_be_tried_again(user: User) -> None:
    number = job(WEI, JobStatus.FAILED, error="The file is damaged.", reference="job-1")
    sign_in_as(user.http_client, WEI)
    await user.open("/jobs?view=failed")
    await user.should_see("Import #7")
    await user.should_see("The file is damaged. · job-1")

    found(user, f"action-retry-{number}").click()

    await become(lambda: status_of(number), "waiting")


async def test_a_waiting_job_can_be_stopped(user: User) -> None:
    number = job(WEI)
    sign_in_as(user.http_client, WEI)
    await user.open("/jobs")

    found(user, f"action-cancel-{number}").click()

    await become(lambda: status_of(number), "cancelled")


async def test_people_see_their_own_jobs_and_who_may_see_all_sees_all(user: User) -> None:
    weis, meis = job(WEI, JobStatus.DONE), job(MEI, JobStatus.FAILED)

    with reading(WEI) as session:
        own, _counts = find_jobs(session, "")
    with reading(LING) as session:
        every, counts = find_jobs(session, "")

    assert [one.id for one in own] == [weis]
    assert [one.id for one in every] == [meis, weis]
    assert counts == {"done": 1, "failed": 1}


async def test_a_view_shows_only_its_own(user: User) -> None:
    number = job(WEI, JobStatus.FAILED)
    sign_in_as(user.http_client, WEI)

    await user.open("/jobs?view=done")

    await user.should_see("No jobs here")
    assert not is_there(user, f"action-retry-{number}")


async def test_somebody_elses_job_cannot_be_stopped_from_a_page_opened_before(user: User) -> None:
    number = job(WEI)
    sign_in_as(user.http_client, WEI)
    await user.open("/jobs")
    with unit_of_work(ADMIN) as session:
        session.get(Job, number).person = MEI.person

    found(user, f"action-cancel-{number}").click()

    await user.should_see("There is no such job.")
    assert status_of(number) == "waiting"


async def test_a_job_of_anothers_resource_has_no_button_for_who_may_not_do_what_it_does(user: User) -> None:
    with unit_of_work(ADMIN) as session:
        batch = ImportBatch(resource="products", person=ADMIN.person, file_name="a.csv", sha256="0")
        session.add(batch)
        session.flush()
        number = enqueue(session, "imports.apply", batch_id=batch.id).id
    weis = job(WEI)
    sign_in_as(user.http_client, LING)

    await user.open("/jobs")

    assert is_there(user, f"action-cancel-{weis}")
    assert not is_there(user, f"action-cancel-{number}")


async def test_an_import_is_a_link_only_for_who_may_open_it(user: User) -> None:
    with unit_of_work(WEI) as session:
        batch = ImportBatch(resource="customers", person=WEI.person, file_name="a.csv", sha256="0")
        session.add(batch)
        session.flush()
        number = batch.id
        enqueue(session, "imports.apply", batch_id=number)

    leads = {actor: await links_of_jobs(user, actor) for actor in (WEI, ADMIN)}

    assert leads == {WEI: [f"/imports/{number}"], ADMIN: []}
    assert (await user.http_client.get(f"/imports/{number}")).status_code == 404


async def links_of_jobs(user: User, actor) -> list[str]:
    """Return where the lines of the page lead."""
    sign_in_as(user.http_client, actor)
    await user.open("/jobs")
    await user.should_see("Import #")
    return [one.props["href"] for one in found(user, "jobs").elements.pop().descendants() if one.tag == "a"]


async def test_who_may_not_see_imports_is_not_sent_there(user: User) -> None:
    sign_in_as(user.http_client, MEI)
    await user.open("/jobs")

    await user.should_see("No jobs here")
    await user.should_not_see("Go to the imports")


def doubt_the_clock() -> None:
    with unit_of_work(ADMIN) as session:
        session.add(ClockMark(id=1, seen_at=now() - timedelta(days=2), doubted_at=now()))


@pytest.mark.parametrize("address", ["/", "/jobs"])
async def test_an_administrator_says_that_the_clock_is_right(user: User, address: str) -> None:
    doubt_the_clock()
    sign_in_as(user.http_client, ADMIN)
    await user.open(address)
    await user.should_see("The clock jumped")

    found(user, "action-confirm-clock").click()

    await become(in_doubt, False)


@pytest.mark.parametrize("address", ["/", "/jobs"])
async def test_others_do_not_read_about_the_clock(user: User, address: str) -> None:
    doubt_the_clock()
    sign_in_as(user.http_client, LING)

    await user.open(address)

    await user.should_not_see("The clock jumped")


def in_doubt() -> bool:
    with reading(ADMIN) as session:
        return clock_doubt(session) is not None


def test_a_job_without_a_name_for_people_keeps_its_own() -> None:
    assert job_name(Job(name="imports.apply")) == "导入"
    assert job_name(Job(name="something.new")) == "something.new"
