"""Findings about the scheduled backups, for ``doctor``."""

from collections.abc import Iterator
from datetime import timedelta

from core.access import command_line
from core.clock import now
from core.database.sessions import reading
from core.i18n import _
from core.settings import MIB, settings
from services.backups.schedule import backups_folder, scheduled_files
from services.backups.status import LATE, PROOF_LATE, Outcome, backup_age_h, backup_status
from services.installation._setting_findings import Finding


def newest_backup_age_h() -> float | None:
    """Return the age of the newest scheduled backup in hours; None without one. Needs no database."""
    files = scheduled_files(backups_folder())
    return backup_age_h(files[-1] if files else None)


def backup_findings() -> Iterator[Finding]:
    """Yield findings about the last backup, its copy and its proof; the database must be at this release's schema."""
    with reading(command_line()) as session:
        status = backup_status(session)
    problem = status.attempt.problem if status.attempt is not None else ""
    if status.last is None:
        yield Finding(
            "warning", "backup", problem or _("none yet: the first one is made when the server or a worker runs")
        )
        return
    facts = {"file": status.last.path.name, "hours": backup_age_h(status.last), "count": status.file_count}
    size = f"{status.last.size_bytes / MIB:,.2f}"
    detail = _("{file}: {hours} hours old, {size} MiB; {count} in all", size=size, **facts)
    is_old = now() - status.last.made_at > LATE
    yield Finding("warning" if is_old or problem else "ok", "backup", f"{detail}. {problem}" if problem else detail)
    yield _finding("backup proof", status.proof, PROOF_LATE)
    if settings().backup_copy:
        yield _finding("backup copy", status.copy, LATE)


def _finding(name: str, outcome: Outcome | None, late: timedelta) -> Finding:
    if outcome is None:
        return Finding("warning", name, _("none yet"))
    at = outcome.at.isoformat(timespec="minutes")
    if outcome.problem:
        return Finding("warning", name, f"{at}: {outcome.problem}")
    level = "warning" if now() - outcome.at > late else "ok"
    return Finding(level, name, _("{file}, {at}", file=outcome.file, at=at))
