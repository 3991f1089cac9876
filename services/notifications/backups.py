"""Telling those who operate the installation that backups do not work."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.permissions import Permission
from models.accounts.users import User, UserStatus
from models.notifications import Notification
from services.notifications.kinds import BACKUP_LATE, BACKUP_NOT_COPIED, BACKUP_NOT_PROVEN
from services.notifications.sending import notify

_SEE = {"see_all": "the worker tells those who operate the installation", "synchronize_session": False}


def notify_late(session: Session, problem: str) -> None:
    """Tell that there has been no backup for two days, and why, if that is known."""
    notify(session, BACKUP_LATE, _operators(session), "", reason=problem)


def notify_not_copied(session: Session, file: str, problem: str) -> None:
    """Tell that a backup could not be copied to the second place."""
    notify(session, BACKUP_NOT_COPIED, _operators(session), file, reason=problem)


def notify_not_proven(session: Session, file: str, problem: str) -> None:
    """Tell that the drill of a backup failed."""
    notify(session, BACKUP_NOT_PROVEN, _operators(session), file, reason=problem)


def end_late(session: Session) -> None:
    """Mark the warnings of late backups as read: there is a backup now."""
    unread = update(Notification).where(Notification.kind == BACKUP_LATE.code, Notification.read_at.is_(None))
    session.execute(unread.values(read_at=now()), execution_options=_SEE)


def _operators(session: Session) -> Sequence[str]:
    operates = User.role.in_([role.value for role in Permission.SYSTEM_OPERATE.roles])
    active = (User.status == UserStatus.ACTIVE.value, User.left_at.is_(None))
    return session.scalars(
        select(User.email).where(operates, *active).order_by(User.email), execution_options=_SEE
    ).all()
