"""Liveness and readiness probes, for load balancers and process supervisors.

Probes need no thread that requests could have taken, and however many probes arrive, the database is queried at most
once a second.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy import Engine, func, select

from core.access import WORKER
from core.clock import now
from core.database.disk_space import recent_write_problem
from core.database.errors import expected_errors
from core.database.sessions import engine_in_use, reading
from core.errors import DomainError, Unavailable
from core.jobs.clock_guard import is_clock_trusted
from core.jobs.rows import Job, JobStatus
from core.schema.versions import schema_state
from core.settings import settings

JOBS_LATE = timedelta(minutes=5)
READY_CACHE_S = 1.0
READY_WAIT_S = 1.5
"""How long ``/readyz`` waits for the database: probes of an orchestrator time out soon after."""
NO_STORE = {"Cache-Control": "no-store"}


class Everyone:
    """The policy of a public route."""

    policy = "public"

    async def __call__(self) -> None:
        """Let the request go on, without a thread for it."""


router = APIRouter(include_in_schema=False, dependencies=[Depends(Everyone())])
_current: WeakSet[Engine] = WeakSet()  # a schema that is current stays so while this code runs


@dataclass(slots=True)
class _Probe:
    """One readiness check of a database: running, or its result and when it ended, in monotonic seconds."""

    task: asyncio.Task[dict[str, Any]]
    found_at: float = 0.0


_probes: WeakKeyDictionary[Engine, _Probe] = WeakKeyDictionary()


@router.get("/healthz")
async def healthz() -> JSONResponse:
    """Answer that the process is alive; queries nothing and waits for no thread."""
    return JSONResponse({"status": "ok"}, headers=NO_STORE)


@router.get("/readyz")
async def readyz() -> JSONResponse:
    """Answer whether the database can be reached and has the shape of this code, whether there is room on the disk, how
    far behind jobs are, and whether jobs that act on dates wait because the clock jumped.

    Neither of the last two makes a process unready: pages and API go on. A database that does not answer within
    ``READY_WAIT_S`` does. The answer may be ``READY_CACHE_S`` old; only "ready" is cached.
    """
    engine = engine_in_use()
    probe = _probes.get(engine)
    if probe is None or _is_over(probe):
        probe = _probes[engine] = _Probe(asyncio.create_task(to_thread.run_sync(readiness, limiter=CapacityLimiter(1))))
        probe.task.add_done_callback(lambda _: setattr(probe, "found_at", time.monotonic()))
    if not probe.task.done():
        await asyncio.wait({probe.task}, timeout=READY_WAIT_S)
    facts = probe.task.result() if probe.task.done() else _unready(database="slow")
    return JSONResponse(facts, 200 if facts["status"] == "ready" else 503, headers=NO_STORE)


def _is_over(probe: _Probe) -> bool:
    if not probe.task.done():
        return probe.task.get_loop() is not asyncio.get_running_loop()
    if probe.task.cancelled() or probe.task.exception() is not None or probe.task.result()["status"] != "ready":
        return True
    return time.monotonic() > probe.found_at + READY_CACHE_S


def readiness() -> dict[str, Any]:
    """Return the facts of ``readyz``, read from the database and the disk."""
    try:
        with expected_errors():
            schema = schema_of_database()
            lag_s = job_lag_s() if schema == "current" else 0
            is_trusted = clock_is_trusted() if schema == "current" else True
    except DomainError as error:
        return _unready(database=error.code.removeprefix("database."))
    problems = [problem for folder in settings().folders if (problem := recent_write_problem(folder))]
    if problems:
        return _unready(disk="full" if isinstance(problems[0], Unavailable) else "not writable")
    return {
        "status": "ready" if schema == "current" else "unready",
        "database": "ok",
        "schema": schema,
        "jobs": "late" if lag_s > JOBS_LATE.total_seconds() else "ok",
        "job_lag_s": lag_s,
        "clock": "ok" if is_trusted else "in doubt",
    }


def _unready(**why: str) -> dict[str, Any]:
    return {"status": "unready", **why}


def schema_of_database() -> str:
    """Return the state of the database's schema, see ``core.schema.versions.schema_state``."""
    engine = engine_in_use()
    if engine in _current:
        return "current"
    state = schema_state(engine)
    if state == "current":
        _current.add(engine)
    return state


def clock_is_trusted() -> bool:
    """Return whether jobs that act on dates may run, see ``core.jobs.clock_guard``."""
    with reading(WORKER) as session:
        return is_clock_trusted(session)


def job_lag_s() -> int:
    """Return for how many seconds the job that waits longest could have run."""
    waiting = select(func.min(Job.due_at)).where(Job.status == JobStatus.WAITING)
    with reading(WORKER) as session:
        due_at = session.scalar(waiting)
    return max(0, int((now() - due_at).total_seconds())) if due_at else 0
