"""Backups that make themselves, prove themselves, and are missed when they are not there."""

from pathlib import Path

from sqlalchemy.orm import Session

from core.database.disk_space import essential_writes
from core.database.sessions import reading, unit_of_work
from core.errors import InvalidInput
from core.i18n import N_
from core.jobs.queueing import enqueue, job
from core.jobs.rows import Job, JobStatus, Lane
from core.jobs.worker import JobRun
from core.permissions import Permission
from core.settings import settings
from services.backups.drill import prove_backup
from services.backups.schedule import (
    backups_folder,
    copy_backup,
    make_scheduled_backup,
    passphrase,
    remove_old_backups,
    scheduled_files,
)
from services.backups.status import COPY, MAKE, PROVE, WATCH, backup_status, file_of
from services.installation.checks import OF_NOW, broken_invariants
from services.notifications.backups import end_late, notify_late, notify_not_copied, notify_not_proven


@job(MAKE, label=N_("Nightly backup"), needs=Permission.SYSTEM_OPERATE, lane=Lane.NIGHT)
@essential_writes()
def make(run: JobRun) -> None:
    """Make the backup of the night, then remove old ones. Safe to repeat: one that is there is not made again."""
    name = str(run.state.get("file", ""))
    if not name:
        name = Path(make_scheduled_backup(run.actor).file).name
        with unit_of_work(run.actor) as session:
            run.checkpoint(session, {"file": name}, done_count=1, total_count=1)
            end_late(session)
            if settings().backup_copy:
                enqueue(session, COPY, file=name)
    remove_old_backups(run.actor, backups_folder(), name)


def end_copy(session: Session, ended: Job) -> None:
    """Tell people that a copy failed for good."""
    if ended.status == JobStatus.FAILED:
        notify_not_copied(session, file_of(ended), ended.error or "")


@job(
    COPY,
    label=N_("Copy of a backup to the second place"),
    needs=Permission.SYSTEM_OPERATE,
    lane=Lane.DELIVERY,
    on_end=end_copy,
)
def copy(run: JobRun, file: str) -> None:
    """Copy a backup to the second place. Safe to repeat; a lane of its own, as a share may let it wait."""
    copy_backup(run.actor, file)


def end_proof(session: Session, ended: Job) -> None:
    """Tell people that a backup was not proven."""
    if ended.status == JobStatus.FAILED:
        notify_not_proven(session, file_of(ended), ended.error or "")


def has_backup(_session: Session) -> bool:
    """Return whether there is a backup to be proven."""
    return bool(scheduled_files(backups_folder()))


@job(PROVE, label=N_("Drill: restoring a backup"), needs=Permission.SYSTEM_OPERATE, lane=Lane.NIGHT, on_end=end_proof)
def prove(run: JobRun) -> None:
    """Restore the newest backup into a scratch database and check it. Safe to repeat.

    Raises:
        InvalidInput: ``backups.none``, or as ``prove_backup``.
    """
    files = scheduled_files(backups_folder())
    if not files:
        raise InvalidInput("backups.none", N_("There is no backup that could be restored in a drill."))
    newest = files[-1].path
    with unit_of_work(run.actor) as session:
        run.checkpoint(session, {"file": newest.name}, done_count=0)
    proof = prove_backup(run.actor, newest, passphrase(), lambda session: broken_invariants(session, OF_NOW))
    with unit_of_work(run.actor) as session:
        run.checkpoint(session, {"file": newest.name}, done_count=proof.rows, total_count=proof.rows)


@job(WATCH, label=N_("Watch over the backups"), needs=Permission.SYSTEM_OPERATE)
@essential_writes()
def watch(run: JobRun) -> None:
    """Warn those who operate the installation when there has been no backup for two days."""
    with reading(run.actor) as session:
        found = backup_status(session)
    if found.is_late:
        reason = found.attempt.problem if found.attempt is not None else ""
        with unit_of_work(run.actor) as session:
            notify_late(session, reason)
