"""A job acts with the rights its owner has today, looked up at its start and with every slice."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

import jobs  # noqa: F401  (registers every job)
from core.access import WORKER, Actor
from core.database.sessions import reading, unit_of_work
from core.events.log import Event
from core.jobs.rows import Job, JobStatus
from core.permissions import Role
from importers.runs import _whole_imports, runner
from importers.runs.batches import ALL_OR_NOTHING
from importers.runs.drafts import ColumnChoice
from models.accounts.users import User
from models.customers import Customer
from models.imports import ImportBatch, ImportStatus
from models.partners.partners import Partner
from services.imports.batches import continue_import, start_check, start_import
from tests.conftest import BEIFANG, BEIFANG_PATH, HUADONG, HUADONG_CLERK, LING, WEI
from tests.importers.runs.test_batches import act, bring, choose, count, now, work

ROWS, SLICE = 12, 9
MANY = "code,name\n" + "".join(f"C{number},a\n" for number in range(ROWS))


def change(model: type, number: int, **values: object) -> Callable[[], None]:
    def run() -> None:
        with unit_of_work(WORKER) as session:
            session.execute(update(model).where(model.id == number).values(values))

    return run


def user_of(actor: Actor, **values: object) -> Callable[[], None]:
    assert actor.user_id is not None
    return change(User, actor.user_id, **values)


LOSSES = {
    "locked": (WEI, user_of(WEI, status="locked"), "jobs.owner_locked"),
    "left": (WEI, user_of(WEI, status="locked", left_at=datetime(2026, 11, 30, tzinfo=UTC)), "jobs.owner_left"),
    "another role": (WEI, user_of(WEI, role=Role.FINANCE.value), "jobs.owner_rights"),
    "another partner": (
        HUADONG_CLERK,
        user_of(HUADONG_CLERK, partner_id=BEIFANG, path=BEIFANG_PATH),
        "jobs.owner_moved",
    ),
    "partner closed": (HUADONG_CLERK, change(Partner, HUADONG, status="closed"), "jobs.owner_partner_closed"),
}
every_loss = pytest.mark.parametrize(("owner", "loss", "code"), LOSSES.values(), ids=LOSSES)


@pytest.fixture(autouse=True)
def small_slices(monkeypatch):
    """Let ten rows be a slice, in place of ten thousand."""
    monkeypatch.setattr("importers.reading._text_files.BLOCK_ROWS", SLICE + 1)


@pytest.fixture
def between_slices(monkeypatch):
    """Return a function that lets something happen once, when slices of an import have been dealt with.

    An import reads one slice ahead, a check none: ``read`` is how many slices were read by then.
    """

    def arrange(happening: Callable[[], None], read: int = 2) -> None:
        left = [happening]

        def read_slices(*arguments: Any, **options: Any):
            for number, slice_ in enumerate(real(*arguments, **options), 1):
                yield slice_
                if left and number == read:
                    left.pop()()

        real = runner.read_slices
        for module in (runner, _whole_imports):
            monkeypatch.setattr(module, "read_slices", read_slices)

    return arrange


def checked(owner: Actor, content: str = MANY, mode: str = "") -> ImportBatch:
    batch = bring(content, actor=owner)
    if mode:
        choose(batch, ColumnChoice({"code": "code", "name": "name"}, mode=mode), owner)
    work()
    return batch


def job_of(batch: ImportBatch, owner: Actor) -> Job:
    with reading(WORKER) as session:
        return session.get_one(Job, now(batch, owner).job_id)


def refusals() -> list[tuple[str, str, str]]:
    with reading(WORKER) as session:
        found = session.scalars(select(Event).where(Event.action == "job.refused").order_by(Event.id)).all()
        return [(one.source, str(one.data["owner"]), str(one.data["reason"])) for one in found]


@every_loss
def test_an_import_stops_within_a_slice_when_its_owner_loses_the_right(database, between_slices, owner, loss, code):
    batch = checked(owner)
    act(start_import, batch, owner)
    between_slices(loss)

    work()

    job, stopped = job_of(batch, owner), now(batch, owner)
    assert (job.status, count(Customer), stopped.created_count) == (JobStatus.FAILED, SLICE, SLICE)
    assert owner.person.split("@")[0] in (job.error or "")
    assert (stopped.status, stopped.finished_at is not None) == (ImportStatus.CANCELLED, True)  # it may go on
    assert refusals() == [("job", owner.name, code)]


@every_loss
def test_a_job_that_waits_is_judged_when_it_starts(database, owner, loss, code):
    batch = checked(owner, "code,name\nC1,a\n")
    act(start_import, batch, owner)
    loss()

    work()

    assert (job_of(batch, owner).status, count(Customer)) == (JobStatus.FAILED, 0)
    assert refusals() == [("job", owner.name, code)]


def test_an_import_in_one_piece_stores_nothing_when_its_owner_is_locked(database, between_slices):
    batch = checked(WEI, mode=ALL_OR_NOTHING)
    act(start_import, batch)
    between_slices(user_of(WEI, status="locked"))

    work()

    assert (job_of(batch, WEI).status, count(Customer)) == (JobStatus.FAILED, 0)


def test_a_check_stops_when_its_owner_is_locked(database, between_slices):
    batch = checked(WEI)
    act(start_check, batch)
    between_slices(user_of(WEI, status="locked"), read=1)

    work()

    assert (job_of(batch, WEI).status, now(batch).checked) == (JobStatus.FAILED, None)


def test_with_another_role_that_still_permits_it_an_import_goes_on_in_that_role(database, between_slices, monkeypatch):
    roles: list[str] = []

    def save_slice(session, *arguments):
        roles.append(session.info["actor"].role.value)
        return real(session, *arguments)

    real = runner.save_slice
    batch = checked(WEI)
    act(start_import, batch)
    between_slices(user_of(WEI, role=Role.OPERATIONS.value))
    monkeypatch.setattr("importers.runs.runner.save_slice", save_slice)

    work()

    done = now(batch)
    assert (job_of(batch, WEI).status, done.status) == (JobStatus.DONE, ImportStatus.APPLIED)
    assert (count(Customer), done.created_count, done.row_count) == (ROWS, ROWS, ROWS)
    assert roles == ["sales", "sales", "operations"]  # what was saved with the old one was rolled back


def test_an_import_that_stopped_goes_on_when_the_owner_may_again(database, between_slices):
    batch = checked(WEI)
    act(start_import, batch)
    between_slices(user_of(WEI, status="locked"))
    work()
    user_of(WEI, status="active")()

    act(continue_import, batch)
    work()

    assert (now(batch).status, now(batch).created_count, count(Customer)) == (ImportStatus.APPLIED, ROWS, ROWS)


@pytest.mark.parametrize(("role", "status"), [(Role.SALES, JobStatus.DONE), (Role.FINANCE, JobStatus.FAILED)])
def test_a_job_from_before_the_upgrade_runs_with_the_rights_of_now_and_not_with_those_it_states(database, role, status):
    batch = checked(WEI, "code,name\nC1,a\n")
    job_id = act(start_import, batch).job_id
    before = {"role": "administrator", "person": WEI.person, "partner_path": "", "language": "en"}
    change(Job, job_id, on_behalf=before | {"name": WEI.name, "user_id": WEI.user_id, "partner_id": None})()
    user_of(WEI, role=role.value)()

    work()

    assert (job_of(batch, WEI).status, count(Customer)) == (status, int(status == JobStatus.DONE))


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "erp", "user_id": None, "partner_id": None, "system": None},
        {"name": "x", "user_id": 999, "partner_id": None, "system": None},
        {"name": "x", "user_id": 999, "partner_id": None, "system": "worker"},
        {"role": "administrator", "name": "x", "person": "x"},
        {},
    ],
)
def test_a_job_of_nobody_does_not_run(database, facts):
    batch = checked(WEI, "code,name\nC1,a\n")
    job_id = act(start_import, batch).job_id
    change(Job, job_id, on_behalf=facts)()

    work()

    assert (job_of(batch, WEI).status, count(Customer)) == (JobStatus.FAILED, 0)


def test_without_a_way_to_look_owners_up_nothing_runs(database, monkeypatch):
    batch = checked(WEI, "code,name\nC1,a\n")
    act(start_import, batch)
    monkeypatch.setattr("core.jobs.queueing._owner_lookup", [])

    work()

    assert (job_of(batch, WEI).status, count(Customer)) == (JobStatus.FAILED, 0)


def test_a_job_keeps_whose_it_is_and_nothing_of_what_they_may_do(database):
    bring("code,name\nC1,a\n", actor=HUADONG_CLERK)

    with reading(WORKER) as session:
        facts = session.scalars(select(Job.on_behalf)).one()
        counted = session.scalar(select(func.count()).select_from(Job))

    assert counted == 1
    assert facts == {
        "name": HUADONG_CLERK.name, "user_id": HUADONG_CLERK.user_id, "token_id": None, "partner_id": HUADONG,
        "system": None,
    }  # fmt: skip


def test_whose_file_went_to_a_colleague_because_they_left_reads_that_they_left(database, between_slices):
    batch = checked(WEI)
    act(start_import, batch)

    def leave() -> None:
        LOSSES["left"][1]()
        change(ImportBatch, batch.id, person=LING.person)()

    between_slices(leave)

    work()

    assert refusals() == [("job", WEI.name, "jobs.owner_left")]
    assert count(Customer) == SLICE
