"""Stopping jobs and letting them go on: for who may do what the job does, recorded under who did it."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

import jobs  # noqa: F401  (registers every job)
from core.access import WORKER, Actor
from core.clock import freeze
from core.database.sessions import reading, transact, unit_of_work
from core.errors import DomainError
from core.events.log import Event
from core.jobs.queueing import enqueue
from core.jobs.rows import Job, JobStatus
from core.permissions import Permission, Role
from models.accounts.users import User
from models.imports import ImportBatch, ImportStatus
from services.accounts.administration import reset_password
from services.accounts.own_account import reauthenticate
from services.accounts.sessions import AUTHENTICATION, FRESH, ReauthenticationNeeded, find_session_user
from services.imports.batches import continue_import
from services.jobs.control import may_retry, may_stop, retry_job, stop_job
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, HUADONG_CLERK, HUADONG_OWNER, LING, MEI, WEI
from tests.services.accounts.support import NOON, PASSWORD

HR = Actor("hr@example.com", Role.HR, "hr@example.com", 101, language="en")
IT = Actor("it@example.com", Role.IT, "it@example.com", 102, language="en")
DENIED, UNSEEN, OWNER_ONLY, OK = "access.denied", "jobs.not_found", "jobs.owner_only", ""

WHO_MAY = [
    # what the job imports, its owner, who acts, what stopping it gives, what retrying it gives
    ("customers", WEI, WEI, OK, OK),
    ("customers", WEI, ADMIN, OK, OK),
    ("customers", WEI, LING, OK, OK),
    ("customers", WEI, IT, DENIED, DENIED),
    ("customers", WEI, MEI, UNSEEN, UNSEEN),
    ("customers", WEI, HR, UNSEEN, UNSEEN),
    ("customers", WEI, HUADONG_OWNER, UNSEEN, UNSEEN),
    ("customers", HUADONG_CLERK, HUADONG_CLERK, OK, OK),
    ("customers", HUADONG_CLERK, HUADONG_OWNER, UNSEEN, UNSEEN),
    ("products", ADMIN, LING, DENIED, DENIED),
    ("users", HR, HR, OK, OK),
    ("users", HR, ADMIN, OK, OWNER_ONLY),
    ("users", HR, IT, OK, OWNER_ONLY),
    ("users", HR, LING, DENIED, DENIED),
    ("users", HR, WEI, UNSEEN, UNSEEN),
]
each = pytest.mark.parametrize(
    ("resource", "owner", "actor", "stopping", "retrying"),
    WHO_MAY,
    ids=[f"{resource} of {owner.name}: {actor.name}" for resource, owner, actor, _s, _r in WHO_MAY],
)


@pytest.fixture(autouse=True)
def staff(database):
    with unit_of_work(ADMIN) as session:
        for actor in (HR, IT):
            facts = {"email": actor.person, "name": actor.name, "role": actor.role.value}
            session.add(User(id=actor.user_id, status="active", language="en", **facts))


@dataclass
class Begun:
    """An import and its job."""

    batch_id: int
    job_id: int


def begun(resource: str, owner: Actor, status: JobStatus) -> Begun:
    """Return an import whose job is in this state."""
    with unit_of_work(owner) as session:
        batch = ImportBatch(
            resource=resource, person=owner.person, file_name="a.csv", sha256="0", status=ImportStatus.CANCELLED.value
        )
        session.add(batch)
        session.flush()
        job = enqueue(session, "imports.apply", batch_id=batch.id)
        job.status, batch.job_id = status.value, job.id
        if status != JobStatus.WAITING:
            job.finished_at = NOON
        return Begun(batch.id, job.id)


def refusal(actor: Actor, function, *arguments) -> str:
    """Return with which code a service refuses; "" if it does not."""
    try:
        transact(actor, lambda session: function(session, *arguments))
    except DomainError as error:
        return error.code
    return ""


def stored(job_id: int) -> tuple[str, bool]:
    with reading(WORKER) as session:
        row = session.get_one(Job, job_id)
        return row.status, row.cancel_asked


def recorded() -> list[tuple[str, str, str, str]]:
    actions = ("job.stopped", "job.retried", "import.continued")
    with reading(WORKER) as session:
        found = session.scalars(select(Event).where(Event.action.in_(actions)).order_by(Event.id)).all()
        return [(one.action, one.person, one.subject_key, str(one.data.get("owner", ""))) for one in found]


@each
def test_who_may_stop_a_job(resource, owner, actor, stopping, retrying):
    job = begun(resource, owner, JobStatus.WAITING)

    assert refusal(actor, stop_job, job.job_id) == stopping

    if stopping:
        assert (stored(job.job_id), recorded()) == ((JobStatus.WAITING, False), [])
    else:
        assert stored(job.job_id) == (JobStatus.CANCELLED, True)
        assert recorded() == [("job.stopped", actor.person, str(job.job_id), owner.name)]


@each
def test_who_may_let_a_job_go_on(resource, owner, actor, stopping, retrying):
    job = begun(resource, owner, JobStatus.FAILED)

    assert refusal(actor, retry_job, job.job_id) == retrying

    if retrying:
        assert (stored(job.job_id), recorded()) == ((JobStatus.FAILED, False), [])
    else:
        assert stored(job.job_id) == (JobStatus.WAITING, False)
        assert recorded() == [("job.retried", actor.person, str(job.job_id), owner.name)]
        with reading(WORKER) as session:
            row = session.get_one(Job, job.job_id)
        assert (row.person, row.on_behalf["user_id"]) == (owner.person, owner.user_id)


@each
def test_only_whose_import_it_is_lets_the_import_go_on(resource, owner, actor, stopping, retrying):
    job = begun(resource, owner, JobStatus.CANCELLED)
    permission = {
        "customers": Permission.CUSTOMER_EDIT,
        "products": Permission.PRODUCT_EDIT,
        "users": Permission.USER_EDIT,
    }[resource]

    code = refusal(actor, continue_import, permission, job.batch_id)

    if actor == owner:
        assert (code, recorded()) == ("", [("import.continued", owner.person, str(job.batch_id), "")])
    else:
        assert (code in {"imports.not_found", DENIED}, recorded()) == (True, [])


@each
def test_buttons_are_shown_to_who_may(resource, owner, actor, stopping, retrying):
    job = begun(resource, owner, JobStatus.FAILED)
    with reading(actor) as session:
        row = session.scalar(select(Job).where(Job.id == job.job_id))
        seen = row and (may_stop(session, row), may_retry(session, row))

    assert seen == (None if stopping == UNSEEN else (stopping == OK, retrying == OK))


def test_ones_own_job_needs_the_right_of_now():
    job = begun("customers", WEI, JobStatus.FAILED)
    demoted = Actor(WEI.name, Role.FINANCE, WEI.person, WEI.user_id, language="en")

    assert [refusal(demoted, service, job.job_id) for service in (stop_job, retry_job)] == [DENIED, DENIED]
    assert stored(job.job_id) == (JobStatus.FAILED, False)


@pytest.mark.parametrize("values", [{"status": "locked"}, {"role": Role.FINANCE.value}])
def test_a_job_whose_owner_may_not_do_it_any_more_says_so_and_does_not_go_on(values):
    job = begun("customers", WEI, JobStatus.FAILED)
    with unit_of_work(ADMIN) as session:
        session.execute(update(User).where(User.id == WEI.user_id).values(values))

    assert refusal(LING, retry_job, job.job_id) == "jobs.owner_refused"
    assert (stored(job.job_id), recorded()) == ((JobStatus.FAILED, False), [])


def test_what_gives_rights_goes_on_only_for_an_owner_who_has_just_proved_to_be_there(monkeypatch):
    monkeypatch.setattr("services.accounts.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    job = begun("users", ADMIN, JobStatus.FAILED)
    with freeze(NOON):
        transact(ADMIN, lambda session: reset_password(session, ADMIN.person, PASSWORD))
        token = session_of(ADMIN)

    def session_user():
        with reading(AUTHENTICATION) as session:
            return find_session_user(session, token)

    with freeze(NOON + FRESH + timedelta(seconds=1)):
        with pytest.raises(ReauthenticationNeeded):
            transact(session_user().actor, lambda session: retry_job(session, job.job_id))
        assert stored(job.job_id) == (JobStatus.FAILED, False)
        reauthenticate(session_user(), PASSWORD)
        transact(session_user().actor, lambda session: retry_job(session, job.job_id))
    assert stored(job.job_id) == (JobStatus.WAITING, False)
