"""Whether this process lives, and whether it can serve: for load balancers and the machine's own watch."""

import asyncio
from datetime import timedelta
from weakref import WeakSet

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy import Engine, func, select

from core.access import WORKER
from core.clock import now
from core.clock_guard import is_clock_trusted
from core.database import engine_in_use, reading
from core.database_errors import expected_errors
from core.disk_space import recent_write_problem
from core.errors import Unavailable
from core.jobs import Job, JobStatus
from core.schema import schema_state
from core.settings import settings

JOBS_LATE = timedelta(minutes=5)
ANSWER_S_MAX = 1.5
"""How long ``/readyz`` waits for the database: whoever asks gives up soon after."""
NO_STORE = {"Cache-Control": "no-store"}


class Everyone:
    """The policy of an address that anyone may ask."""

    policy = "public"

    async def __call__(self) -> None:
        """Let the request go on, without a thread for it."""


router = APIRouter(include_in_schema=False, dependencies=[Depends(Everyone())])
_current: WeakSet[Engine] = WeakSet()  # a schema that is current stays so while this code runs


class Readiness:
    """Looks at the database: one at a time, in a thread of its own, shared by all requests that come meanwhile."""

    def __init__(self) -> None:
        self._look: asyncio.Task[JSONResponse] | None = None

    async def answer(self) -> JSONResponse:
        """Return what the look says that goes on or begins now; unready if it takes ``ANSWER_S_MAX`` seconds."""
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(to_thread.run_sync(_look, limiter=CapacityLimiter(1)))
        look = self._look
        await asyncio.wait({look}, timeout=ANSWER_S_MAX)
        return look.result() if look.done() else _unready(database="slow")


_readiness = Readiness()


@router.get("/healthz")
async def healthz() -> JSONResponse:
    """Answer that the process lives; asks nobody and waits for no thread."""
    return JSONResponse({"status": "ok"}, headers=NO_STORE)


@router.get("/readyz")
async def readyz() -> JSONResponse:
    """Answer whether the database can be reached and has the shape of this code, whether there is room on the disk, how
    far behind jobs are, and whether jobs that act on dates wait because the clock jumped.


    Neither of the last two makes a process unready: pages and API go on. A database that does not answer in time does.
    """
    return await _readiness.answer()


def _look() -> JSONResponse:
    try:
        with expected_errors():
            schema = schema_of_database()
            lag_s = job_lag_s() if schema == "current" else 0
            is_trusted = clock_is_trusted() if schema == "current" else True
    except Unavailable as error:
        return _unready(database=error.code.removeprefix("database."))
    problems = [problem for folder in settings().folders if (problem := recent_write_problem(folder))]
    if problems:
        return _unready(disk="full" if isinstance(problems[0], Unavailable) else "not writable")
    is_ready = schema == "current"
    facts = {
        "status": "ready" if is_ready else "unready",
        "database": "ok",
        "schema": schema,
        "jobs": "late" if lag_s > JOBS_LATE.total_seconds() else "ok",
        "job_lag_s": lag_s,
        "clock": "ok" if is_trusted else "in doubt",
    }
    return JSONResponse(facts, 200 if is_ready else 503, headers=NO_STORE)


def _unready(**why: str) -> JSONResponse:
    return JSONResponse({"status": "unready", **why}, 503, headers=NO_STORE)


def schema_of_database() -> str:
    """Return how the database stands to this code, see ``core.schema.schema_state``."""
    engine = engine_in_use()
    if engine in _current:
        return "current"
    state = schema_state(engine)
    if state == "current":
        _current.add(engine)
    return state


def clock_is_trusted() -> bool:
    """Return whether jobs that act on dates may run, see ``core.clock_guard``."""
    with reading(WORKER) as session:
        return is_clock_trusted(session)


def job_lag_s() -> int:
    """Return for how many seconds the job that waits longest could have run."""
    waiting = select(func.min(Job.due_at)).where(Job.status == JobStatus.WAITING)
    with reading(WORKER) as session:
        due_at = session.scalar(waiting)
    return max(0, int((now() - due_at).total_seconds())) if due_at else 0
