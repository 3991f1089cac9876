"""Jobs as rows: their states, whose they are, and in which lane they run."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ColumnElement, Index, String, Text, and_
from sqlalchemy.orm import Mapped, mapped_column

from core.access import WORKER, Actor, command_line
from core.clock import now
from core.database.columns import Id, code_text
from core.database.sessions import EVERYONE, Base
from core.i18n import N_
from core.permissions import Permission

SEE_ALL = {"see_all": "a worker sees the row of its job, regardless of the job's owner", "synchronize_session": False}


class JobStatus(StrEnum):
    """State of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Lane(StrEnum):
    """Queue of its own, with a thread of its own in each worker, so that no job waits behind those of another lane."""

    INTERACTIVE = "interactive"
    """Seconds at most: somebody may be waiting for it."""
    IMPORT = "import"
    """Files of any size; a person's run one at a time."""
    DELIVERY = "delivery"
    """What leaves over the network, and waits for others to answer."""
    NIGHT = "night"
    """Upkeep that nobody waits for; one job at a time."""


ONE_AT_A_TIME = (Lane.IMPORT.value, Lane.NIGHT.value)
"""Lanes of which one person's jobs run one at a time, however many workers there are."""

STATUS_LABELS: dict[StrEnum, tuple[str, str]] = {
    JobStatus.WAITING: (N_("Waiting"), "draft"),
    JobStatus.RUNNING: (N_("Running"), "progress"),
    JobStatus.DONE: (N_("Done"), "approved"),
    JobStatus.FAILED: (N_("Failed"), "rejected"),
    JobStatus.CANCELLED: (N_("Cancelled"), "done"),
}


class Job(Base):
    """One piece of work.

    Attributes:
        arguments: Keyword arguments of the function: JSON, ids and not objects.
        on_behalf: Whose job it is, see ``owner_facts``; what the owner may do is looked up when it runs.
        person: ``Actor.owner`` of the owner.
        due_at: Not before. lease_until: while it runs, until when its worker must have renewed.
        worker: Host and process that runs it.
        lane: See ``Lane``; of its kind when it was added.
        attempts: Claims since the job last advanced.
        state: Last checkpoint, the function's own. done_count, total_count: progress; total None = unknown.
        advanced_count: Largest ``done_count`` of any attempt.
        dedupe: Unique text of work that must exist once, e.g. one run of a schedule.
        error: Sentence for people. reference: number to find the details in the log.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_status_due_at", "status", "due_at"),
        Index("ix_jobs_person_status", "person", "status"),
        Index("ix_jobs_person_started_at", "person", "started_at"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(code_text(60))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    on_behalf: Mapped[dict[str, Any]] = mapped_column(JSON)
    person: Mapped[str] = mapped_column(code_text(200), default="")
    status: Mapped[str] = mapped_column(code_text(20), default=JobStatus.WAITING.value)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(200))
    lane: Mapped[str] = mapped_column(
        code_text(20), default=Lane.INTERACTIVE.value, server_default=Lane.INTERACTIVE.value
    )
    attempts: Mapped[int] = mapped_column(default=0)
    state: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    done_count: Mapped[int] = mapped_column(default=0)
    total_count: Mapped[int | None]
    advanced_count: Mapped[int] = mapped_column(default=0, server_default="0")
    dedupe: Mapped[str | None] = mapped_column(code_text(200), unique=True)
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: with the permission all jobs, else the user's own."""
        return EVERYONE if actor.can(Permission.JOB_VIEW) else and_(cls.person == actor.owner, cls.person != "")


def owner_facts(actor: Actor) -> dict[str, Any]:
    """Return whose job it is: the number of an account, or the program itself; never what the owner may do.

    Returns:
        ``name``: for showing only; ``user_id``: row in ``users``, or None; ``token_id``: row in ``api_tokens``, or
        None; ``partner_id``: partner the person worked
        for, since the job is for it; ``system``: for a program of this installation its name, else None.
    """
    return {
        "name": actor.name,
        "user_id": actor.user_id,
        "token_id": actor.token_id,
        "partner_id": actor.partner_id,
        "system": _system_name(actor),
    }


def system_actor(name: str) -> Actor | None:
    """Return the program of this installation that ``owner_facts`` calls ``name``."""
    return {"worker": WORKER, "command line": command_line()}.get(name)


def _system_name(actor: Actor) -> str | None:
    if actor.user_id is not None or actor.token_id is not None:
        return None
    return next((name for name in ("worker", "command line") if _is_system(actor, name)), None)


def _is_system(actor: Actor, name: str) -> bool:
    known = system_actor(name)
    return known is not None and (actor.name, actor.person, actor.role) == (known.name, known.person, known.role)
