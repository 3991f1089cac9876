"""State of the scheduled backups: from their files, and from the jobs that make, copy and prove them.

There is no record of its own: a file that is there says more than a note of it, and a job keeps its end and its
sentence for longer than the week between two drills. So nothing can disagree, and the age is known without a database.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import actor_of
from core.jobs.rows import Job, JobStatus
from core.permissions import Permission
from services.backups.schedule import ScheduledFile, backups_folder, scheduled_files

MAKE, COPY, PROVE, WATCH = "backups.make", "backups.copy", "backups.prove", "backups.watch"
"""Names of the jobs."""
LATE = timedelta(days=2)
"""Age from which on the last backup is late."""
PROOF_LATE = timedelta(days=15)
"""Age of the last proof at which two drills were missed."""
MAKING_MAX = timedelta(days=1)
"""How long a backup may be waited for that is being made."""
_OPEN = (JobStatus.WAITING.value, JobStatus.RUNNING.value)
_ENDED = (JobStatus.DONE.value, JobStatus.FAILED.value)


class Outcome(NamedTuple):
    """End of a job.

    Attributes:
        file: Name of the backup it was about; "" for none.
        problem: Sentence, "" if it went well.
    """

    at: datetime
    file: str
    problem: str


class BackupStatus(NamedTuple):
    """State of the scheduled backups.

    Attributes:
        last: The newest one. file_count: how many there are.
        attempt, copy, proof: How the last backup, copy and drill ended; None before the first.
        is_late: Whether a person must be warned: there has been none for ``LATE``.
    """

    last: ScheduledFile | None
    file_count: int
    attempt: Outcome | None
    copy: Outcome | None
    proof: Outcome | None
    is_late: bool


def backup_status(session: Session) -> BackupStatus:
    """Return the state of the scheduled backups.

    Raises:
        NotPermitted: ``access.denied``.
    """
    actor_of(session).require(Permission.SYSTEM_OPERATE)
    files = scheduled_files(backups_folder())
    last = files[-1] if files else None
    attempt, copy, proof = (_last_outcome(session, name) for name in (MAKE, COPY, PROVE))
    return BackupStatus(last, len(files), attempt, copy, proof, _is_late(session, last))


def backup_age_h(last: ScheduledFile | None) -> float | None:
    """Return the age of a backup in hours, to a tenth; None without one."""
    return None if last is None else round(max(timedelta(0), now() - last.made_at) / timedelta(hours=1), 1)


def _last_outcome(session: Session, name: str) -> Outcome | None:
    ended = select(Job).where(Job.name == name, Job.status.in_(_ENDED)).order_by(Job.finished_at.desc(), Job.id.desc())
    job = session.scalars(ended.limit(1)).first()
    if job is None or job.finished_at is None:
        return None
    problem = (job.error or "") if job.status == JobStatus.FAILED else ""
    return Outcome(job.finished_at, file_of(job), problem)


def file_of(job: Job) -> str:
    """Return the name of the backup that a job is about; "" for none."""
    return str(job.state.get("file") or job.arguments.get("file") or "")


def _is_late(session: Session, last: ScheduledFile | None) -> bool:
    """Return whether there has been no backup for ``LATE``; one that is being made is waited for, but not for ever.

    Where there is none yet, that counts from the first attempt.
    """
    open_at = func.min(Job.created_at).filter(Job.status.in_(_OPEN)).label("open_at")
    query = select(func.min(Job.created_at).label("first_at"), open_at).where(Job.name == MAKE)
    oldest: Any = session.execute(query).one()
    since = last.made_at if last is not None else oldest.first_at
    is_being_made = oldest.open_at is not None and now() - oldest.open_at < MAKING_MAX
    return since is not None and now() - since > LATE and not is_being_made
