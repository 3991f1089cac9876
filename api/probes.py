"""Whether this process lives, and whether it can serve: for load balancers and the machine's own watch."""

from datetime import timedelta
from weakref import WeakSet

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError

from core.access import WORKER
from core.clock import now
from core.clock_guard import is_clock_trusted
from core.database import engine_in_use, reading
from core.jobs import Job, JobStatus
from core.schema import schema_state

JOBS_LATE = timedelta(minutes=5)
NO_STORE = {"Cache-Control": "no-store"}


class Everyone:
    """The policy of an address that anyone may ask."""

    policy = "public"

    def __call__(self) -> None:
        """Let the request go on."""


router = APIRouter(include_in_schema=False, dependencies=[Depends(Everyone())])
_current: WeakSet[Engine] = WeakSet()  # a schema that is current stays so while this code runs


@router.get("/healthz")
def healthz() -> JSONResponse:
    """Answer that the process lives; asks nobody."""
    return JSONResponse({"status": "ok"}, headers=NO_STORE)


@router.get("/readyz")
def readyz() -> JSONResponse:
    """Answer whether the database can be reached and has the shape of this code, how far behind jobs are, and
    whether jobs that act on dates wait because the clock jumped.

    Neither makes a process unready: pages and API go on.
    """
    try:
        schema = schema_of_database()
        lag_s = job_lag_s() if schema == "current" else 0
        is_trusted = clock_is_trusted() if schema == "current" else True
    except DBAPIError:
        return JSONResponse({"status": "unready", "database": "unreachable"}, 503, headers=NO_STORE)
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
