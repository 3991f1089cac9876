"""Which job comes next: nobody is stuck behind somebody else, and what kills its worker is not taken for ever."""

import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update

import jobs as every_job  # noqa: F401  (registers who owns a job)
from core import clock
from core.access import WORKER, Actor
from core.clock import now
from core.database.sessions import reading, unit_of_work
from core.errors import Conflict
from core.jobs.queueing import JOBS_PER_PERSON_MAX, LIGHT_WEIGHT_MAX, enqueue, job, retry
from core.jobs.rows import Job, JobStatus, Lane
from core.jobs.schedule import release_dead_workers
from core.jobs.worker import JobRun, run_next
from core.permissions import Permission
from core.process.pids import ACCESS_DENIED, STILL_ACTIVE, _is_alive_on_windows, is_alive
from tests.conftest import LING, WEI
from tests.support.source import ROOT

HEAVY = LIGHT_WEIGHT_MAX + 1
DIES = """
import os, sys
import jobs, models
from core.access import Permission
from core.database.sessions import connect
from core.jobs.queueing import job
from core.jobs.worker import run_next

job("t.dies", needs=Permission.CUSTOMER_EDIT, attempts_max=2)(lambda run: os._exit(7))
for line in sys.stdin:  # each line: a process that takes a job, and the status it ends with
    if not (child := os.fork()):
        connect(sys.argv[1])
        run_next()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.jobs.queueing._registry", {})


def add(name: str, actor: Actor = WEI, *, weight: int = 0, **arguments: object) -> int:
    with unit_of_work(actor) as session:
        return enqueue(session, name, weight=weight, **arguments).id


def stored(job_id: int) -> Job:
    with reading(WORKER) as session:
        return session.get_one(Job, job_id)


def register(name: str, function, **options) -> None:
    job(name, needs=Permission.CUSTOMER_EDIT, **options)(function)


def test_a_job_that_kills_its_process_fails_after_as_many_deaths_as_it_has_attempts(database: Engine):
    ran: list[int] = []
    register("t.dies", lambda run: ran.append(run.job_id), attempts_max=2)
    job_id = add("t.dies")
    command = [sys.executable, "-c", DIES, database.url.render_as_string(hide_password=False)]

    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdin is not None and parent.stdout is not None
        for attempts in (1, 2):
            parent.stdin.write("take\n")
            parent.stdin.flush()
            assert parent.stdout.readline() == "7\n"
            assert (stored(job_id).status, stored(job_id).attempts) == (JobStatus.RUNNING, attempts)
            assert release_dead_workers() == 1
    assert run_next()

    failed = stored(job_id)
    assert (failed.status, failed.attempts, ran) == (JobStatus.FAILED, 2, [])
    assert "2" in (failed.error or "")
    assert (failed.reference, failed.lease_until) == (f"job-{job_id}", None)
    assert not run_next()


def die_at_each(counts: list[int], seen: list[int]):
    """Return a job that checkpoints the next count and loses its process then."""

    def function(run: JobRun) -> None:
        if len(seen) < len(counts):
            seen.append(counts[len(seen)])
            with unit_of_work(run.actor) as session:
                run.checkpoint(session, {"at": seen[-1]}, done_count=seen[-1])
            raise SystemExit

    return function


def take_over_until_ended(job_id: int) -> None:
    at = now()
    for turn in range(20):
        with clock.freeze(at + timedelta(minutes=2 * turn)):
            try:
                run_next(f"here:{turn}:1")
            except SystemExit:
                continue
        if stored(job_id).finished_at is not None:
            return


def test_a_job_that_advances_between_deaths_goes_on(database):
    seen: list[int] = []
    register("t.steps", die_at_each([1, 2, 3, 4, 5], seen), attempts_max=2)
    job_id = add("t.steps")

    take_over_until_ended(job_id)

    assert (stored(job_id).status, seen) == (JobStatus.DONE, [1, 2, 3, 4, 5])


def test_a_job_that_dies_at_the_same_place_again_does_not(database):
    seen: list[int] = []
    register("t.steps", die_at_each([3, 1, 3, 2, 3], seen), attempts_max=2)
    job_id = add("t.steps")

    take_over_until_ended(job_id)

    assert (stored(job_id).status, seen) == (JobStatus.FAILED, [3, 1])


def test_people_take_turns_however_much_one_of_them_asks_for(database):
    seen: list[tuple[str, int]] = []
    register("t.note", lambda run, number: seen.append((run.actor.person, number)))
    for number in range(3):
        add("t.note", WEI, number=number)
    add("t.note", LING, number=9)

    while run_next():
        pass

    assert seen == [(WEI.person, 0), (LING.person, 9), (WEI.person, 1), (WEI.person, 2)]


def test_a_light_file_is_not_stuck_behind_heavy_ones(database):
    ran: list[str] = []
    taken_meanwhile: list[bool] = []

    def heavy(run: JobRun) -> None:
        if not taken_meanwhile:
            taken_meanwhile.extend(run_next("quick:1:1", lane=Lane.INTERACTIVE) for _ in range(2))
        ran.append("heavy")

    register("t.file", heavy, lane=Lane.IMPORT)
    register("t.light", lambda run: ran.append("light"), lane=Lane.IMPORT)
    for _ in range(3):
        add("t.file", WEI, weight=HEAVY)
    add("t.light", LING, weight=LIGHT_WEIGHT_MAX)

    assert run_next("import:1:1", lane=Lane.IMPORT)

    assert (taken_meanwhile, ran) == ([True, False], ["light", "heavy"])


def test_a_persons_heavy_jobs_run_one_at_a_time_and_others_run_beside_them(database):
    ran: list[str] = []

    def heavy(run: JobRun) -> None:
        ran.append(run.actor.person)
        if len(ran) == 1:
            assert [run_next("second:1:1"), run_next("third:1:1")] == [True, False]

    register("t.heavy", heavy, lane=Lane.IMPORT)
    for actor in (WEI, WEI, LING):
        add("t.heavy", actor, weight=HEAVY)

    assert run_next("first:1:1")
    assert ran == [WEI.person, LING.person]
    assert run_next("first:1:1")
    assert ran == [WEI.person, LING.person, WEI.person]


def test_many_workers_run_each_heavy_job_once_and_never_two_of_one_person(database):
    guard, running, most, seen = threading.Lock(), dict.fromkeys((WEI.person, LING.person), 0), [0], []

    def heavy(run: JobRun, number: int) -> None:
        with guard:
            seen.append(number)
            running[run.actor.person] += 1
            most[0] = max(most[0], running[run.actor.person])
        with unit_of_work(run.actor) as session:
            run.checkpoint(session, {}, done_count=1)
        with guard:
            running[run.actor.person] -= 1

    register("t.heavy", heavy, lane=Lane.IMPORT)
    for number in range(16):
        add("t.heavy", (WEI, LING)[number % 2], weight=HEAVY, number=number)

    def worker() -> None:
        while any(stored_status(number) == JobStatus.WAITING for number in ids):
            run_next()

    with reading(WORKER) as session:
        ids = list(session.scalars(select(Job.id)))

    def stored_status(number: int) -> str:
        return stored(number).status

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (sorted(seen), most) == (list(range(16)), [1])


def test_a_person_has_only_so_many_jobs_at_once_and_others_are_not_touched(database):
    register("t.note", lambda run: None)
    numbers = [add("t.note") for _ in range(JOBS_PER_PERSON_MAX)]

    with pytest.raises(Conflict) as refused:
        add("t.note")
    add("t.note", LING)
    with unit_of_work(WORKER) as session:
        session.execute(update(Job).where(Job.id == numbers[0]).values(status=JobStatus.CANCELLED))
    added = add("t.note")
    with pytest.raises(Conflict) as again, unit_of_work(WEI) as session:
        retry(session, numbers[0])

    assert (refused.value.code, again.value.code) == ("jobs.too_many", "jobs.too_many")
    assert stored(numbers[0]).status == JobStatus.CANCELLED
    assert added > numbers[-1]


class Kernel32:
    """The few calls of Windows that ``core.process.pids`` makes, for one process."""

    def __init__(self, *, handle: int, code: int = 0, error: int = 0) -> None:
        self.handle, self.code, self.error, self.closed = handle, code, error, 0

    def OpenProcess(self, _rights: int, _inherit: bool, _process_id: int) -> int:  # noqa: N802
        return self.handle

    def GetLastError(self) -> int:  # noqa: N802
        return self.error

    def GetExitCodeProcess(self, _handle: int, code) -> int:  # noqa: N802
        code._obj.value = self.code
        return 1

    def CloseHandle(self, _handle: int) -> None:  # noqa: N802
        self.closed += 1


@pytest.mark.parametrize(
    ("kernel32", "alive"),
    [
        (Kernel32(handle=5, code=STILL_ACTIVE), True),
        (Kernel32(handle=5, code=1), False),
        (Kernel32(handle=0, error=87), False),
        (Kernel32(handle=0, error=ACCESS_DENIED), True),
    ],
)
def test_on_windows_the_system_is_asked_for_the_exit_code(kernel32, alive):
    assert _is_alive_on_windows(kernel32, 1234) == alive
    assert kernel32.closed == bool(kernel32.handle)


def test_elsewhere_a_process_that_is_gone_is_told_from_one_that_runs():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert (is_alive(gone.pid), is_alive(1)) == (False, True)
